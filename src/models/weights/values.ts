// Stored values of any type as float32.

import { refuse } from './refuse.js';

/** Memory that one read after another is done in. */
export class Scratch {
  private raw = new ArrayBuffer(0);
  private decoded = new ArrayBuffer(0);

  /** Room for a tensor as it is stored. */
  bytes(n: number): Uint8Array {
    if (this.raw.byteLength < n) this.raw = new ArrayBuffer(n);
    return new Uint8Array(this.raw, 0, n);
  }
  /** Room for `n` values. */
  values(n: number): Float32Array {
    if (this.decoded.byteLength < 4 * n) this.decoded = new ArrayBuffer(4 * n);
    return new Float32Array(this.decoded, 0, n);
  }
}

/** Bytes of a value, by safetensors' names of the types. */
export const widths = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type Dtype = keyof typeof widths;
export const isDtype = (v: unknown): v is Dtype => typeof v === 'string' && Object.hasOwn(widths, v);

const arrays = {
  F64: Float64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/**
 * Little-endian values as float32.
 * @param bytes from `scratch.bytes`, so that they are aligned
 */
export function decode(dtype: Dtype, bytes: Uint8Array, scratch: Scratch): Float32Array {
  const n = bytes.length / widths[dtype];
  if (!Number.isInteger(n)) refuse('a tensor ends within a value');
  const at = [bytes.buffer as ArrayBuffer, bytes.byteOffset, n] as const;
  if (dtype === 'F32') return new Float32Array(...at);
  const out = scratch.values(n);
  switch (dtype) {
    case 'F16': {
      const halves = new Uint16Array(...at);
      const table = (halfTable ??= makeHalfTable());
      for (let i = 0; i < n; i++) out[i] = table[halves[i]];
      break;
    }
    case 'BF16': {
      const upper = new Uint16Array(...at);
      const bits = new Uint32Array(out.buffer, out.byteOffset, n);
      for (let i = 0; i < n; i++) bits[i] = upper[i] << 16;
      break;
    }
    case 'I64':
    case 'U64': {
      const long = dtype === 'I64' ? new BigInt64Array(...at) : new BigUint64Array(...at);
      for (let i = 0; i < n; i++) out[i] = Number(long[i]);
      break;
    }
    default:
      out.set(new arrays[dtype](...at));
  }
  return out;
}

let halfTable: Float32Array | undefined;

/** The value of every half precision number. */
function makeHalfTable(): Float32Array {
  return Float32Array.from({ length: 65536 }, (_, h) => {
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    const v =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? NaN
            : Infinity
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return h & 0x8000 ? -v : v;
  });
}
