// Writes safetensors (a JSON header, then the values), with torch's names and layout.

import type { Precision } from '../../compute/index.js';
import { writeWhole } from '../../files.js';
import { checkRange, narrowed, widthOf } from './narrow.js';
import type { StateDict } from './stored.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export interface WriteOptions {
  /** What the values are kept in. Default: float32. */
  precision?: Precision;
  /** Told of bytes that are about to be written. */
  onBytes?: (bytes: number) => void;
}

const types = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/**
 * Writes tensors and a few facts, one tensor after another; the file appears whole or not at all.
 * @throws ModelError `export` when a value is too large for float16; FileError
 */
export async function writeSafetensors(
  path: string,
  state: StateDict,
  metadata: Record<string, string> = {},
  { precision = 'float32', onBytes }: WriteOptions = {},
): Promise<void> {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: metadata };
  let at = 0;
  for (const [name, { shape }] of state) {
    const bytes = widthOf(precision) * shape.reduce((a, n) => a * n, 1);
    header[name] = { dtype: types[precision], shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = JSON.stringify(header);
  const padding = ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
  const head = Buffer.from(text + padding);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  function* chunks(): Generator<Uint8Array> {
    yield length;
    yield head;
    for (const [name, { data }] of state) {
      if (precision === 'float16') checkRange(name, data);
      const bytes = narrowed(data, precision);
      onBytes?.(bytes.length);
      yield bytes;
    }
  }
  await writeWhole(path, chunks());
}
