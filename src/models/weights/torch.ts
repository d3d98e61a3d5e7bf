// PyTorch's .pth files, zip and legacy: the tensors of a state dict, by name.

import { readFile } from 'node:fs/promises';
import yauzl from 'yauzl';
import { ModelError } from '../errors.js';
import { isTensorRef, unpickle, type StorageRef, type TensorRef } from './pickle.js';

/** A tensor in PyTorch's layout, row-major. */
export interface StateTensor {
  shape: number[];
  data: Float32Array;
}
export type StateDict = Map<string, StateTensor>;

const bytesPer: Record<string, number> = {
  Float: 4,
  Double: 8,
  Half: 2,
  BFloat16: 2,
  Long: 8,
  Int: 4,
  Short: 2,
  Char: 1,
  Byte: 1,
  Bool: 1,
};
// a state dict of the largest network of the field fits well within
const limit = 4e9;

/**
 * Reads a state dict. Wrappers (`state_dict`, `model`) and the prefix `module.` are taken off.
 * @throws ModelError `weights` when the file is damaged or wants anything that a state dict doesn't need
 */
export async function readTorch(path: string): Promise<StateDict> {
  const bytes = await readFile(path).catch((e: NodeJS.ErrnoException) => {
    throw new ModelError('weights', `The weights file ${path} can't be read: ${e.code}.`, { cause: e });
  });
  try {
    const zip = bytes.length > 4 && bytes.readUInt32LE(0) === 0x04034b50;
    return zip ? await readZip(path) : readLegacy(bytes);
  } catch (error) {
    if (error instanceof ModelError)
      throw new ModelError(error.code, error.message.replace('The weights file', `The weights file ${path}`));
    throw new ModelError('weights', `The weights file ${path} is damaged: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function readZip(path: string): Promise<StateDict> {
  const members = new Map<string, Uint8Array>();
  const file = await new Promise<yauzl.ZipFile>((done, fail) =>
    yauzl.open(path, { lazyEntries: true, autoClose: true }, (e, z) => (e ? fail(e) : done(z))),
  );
  let total = 0;
  await new Promise<void>((done, fail) => {
    file.on('error', fail);
    file.on('end', done);
    file.on('entry', (entry: yauzl.Entry) => {
      total += entry.uncompressedSize;
      if (total > limit)
        return fail(
          new ModelError(
            'weights',
            `The weights file was refused: it would unpack to more than ${limit / 1e9} GB.`,
          ),
        );
      // PyTorch stores its values as they are; what swells a hundredfold is no weights
      if (entry.uncompressedSize > 1e6 && entry.uncompressedSize > 100 * entry.compressedSize)
        return fail(
          new ModelError(
            'weights',
            `The weights file was refused: ${entry.fileName} would swell from ${entry.compressedSize} to ${entry.uncompressedSize} bytes.`,
          ),
        );
      file.openReadStream(entry, (error, stream) => {
        if (error) return fail(error);
        const chunks: Buffer[] = [];
        stream.on('data', (c: Buffer) => chunks.push(c));
        stream.on('error', fail);
        stream.on('end', () => {
          members.set(entry.fileName, Buffer.concat(chunks));
          file.readEntry();
        });
      });
    });
    file.readEntry();
  });
  const pickle = [...members.keys()].find((n) => n.endsWith('/data.pkl'));
  if (!pickle) throw new ModelError('weights', 'The weights file holds no state dict.');
  const root = pickle.slice(0, -'data.pkl'.length);
  if (members.has(root + 'constants.pkl') && [...members.keys()].some((n) => n.startsWith(root + 'code/')))
    throw new ModelError(
      'weights',
      'The weights file was refused: it is a TorchScript program; save its state_dict() instead.',
    );
  return collect(unpickle(members.get(pickle)!).value, (s) => members.get(`${root}data/${s.key}`));
}

function readLegacy(bytes: Buffer): StateDict {
  const header = unpickle(bytes, 0);
  if (header.end > 32) throw new ModelError('weights', 'The weights file is no PyTorch file.');
  let at = unpickle(bytes, header.end).end; // protocol version
  at = unpickle(bytes, at).end; // system facts
  const body = unpickle(bytes, at);
  const keys = unpickle(bytes, body.end);
  if (!Array.isArray(keys.value)) throw new ModelError('weights', 'The weights file is no PyTorch file.');
  const types = new Map<string, StorageRef>();
  walk(body.value, (t) => types.set(t.storage.key, t.storage));
  const data = new Map<string, Uint8Array>();
  at = keys.end;
  for (const key of keys.value as string[]) {
    const type = types.get(String(key))?.type;
    if (at + 8 > bytes.length) throw new ModelError('weights', 'The weights file is truncated.');
    const elements = Number(bytes.readBigInt64LE(at));
    const size = elements * (type ? bytesPer[type] : 4);
    at += 8;
    if (elements < 0 || at + size > bytes.length)
      throw new ModelError('weights', 'The weights file is truncated.');
    data.set(String(key), bytes.subarray(at, at + size));
    at += size;
  }
  return collect(body.value, (s) => data.get(s.key));
}

function walk(value: unknown, visit: (t: TensorRef) => void): void {
  if (isTensorRef(value)) visit(value);
  else if (value instanceof Map) for (const v of value.values()) walk(v, visit);
  else if (Array.isArray(value)) for (const v of value) walk(v, visit);
}

function collect(value: unknown, bytesOf: (s: StorageRef) => Uint8Array | undefined): StateDict {
  let dict = value;
  for (const wrapper of ['state_dict', 'model', 'model_state_dict'])
    if (dict instanceof Map && dict.get(wrapper) instanceof Map) dict = dict.get(wrapper);
  if (!(dict instanceof Map)) throw new ModelError('weights', 'The weights file holds no state dict.');
  const out: StateDict = new Map();
  for (const [name, t] of dict)
    if (typeof name === 'string' && isTensorRef(t))
      out.set(name.replace(/^module\./, ''), toTensor(name, t, bytesOf(t.storage)));
  if (!out.size) throw new ModelError('weights', 'The weights file holds no tensors.');
  return out;
}

function toTensor(name: string, t: TensorRef, raw: Uint8Array | undefined): StateTensor {
  const width = bytesPer[t.storage.type];
  const size = t.shape.reduce((a, b) => a * b, 1);
  const last = size ? t.offset + t.shape.reduce((a, n, i) => a + (n - 1) * (t.stride[i] ?? 0), 0) : 0;
  if (!raw || t.stride.length !== t.shape.length || (size && (last + 1) * width > raw.length))
    throw new ModelError(
      'weights',
      `The weights file was refused: ${name} needs more values than are stored.`,
    );
  const all = decode(t.storage.type, raw);
  const data = new Float32Array(size);
  const dense = t.shape.map((_, i) => t.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  if (dense.every((d, i) => d === t.stride[i] || t.shape[i] === 1))
    data.set(all.subarray(t.offset, t.offset + size));
  else
    for (let i = 0; i < size; i++) {
      let at = t.offset;
      let step = i;
      for (let d = 0; d < dense.length; d++) {
        at += Math.floor(step / dense[d]) * t.stride[d];
        step %= dense[d];
      }
      data[i] = all[at];
    }
  return { shape: t.shape, data };
}

function decode(type: string, raw: Uint8Array): Float32Array {
  const b = new Uint8Array(raw).buffer; // a copy, aligned
  const whole = Math.floor(raw.length / bytesPer[type]);
  switch (type) {
    case 'Float':
      return new Float32Array(b, 0, whole);
    case 'Double':
      return Float32Array.from(new Float64Array(b, 0, whole));
    case 'BFloat16': {
      const u = new Uint16Array(b, 0, whole);
      const out = new Uint32Array(whole);
      for (let i = 0; i < whole; i++) out[i] = u[i] << 16;
      return new Float32Array(out.buffer);
    }
    case 'Half':
      return Float32Array.from(new Uint16Array(b, 0, whole), half);
    case 'Long':
      return Float32Array.from(new BigInt64Array(b, 0, whole), Number);
    case 'Int':
      return Float32Array.from(new Int32Array(b, 0, whole));
    case 'Short':
      return Float32Array.from(new Int16Array(b, 0, whole));
    case 'Char':
      return Float32Array.from(new Int8Array(b));
    default:
      return Float32Array.from(new Uint8Array(b));
  }
}

function half(h: number): number {
  const e = (h >> 10) & 31;
  const f = h & 1023;
  const v = e === 0 ? f * 2 ** -24 : e === 31 ? (f ? NaN : Infinity) : (1 + f / 1024) * 2 ** (e - 15);
  return h & 0x8000 ? -v : v;
}
