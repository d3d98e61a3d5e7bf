// What is inside a value: the elements of arrays (in pages), entries of maps, properties of objects, a tensor's
// numbers. Reads without calling the value's code; what needs a call is lazy.
import { inspect, types } from 'node:util';
import type { Page } from './debuggee.js';

export interface Child {
  name: string;
  value?: unknown;
  /** The expression that gives it. */
  path?: string;
  set?: (value: unknown) => void;
  /** Computed only when someone looks. */
  lazy?: Lazy;
}

/** Stands for the one value that `get` gives. */
export class Lazy {
  constructor(readonly get: () => unknown) {}
}

/** A part of an array. */
class Range {
  constructor(
    readonly array: ArrayLike<unknown>,
    readonly start: number,
    readonly end: number,
  ) {}

  [inspect.custom](): string {
    return `${this.end - this.start} elements`;
  }
}

/** An entry of a map. */
class Entry {
  constructor(
    readonly map: Map<unknown, unknown>,
    readonly key: unknown,
    readonly value: unknown,
  ) {}

  [inspect.custom](): string {
    return `${brief(this.key)} => ${brief(this.value)}`;
  }
}

interface Tensor {
  shape: number[];
  dtype: string;
  size: number;
  isDisposed: boolean;
  arraySync(): unknown;
}

/** What every function has. */
const STANDARD: (string | symbol)[] = ['length', 'name', 'prototype', 'arguments', 'caller'];

/** A front end that doesn't ask for pages gets an array in parts of this length. */
const PART = 100;

/** How many children there are by number and by name, as far as it matters whether there are any. */
export function counted(value: unknown): { indexed: number; named: number } {
  // `instanceof` would ask a proxy too
  if (types.isProxy(value)) return { indexed: 0, named: 0 };
  if (value instanceof Range || value instanceof Entry || value instanceof Lazy)
    return { indexed: 0, named: 1 };
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    return { indexed: 0, named: 0 };
  if (isArrayLike(value)) return { indexed: value.length, named: 1 };
  if (types.isMap(value) || types.isSet(value)) return { indexed: 0, named: value.size };
  if (isTensor(value)) return { indexed: 0, named: 1 };
  const keys = Reflect.ownKeys(value);
  const own =
    typeof value === 'function' ? keys.filter((key) => !STANDARD.includes(key)).length : keys.length;
  return {
    indexed: 0,
    named: own > 0 ? own : isUsers(Object.getPrototypeOf(value) as object | null) ? 1 : 0,
  };
}

export function childrenOf(value: unknown, path: string | undefined, page: Page): Child[] {
  // a trap is code that may do anything
  if (types.isProxy(value)) return [];
  if (value instanceof Lazy) return [{ name: 'value', value: value.get(), path }];
  if (value instanceof Range)
    return value.end - value.start > PART
      ? ranges(value, path)
      : elements(value.array, path, value.start, value.end);
  if (value instanceof Entry)
    return [
      { name: 'key', value: value.key },
      { name: 'value', value: value.value, set: (next) => value.map.set(value.key, next) },
    ];
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return [];
  if (isArrayLike(value)) return arrayChildren(value, path, page);
  const children = types.isMap(value)
    ? [...Map.prototype.entries.call(value)].map(([key, one]) => ({
        name: brief(key),
        value: new Entry(value, key, one),
        set: (next: unknown) => value.set(key, next),
      }))
    : types.isSet(value)
      ? [...Set.prototype.values.call(value)].map((one, i) => ({ name: String(i), value: one }))
      : isTensor(value)
        ? tensorChildren(value, path)
        : properties(value, path);
  const { start = 0, count } = page;
  return page.filter === 'indexed' ? [] : children.slice(start, count ? start + count : undefined);
}

function arrayChildren(array: ArrayLike<unknown>, path: string | undefined, page: Page): Child[] {
  const { length } = array;
  const { start = 0, count } = page;
  if (page.filter !== 'named' && (page.filter || page.start || page.count))
    return elements(array, path, start, Math.min(length, count ? start + count : length));
  const others =
    Array.isArray(array) && length <= PART * PART
      ? properties(array, path).filter(({ name }) => !/^\d+$/.test(name) && name !== 'length')
      : [];
  const named = [{ name: 'length', value: length, path: path && `${path}.length` }, ...others];
  if (page.filter === 'named') return named;
  return [
    ...(length > PART ? ranges(new Range(array, 0, length), path) : elements(array, path, 0, length)),
    ...named,
  ];
}

/** Parts of equal length, and at most PART of them. */
function ranges({ array, start, end }: Range, path: string | undefined): Child[] {
  let part = PART;
  while (part * PART < end - start) part *= PART;
  const parts: Child[] = [];
  for (let from = start; from < end; from += part) {
    const to = Math.min(end, from + part);
    parts.push({ name: `[${from}…${to - 1}]`, value: new Range(array, from, to), path });
  }
  return parts;
}

function elements(array: ArrayLike<unknown>, path: string | undefined, start: number, end: number): Child[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => ({
    name: String(start + i),
    value: array[start + i],
    path: path && `${path}[${start + i}]`,
    set: (value: unknown) => {
      (array as unknown[])[start + i] = value;
    },
  }));
}

function properties(object: object, path?: string): Child[] {
  const children: Child[] = [];
  for (
    let at: object | null = object;
    at && (at === object || isUsers(at));
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const own = at === object;
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (children.some(({ name }) => name === key)) continue;
      // of a class, what computes a value
      if (!own && !descriptor.get) continue;
      if (typeof object === 'function' && STANDARD.includes(key)) continue;
      children.push(property(object, key, descriptor, path && `${path}${access(key)}`));
    }
    if (own)
      for (const symbol of Object.getOwnPropertySymbols(at)) {
        const descriptor = Object.getOwnPropertyDescriptor(at, symbol)!;
        children.push(property(object, symbol, descriptor, undefined));
      }
  }
  return children;
}

function property(
  object: object,
  key: string | symbol,
  descriptor: PropertyDescriptor,
  path?: string,
): Child {
  const set = (value: unknown): void => {
    if (!Reflect.set(object, key, value)) throw new TypeError(`${String(key)} can't be changed.`);
  };
  const name = typeof key === 'symbol' ? `[${String(key)}]` : key;
  if (descriptor.get) return { name, path, lazy: new Lazy(() => Reflect.get(object, key) as unknown) };
  const changeable = descriptor.writable || descriptor.set;
  return { name, value: descriptor.value as unknown, path, ...(changeable ? { set } : {}) };
}

function tensorChildren(tensor: Tensor & object, path: string | undefined): Child[] {
  const { dtype, shape, size } = tensor;
  const own = { dtype, shape, size };
  return [
    ...Object.entries(own).map(([name, value]) => ({ name, value, path: path && `${path}.${name}` })),
    ...(tensor.isDisposed
      ? [{ name: 'isDisposed', value: true }]
      : [{ name: 'values', path: path && `${path}.arraySync()`, lazy: new Lazy(() => tensor.arraySync()) }]),
  ];
}

function isTensor(value: object): value is Tensor & object {
  if (types.isProxy(value)) return false;
  const at = (name: string): unknown => {
    for (let object: object | null = value; object; object = Object.getPrototypeOf(object) as object | null) {
      const descriptor = Object.getOwnPropertyDescriptor(object, name);
      if (descriptor) return descriptor.get ?? descriptor.value;
    }
    return undefined;
  };
  return (
    typeof at('arraySync') === 'function' && Array.isArray(at('shape')) && typeof at('dtype') === 'string'
  );
}

const isArrayLike = (value: unknown): value is ArrayLike<unknown> & object =>
  !types.isProxy(value) && (Array.isArray(value) || (types.isTypedArray(value) as boolean));

/** A prototype that a class of the user's or of a package's has, not one of JavaScript's. */
function isUsers(prototype: object | null): boolean {
  if (!prototype || types.isProxy(prototype)) return false;
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  return (
    typeof maker === 'function' && !/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(maker))
  );
}

const access = (key: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;

function brief(value: unknown): string {
  try {
    return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 80, maxArrayLength: 5 });
  } catch {
    return typeof value;
  }
}
