// Traits: what a widget's properties may hold, and how they travel to the front end.
import { inspect } from 'node:util';
import { WidgetError } from './errors.js';
import { Widget, widgetFrom } from './widget.js';

/** One property. `Given` is what may be assigned, `Value` what it then is. */
export interface Trait<Value, Given = Value> {
  /** The value of a new widget that is given none. */
  initial(): Value;
  /** The value to keep; throws a WidgetError that names `where` for what it can't be. */
  check(given: unknown, where: string): Value;
  /** Its name in messages, where that is not its own in snake case. */
  wire?: string;
  /** Not sent to the front end. */
  local?: boolean;
  /** Only for types. */
  given?: (given: Given) => void;
}
// `any` so that traits of every kind fit
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Traits = Record<string, Trait<any, any>>;
export type Values<T extends Traits> = { [K in keyof T]: ReturnType<T[K]['initial']> };
export type Given<T extends Traits> = {
  [K in keyof T]?: Parameters<NonNullable<T[K]['given']>>[0];
};

const refuse = (given: unknown, where: string, what: string): never => {
  const seen = inspect(given, { depth: 1, breakLength: Infinity, maxStringLength: 60 });
  throw new WidgetError('value', `${where} must be ${what}, not ${seen.slice(0, 120)}`);
};

function plain<T>(initial: T, what: string, fits: (given: unknown) => boolean): Trait<T> {
  return {
    initial: () => initial,
    check: (given, where) => (fits(given) ? (given as T) : refuse(given, where, what)),
  };
}

export const text = (initial = ''): Trait<string> => plain(initial, 'a string', (v) => typeof v === 'string');
export const bool = (initial: boolean): Trait<boolean> =>
  plain(initial, 'true or false', (v) => typeof v === 'boolean');
export const int = (initial: number): Trait<number> => plain(initial, 'a whole number', Number.isSafeInteger);
export const float = (initial: number): Trait<number> => plain(initial, 'a finite number', Number.isFinite);
export const choice = <const T extends string>(initial: T, ...others: T[]): Trait<T> => {
  const all = [initial, ...others];
  return plain(initial, `one of ${all.map((each) => inspect(each)).join(', ')}`, (v) => all.includes(v as T));
};

/** Also null, which it is at first. */
export const optional = <V, G>(trait: Trait<V, G>): Trait<V | null, G | null | undefined> => ({
  initial: () => null,
  check: (given, where) => (given === null || given === undefined ? null : trait.check(given, where)),
});

export const list = <V, G>(trait: Trait<V, G>): Trait<readonly V[], readonly G[]> => ({
  initial: () => Object.freeze([]),
  check: (given, where) =>
    Array.isArray(given)
      ? Object.freeze(given.map((each, i) => trait.check(each, `${where}[${i}]`)))
      : refuse(given, where, 'an array'),
});

/** A range. */
export const pair = (
  number: Trait<number>,
  initial: readonly [number, number],
): Trait<readonly [number, number]> => ({
  initial: () => initial,
  check: (given, where) => {
    const fits = Array.isArray(given) && given.length === 2;
    if (!fits) return refuse(given, where, 'an array of two numbers');
    const [low, high] = given.map((each, i) => number.check(each, `${where}[${i}]`));
    if (low > high) return refuse(given, where, 'a range whose first number is not above its second');
    return Object.freeze([low, high] as const);
  },
});

export const bytes = (): Trait<Uint8Array, Uint8Array | ArrayBuffer> => ({
  initial: () => new Uint8Array(),
  check: (given, where) =>
    given instanceof Uint8Array
      ? given
      : given instanceof ArrayBuffer
        ? new Uint8Array(given)
        : refuse(given, where, 'bytes (a Uint8Array)'),
});

/** Anything that JSON can hold. */
export const json = <T>(initial: () => T): Trait<T> => ({ initial, check: (given) => given as T });

/** A style or a layout: a widget of that model, or the traits of one to be made. */
export const part = <T extends Traits>(
  name: string,
): Trait<Widget<Values<T>, Given<T>> & Values<T>, Widget | Given<T>> => ({
  initial: () => widgetFrom(name, {}) as never,
  check: (given, where) => {
    if (given instanceof Widget)
      return given.modelName === name ? (given as never) : refuse(given, where, `a ${name}`);
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      return refuse(given, where, `a ${name} or an object with its properties`);
    return widgetFrom(name, given as Record<string, unknown>) as never;
  },
});

/** A widget. */
export const widget: Trait<Widget> = {
  initial: () => {
    throw new WidgetError('argument', 'A widget is missing.');
  },
  check: (given, where) => (given instanceof Widget ? given : refuse(given, where, 'a widget')),
};

/** Kept here, unknown to the front end. */
export const local = <V, G>(trait: Trait<V, G>): Trait<V, G> => ({ ...trait, local: true });
/** Under a name of its own in messages. */
export const wired = <V, G>(wire: string, trait: Trait<V, G>): Trait<V, G> => ({ ...trait, wire });
