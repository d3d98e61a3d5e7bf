// Our own files of weights: safetensors (a JSON header, then the values), with torch's names and layout.

import { readFile } from 'node:fs/promises';
import { writeWhole } from '../../files.js';
import { ModelError } from '../errors.js';
import type { StateDict } from './torch.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Writes float32 tensors and a few facts; the file appears whole or not at all. */
export async function writeSafetensors(
  path: string,
  state: StateDict,
  metadata: Record<string, string> = {},
): Promise<void> {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: metadata };
  let at = 0;
  for (const [name, { shape, data }] of state) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
  const head = Buffer.from(text);
  const out = Buffer.alloc(8 + head.length + at);
  out.writeBigUInt64LE(BigInt(head.length));
  head.copy(out, 8);
  at = 8 + head.length;
  for (const { data } of state.values()) {
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(out, at);
    at += data.byteLength;
  }
  await writeWhole(path, out);
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
