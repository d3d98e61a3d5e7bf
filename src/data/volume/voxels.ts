// Bytes of volumes: files unpacked, and numbers of any type and byte order.

import { promisify } from 'node:util';
import { gunzip, unzip } from 'node:zlib';
import { bytesOf } from '../dicom/image.js';
import { DataError, describeError } from '../errors.js';

/** The most bytes that a packed file may become, so that a bomb is refused: 3 GB. */
const most = 3 * 2 ** 30;

const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};

export type NumberType = keyof typeof arrays;

/** A file's bytes, unpacked where it is a gzip. Throws DataError 'missing' or 'image'. */
export async function unpacked(file: string, format: string): Promise<Buffer> {
  const bytes = await bytesOf(file);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipped(bytes, file, format) : bytes;
}

/** A gzip's or zlib stream's content. Throws DataError 'image' where it ends early or grows beyond measure. */
export async function gunzipped(bytes: Uint8Array, file: string, format: string): Promise<Buffer> {
  try {
    return await promisify(bytes[0] === 0x1f ? gunzip : unzip)(bytes, { maxOutputLength: most });
  } catch (error) {
    const { code } = error as { code?: string };
    const why =
      code === 'Z_BUF_ERROR'
        ? 'its packed stream ends early'
        : code === 'ERR_BUFFER_TOO_LARGE'
          ? 'unpacked it would be larger than 3 GB'
          : `its packed stream is broken (${describeError(error)})`;
    throw new DataError('image', `${file} can't be read as ${format}: ${why}.`, { cause: error });
  }
}

/** `count` numbers from the beginning of `bytes`; undefined where there are fewer. */
export function numbersOf(
  bytes: Uint8Array,
  type: NumberType,
  count: number,
  little: boolean,
): Exclude<InstanceType<(typeof arrays)[NumberType]>, BigUint64Array | BigInt64Array> | undefined {
  const Type = arrays[type];
  const each = Type.BYTES_PER_ELEMENT;
  if (bytes.length < count * each) return undefined;
  const swap = !little && each > 1;
  const part = bytes.subarray(0, count * each);
  const own =
    swap || part.byteOffset % each !== 0
      ? Buffer.from(Uint8Array.from(part).buffer)
      : Buffer.from(part.buffer, part.byteOffset, part.length);
  if (swap) {
    if (each === 2) own.swap16();
    else if (each === 4) own.swap32();
    else own.swap64();
  }
  const list = new Type(own.buffer as ArrayBuffer, own.byteOffset, count);
  return list instanceof BigInt64Array || list instanceof BigUint64Array
    ? Float64Array.from(list, Number)
    : list;
}
