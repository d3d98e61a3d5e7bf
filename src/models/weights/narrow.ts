// float32 as float16 and bfloat16, rounded to the nearest, to the even one of two.

import type { Precision } from '../../compute/index.js';
import { ModelError } from '../errors.js';

/** Bytes of a value. */
export const widthOf = (precision: Precision): number => (precision === 'float32' ? 4 : 2);

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);
const INFINITY = 0x7f800000;
/** The least float32 that is a float16 with all bits of its mantissa, 2⁻¹⁴, and how much larger the exponent of float32 is. */
const NORMAL = 0x38800000;
const EXPONENT = 0x38000000;
/** Where rounding gives infinity, 65,520. */
const TOO_LARGE = 0x477ff000;

/** Bits of the float32 with those of `value`, rounded to those before the last `n`; the last ones go. */
const rounded = (value: number, n: number): number =>
  (value + (1 << (n - 1)) - 1 + ((value >>> n) & 1)) >>> n;

function half(value: number): number {
  const sign = (value >>> 16) & 0x8000;
  const size = value & 0x7fffffff;
  if (size > INFINITY) return sign | 0x7e00;
  if (size >= TOO_LARGE) return sign | 0x7c00;
  if (size >= NORMAL) return sign | rounded(size - EXPONENT, 13);
  // beside 0.5 the last bit of a float32 is worth 2⁻²⁴, as is that of a small float16
  bits[0] = size;
  number[0] += 0.5;
  return sign | (bits[0] - 0x3f000000);
}

const brain = (value: number): number =>
  (value & 0x7fffffff) > INFINITY ? (value >>> 16) | 0x40 : rounded(value, 16) & 0xffff;

/** Values as the bytes of another precision. */
export function narrowed(values: Float32Array, precision: Precision): Uint8Array {
  if (precision === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const given = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  const convert = precision === 'float16' ? half : brain;
  for (let i = 0; i < out.length; i++) out[i] = convert(given[i]);
  return new Uint8Array(out.buffer);
}

/** @throws ModelError `export` where a finite value would be infinite as float16 */
export function checkRange(name: string, values: Float32Array): void {
  const large = values.find((v) => Math.abs(v) >= 65_520 && Number.isFinite(v));
  if (large !== undefined)
    throw new ModelError(
      'export',
      `${name} has a value of ${large}, and float16 ends at 65,504. Use float32.`,
    );
}
