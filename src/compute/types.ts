// TensorFlow's types of tensors and tfjs-node's kinds of attributes, by number.

/** TF_DataType */
export const TF = {
  FLOAT: 1,
  INT32: 3,
  UINT8: 4,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  RESOURCE: 20,
} as const;
/** Bytes of an element; strings are TF_TString cells. */
export const width: Record<number, number> = {
  [TF.FLOAT]: 4,
  [TF.INT32]: 4,
  [TF.UINT8]: 1,
  [TF.STRING]: 24,
  [TF.COMPLEX64]: 8,
  [TF.INT64]: 8,
  [TF.BOOL]: 1,
};
export const typeName = (dtype: number): string =>
  Object.entries(TF)
    .find(([, v]) => v === dtype)?.[0]
    .toLowerCase() ?? String(dtype);
/** Kinds of attributes, as tfjs-node numbers them. */
export const ATTR = { STRING: 0, INT: 1, FLOAT: 2, BOOL: 3, TYPE: 4, SHAPE: 5, RESOURCE: 6 } as const;

/** Values as the bytes of a tensor. */
export function bytesOf(values: unknown, dtype: number): Uint8Array {
  let a: ArrayBufferView;
  if (dtype === TF.FLOAT || dtype === TF.COMPLEX64)
    a = values instanceof Float32Array ? values : Float32Array.from(values as number[]);
  else if (dtype === TF.INT32)
    a = values instanceof Int32Array ? values : Int32Array.from(values as number[]);
  else if (dtype === TF.INT64)
    a =
      values instanceof BigInt64Array || values instanceof Int32Array // pairs of halves, as tfjs-node gives them
        ? values
        : BigInt64Array.from(values as number[], (v) => BigInt(Math.trunc(v)));
  else a = values instanceof Uint8Array ? values : Uint8Array.from(values as number[], Number);
  return new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
}
