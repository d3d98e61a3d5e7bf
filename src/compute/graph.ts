// TensorFlow's C API for graphs and functions, and what an op's definition says of its inputs.

import koffi from 'koffi';

type Pointer = unknown;
type Call = (...args: unknown[]) => unknown;

koffi.struct('TF_Output', { oper: 'void*', index: 'int' });
koffi.struct('TF_Buffer', { data: 'void*', length: 'size_t', deallocator: 'void*' });

/** An op's result within a graph. */
export interface Output {
  oper: Pointer;
  index: number;
}

export type GraphApi = ReturnType<typeof graphSignatures>;

export interface GraphContext {
  api: GraphApi;
  status: Pointer;
  /** TensorFlow's eager context, to which functions are added. */
  context: Pointer;
  /** Throws what the last call left in the status. */
  check: (where: string) => void;
}

export function graphSignatures(f: (signature: string) => Call) {
  return {
    create: f('void* TF_NewGraph()'),
    dispose: f('void TF_DeleteGraph(void*)'),
    operation: f('void* TF_NewOperation(void*, str, str)'),
    finish: f('void* TF_FinishOperation(void*, void*)'),
    input: f('void TF_AddInput(void*, TF_Output)'),
    inputs: f('void TF_AddInputList(void*, TF_Output*, int)'),
    after: f('void TF_AddControlInput(void*, void*)'),
    string: f('void TF_SetAttrString(void*, str, void*, size_t)'),
    int: f('void TF_SetAttrInt(void*, str, int64)'),
    float: f('void TF_SetAttrFloat(void*, str, float)'),
    bool: f('void TF_SetAttrBool(void*, str, uchar)'),
    type: f('void TF_SetAttrType(void*, str, int)'),
    shape: f('void TF_SetAttrShape(void*, str, void*, int)'),
    ints: f('void TF_SetAttrIntList(void*, str, void*, int)'),
    floats: f('void TF_SetAttrFloatList(void*, str, void*, int)'),
    types: f('void TF_SetAttrTypeList(void*, str, void*, int)'),
    tensor: f('void TF_SetAttrTensor(void*, str, void*, void*)'),
    definition: f('void TF_GraphGetOpDef(void*, str, TF_Buffer*, void*)'),
    newBuffer: f('TF_Buffer* TF_NewBuffer()'),
    deleteBuffer: f('void TF_DeleteBuffer(TF_Buffer*)'),
    rank: f('int TF_GraphGetTensorNumDims(void*, TF_Output, void*)'),
    setShape: f('void TF_GraphSetTensorShape(void*, TF_Output, void*, int, void*)'),
    dims: f('void TF_GraphGetTensorShape(void*, TF_Output, void*, int, void*)'),
    outputs: f('int TF_OperationNumOutputs(void*)'),
    outputType: f('int TF_OperationOutputType(TF_Output)'),
    toFunction: f(
      'void* TF_GraphToFunctionWithControlOutputs(void*, str, uchar, int, void*, int, TF_Output*, int, TF_Output*, void*, int, void*, void*, void*, str, void*)',
    ),
    deleteFunction: f('void TF_DeleteFunction(void*)'),
    addFunction: f('void TFE_ContextAddFunction(void*, void*, void*)'),
    removeFunction: f('void TFE_ContextRemoveFunction(void*, str, void*)'),
  };
}

/** How an op takes one of its inputs: a tensor, or a list whose length an attribute gives. */
export interface InputKind {
  /** The attribute with the number of tensors, or with their types. */
  list?: string;
}

/** Fields of a protobuf message: number and value, a BigInt for a varint. */
export function* fields(bytes: Uint8Array): Generator<[field: number, value: Uint8Array | bigint]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = bytes[at++];
      value |= BigInt(b & 127) << shift;
      if (b < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) yield [key >> 3, varint()];
    else if ((key & 7) === 2) {
      const n = Number(varint());
      yield [key >> 3, bytes.subarray(at, (at += n))];
    } else at += (key & 7) === 1 ? 8 : 4;
  }
}

const text = new TextDecoder();

/** The inputs of an op, out of a serialized OpDef: field 2 input_arg, of which 5 is number_attr and 6 type_list_attr. */
export function inputKinds(opDef: Uint8Array): InputKind[] {
  const kinds: InputKind[] = [];
  for (const [field, argument] of fields(opDef)) {
    if (field !== 2) continue;
    const kind: InputKind = {};
    for (const [part, value] of fields(argument as Uint8Array))
      if (part === 5 || part === 6) kind.list = text.decode(value as Uint8Array);
    kinds.push(kind);
  }
  return kinds;
}
