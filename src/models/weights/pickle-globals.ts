// What a pickle of weights may name: what builds tensors, plain containers, and a few values of training runs that stay inert.

import { refuse } from './refuse.js';

/** A name that the pickle refers to, kept as a name. */
export class Global {
  constructor(readonly name: string) {}
}
/** Something a checkpoint holds beside its tensors (a dtype, a device, a run's arguments), of which nothing is kept. */
export class Inert {}

/** A tensor's storage, referred to by the pickle and stored beside it. */
export interface StorageRef {
  key: string;
  type: string;
  elements: number;
}
const isStorage = (v: unknown): v is StorageRef => typeof v === 'object' && v !== null && 'elements' in v;

/** A view of a storage. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: number[],
    readonly stride: number[],
  ) {}
}

function counts(v: unknown): number[] {
  if (Array.isArray(v) && v.length <= 32 && v.every((n) => Number.isSafeInteger(n) && n >= 0)) return v;
  return refuse('a tensor has no sensible shape');
}
function rebuildTensor([storage, offset, shape, stride]: unknown[]): TensorRef {
  if (!isStorage(storage)) return refuse('a tensor has no storage');
  return new TensorRef(storage, counts([offset])[0], counts(shape), counts(stride));
}
function orderedDict([items]: unknown[]): Map<unknown, unknown> {
  const pairs = Array.isArray(items) ? items : [];
  if (!pairs.every((p) => Array.isArray(p) && p.length === 2)) refuse('its pickle is malformed');
  return new Map(pairs as Array<[unknown, unknown]>);
}
const inert = (): Inert => new Inert();

// everything that may be called; what a state dict doesn't need isn't here
const callable = new Map<string, (args: unknown[]) => unknown>([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', ([data]) => data],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => data],
  ['torch.Size', ([sizes]) => sizes],
  ['collections.defaultdict', () => new Map()],
  ['collections.Counter', () => new Map()],
  ...['__builtin__', 'builtins'].flatMap((module) =>
    ['set', 'frozenset', 'bytearray'].map((kind) => [`${module}.${kind}`, inert] as const),
  ),
  ['torch.device', inert],
  ['argparse.Namespace', inert],
  ['numpy.core.multiarray.scalar', inert],
  ['numpy._core.multiarray.scalar', inert],
  ['numpy.core.multiarray._reconstruct', inert],
  ['numpy._core.multiarray._reconstruct', inert],
  ['numpy.dtype', inert],
  ['_codecs.encode', inert],
  ['datetime.datetime', inert],
  ['datetime.timedelta', inert],
  ...['pathlib', 'pathlib._local'].flatMap((module) =>
    ['PosixPath', 'WindowsPath'].map((kind) => [`${module}.${kind}`, inert] as const),
  ),
]);
/** What may be an argument of these. */
const named = /^(numpy\.ndarray|(__builtin__|builtins)\.(int|float|bool|str|list|dict))$/;

const storageName = /^torch\.(Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage$/;
const dtypeName = /^torch\.(float|bfloat|int|uint|complex)\d+$|^torch\.bool$/;

export function global(module: unknown, name: unknown): Global {
  if (typeof module !== 'string' || typeof name !== 'string') return refuse('its pickle is malformed');
  const full = `${module}.${name}`;
  if (!callable.has(full) && !storageName.test(full) && !dtypeName.test(full) && !named.test(full))
    refuse(
      `it wants to use ${full.slice(0, 80)}, which no state dict needs; it may try to run code (of a network that was saved whole, save its state_dict())`,
    );
  return new Global(full);
}

export function call(fn: unknown, args: unknown): unknown {
  const known = fn instanceof Global ? callable.get(fn.name) : undefined;
  if (!known || !Array.isArray(args)) return refuse('it wants to call something that is not allowed');
  return known(args);
}

/** A persistent id: `('storage', type, key, device, elements)`. */
export function storage(id: unknown): StorageRef {
  const [kind, type, key, , elements, view] = Array.isArray(id) ? (id as unknown[]) : [];
  const name = type instanceof Global ? storageName.exec(type.name)?.[1] : undefined;
  const known = typeof key === 'string' || typeof key === 'number';
  const count = Number.isSafeInteger(elements) && (elements as number) >= 0;
  if (kind !== 'storage' || !name || !known || !count || (view !== undefined && view !== null))
    return refuse('it refers to something that is no tensor storage');
  return { key: String(key), type: name, elements: elements as number };
}
