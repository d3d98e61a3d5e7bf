// Our own files of weights: safetensors (a JSON header, then the values), with torch's names and layout.

import { readFile } from 'node:fs/promises';
import type { Precision } from '../../compute/index.js';
import { writeWhole } from '../../files.js';
import { ModelError } from '../errors.js';
import { checkRange, narrowed, widthOf } from './narrow.js';
import type { StateDict } from './torch.js';

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

/**
 * Reads a safetensors file of float32 tensors.
 * @throws ModelError `weights` when it is damaged or of another kind
 */
export async function readSafetensors(
  path: string,
): Promise<{ state: StateDict; metadata: Record<string, string> }> {
  const bytes = await readFile(path).catch((e: NodeJS.ErrnoException) => {
    throw new ModelError('weights', `The weights file ${path} can't be read: ${e.code}.`, { cause: e });
  });
  const refuse = (why: string): never => {
    throw new ModelError('weights', `The weights file ${path} was refused: ${why}.`);
  };
  const length = bytes.length >= 8 ? Number(bytes.readBigUInt64LE()) : 0;
  if (length < 2 || 8 + length > bytes.length) refuse('its header does not fit into it');
  let header: Record<string, Entry>;
  try {
    header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, Entry>;
  } catch {
    return refuse('its header is no JSON');
  }
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, Entry> & {
    __metadata__?: Record<string, string>;
  };
  const state: StateDict = new Map();
  const spans: Array<[number, number]> = [];
  for (const [name, entry] of Object.entries(entries as Record<string, Entry>)) {
    const { dtype, shape, data_offsets: span } = entry;
    if (dtype !== 'F32') refuse(`${name} is of type ${dtype}; this version reads F32`);
    const whole = (v: unknown): boolean =>
      Array.isArray(v) && v.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!whole(shape) || !whole(span) || span.length !== 2) refuse(`the entry of ${name} is malformed`);
    const size = 4 * shape.reduce((a, b) => a * b, 1);
    if (span[1] - span[0] !== size || 8 + length + span[1] > bytes.length)
      refuse(`${name} does not fit into it`);
    spans.push(span);
    const from = bytes.byteOffset + 8 + length + span[0];
    state.set(name, { shape, data: new Float32Array(bytes.buffer.slice(from, from + size)) });
  }
  spans.sort((a, b) => a[0] - b[0]);
  if (spans.some((s, i) => i && s[0] < spans[i - 1][1])) refuse('its tensors overlap');
  return { state, metadata: metadata as unknown as Record<string, string> };
}
