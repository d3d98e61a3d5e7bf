// PyTorch's .pth files, zip and legacy: the tensors of a state dict, by name.

import { FileBytes } from './file-bytes.js';
import { TensorRef, type StorageRef } from './pickle-globals.js';
import { UnexpectedEnd, unpickle } from './pickle.js';
import { refuse } from './refuse.js';
import { isShape, sizeOf, type Stored, type WeightsFile } from './stored.js';
import { decode, widths, type Dtype } from './values.js';
import { Zip } from './zip.js';

const dtypes: Record<string, Dtype> = {
  Float: 'F32',
  Double: 'F64',
  Half: 'F16',
  BFloat16: 'BF16',
  Long: 'I64',
  Int: 'I32',
  Short: 'I16',
  Char: 'I8',
  Byte: 'U8',
  Bool: 'BOOL',
};
const width = (s: StorageRef): number => widths[dtypes[s.type]];

/** Where the values of the storages are. */
interface Storages {
  /** Bytes of a storage; undefined where there is none. */
  size(s: StorageRef): number | undefined;
  read(s: StorageRef, from: number, into: Uint8Array): Promise<void>;
}
/** A file that is open: what its pickle says, and its storages. */
interface Opened {
  value: unknown;
  storages: Storages;
  bytes: number;
  close(): Promise<void>;
}

/** Opens a file of torch.save, zip or legacy. */
export async function openTorch(path: string, zip: boolean): Promise<WeightsFile> {
  const { value, storages, bytes, close } = await (zip ? openZip(path) : openLegacy(path));
  try {
    const tensors = new Map<string, Stored>();
    for (const [name, t] of named(value)) tensors.set(name, stored(name, t, storages));
    if (!tensors.size) refuse('it holds no state dict');
    return { format: 'torch', layout: 'torch', tensors, metadata: {}, bytes, checked: false, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openZip(path: string): Promise<Opened> {
  const zip = await Zip.open(path);
  try {
    const names = zip.names();
    const pickle = names.find((n) => n.endsWith('/data.pkl'));
    if (!pickle) return refuse('it holds no state dict');
    const root = pickle.slice(0, -'data.pkl'.length);
    if (names.includes(root + 'constants.pkl') && names.some((n) => n.startsWith(root + 'code/')))
      refuse("it is a TorchScript program, not a state dict; save the network's state_dict() in PyTorch");
    if (names.includes(root + 'byteorder') && String(await zip.read(root + 'byteorder')) !== 'little')
      refuse('its values are stored with the big end first');
    const { value } = unpickle(await zip.read(pickle));
    const storages: Storages = {
      size: (s) => zip.sizeOf(`${root}data/${s.key}`),
      read: (s, from, into) => zip.readPart(`${root}data/${s.key}`, from, into),
    };
    return { value, storages, bytes: zip.size, close: () => zip.close() };
  } catch (error) {
    await zip.close();
    throw error;
  }
}

async function openLegacy(path: string): Promise<Opened> {
  const file = await FileBytes.open(path);
  try {
    const { value, keys, end } = await legacyPickles(file);
    const refs = new Map<string, StorageRef>();
    for (const [, { storage }] of named(value)) refs.set(storage.key, storage);
    const starts = new Map<string, [start: number, bytes: number]>();
    let at = end;
    for (const key of keys) {
      // a storage that no tensor refers to is of a size that nothing says
      const ref = refs.get(key) ?? refuse(`its storage ${key} belongs to no tensor`);
      if (at + 8 > file.size) refuse('it is truncated');
      const size = Number((await file.part(at, 8)).readBigInt64LE()) * width(ref);
      at += 8;
      if (size < 0 || at + size > file.size) refuse('it is truncated');
      starts.set(key, [at, size]);
      at += size;
    }
    const storages: Storages = {
      size: (s) => starts.get(s.key)?.[1],
      read: (s, from, into) => file.read(into, starts.get(s.key)![0] + from),
    };
    return { value, storages, bytes: file.size, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const LEGACY_MAGIC_BYTES = 32;

/** The five pickles in front of a legacy file's values: a magic number, the protocol, the system, the value, the storages' keys. */
async function legacyPickles(file: FileBytes): Promise<{ value: unknown; keys: string[]; end: number }> {
  for (let length = 1 << 20; ; length *= 4)
    try {
      const bytes = await file.part(0, length);
      const magic = unpickle(bytes);
      if (magic.end > LEGACY_MAGIC_BYTES) refuse('it is no file of PyTorch');
      const protocol = unpickle(bytes, magic.end);
      const system = unpickle(bytes, protocol.end);
      const body = unpickle(bytes, system.end);
      const { value: keys, end } = unpickle(bytes, body.end);
      if (!Array.isArray(keys)) return refuse('it is no file of PyTorch');
      return { value: body.value, keys: keys.map(String), end };
    } catch (error) {
      if (!(error instanceof UnexpectedEnd) || length >= file.size) throw error;
    }
}

/** The tensors of dicts within dicts, by their path: `model.conv1.weight`. Each dict is entered once. */
function named(value: unknown): Array<[name: string, tensor: TensorRef]> {
  const found: Array<[string, TensorRef]> = [];
  const seen = new Set<unknown>();
  const waiting: Array<[prefix: string, value: unknown]> = [['', value]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [prefix, dict] = next;
    if (!(dict instanceof Map) || seen.has(dict) || prefix.length > LONGEST_NAME) continue;
    seen.add(dict);
    for (const [key, v] of dict) {
      if (typeof key !== 'string' && typeof key !== 'number') continue;
      if (v instanceof TensorRef) found.push([prefix + key, v]);
      else waiting.push([`${prefix}${key}.`, v]);
    }
  }
  return found;
}
const LONGEST_NAME = 1000;

function stored(name: string, t: TensorRef, storages: Storages): Stored {
  const { storage, shape, stride, offset } = t;
  if (!isShape(shape)) refuse(`${name} has no sensible shape`);
  const size = sizeOf(shape);
  const last = size ? offset + shape.reduce((at, n, i) => at + (n - 1) * stride[i], 0) : offset - 1;
  const bytes = storages.size(storage);
  const needed = (last + 1) * width(storage);
  if (bytes === undefined || stride.length !== shape.length || !(needed <= bytes))
    refuse(`${name} needs more values than are stored`);
  else if (bytes !== storage.elements * width(storage))
    refuse(
      `the storage of ${name} has ${bytes} bytes where its pickle says ${storage.elements * width(storage)}`,
    );
  return {
    shape,
    async read(scratch) {
      const raw = scratch.bytes((last + 1 - offset) * width(storage));
      await storages.read(storage, offset * width(storage), raw);
      const values = decode(dtypes[storage.type], raw, scratch);
      return isDense(shape, stride) ? values : gather(values, shape, stride);
    },
  };
}

function isDense(shape: number[], stride: number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; step *= shape[i--])
    if (shape[i] !== 1 && stride[i] !== step) return false;
  return true;
}

/** The values of a view in another order of axes, as channels-last kernels are. */
function gather(values: Float32Array, shape: number[], stride: number[]): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  let to = 0;
  const along = (axis: number, from: number): void => {
    const [n, step] = [shape[axis], stride[axis]];
    if (axis < shape.length - 1) for (let i = 0; i < n; i++) along(axis + 1, from + i * step);
    else for (let i = 0; i < n; i++) out[to++] = values[from + i * step];
  };
  along(0, 0);
  return out;
}
