// What must hold between the traits of one widget; values are mended where ipywidgets mends them.
import { inspect } from 'node:util';
import { WidgetError } from './errors.js';
import { same, type Json } from './state.js';

type Rule = (next: Json, changed: ReadonlySet<string>, name: string) => void;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function limits(next: Json, name: string): [number, number] {
  const { min, max } = next as { min: number; max: number };
  if (min > max)
    throw new WidgetError(
      'value',
      `${name}.min (${min}) is above its max (${max}); to move both, give both to set({ min, max }).`,
    );
  return [min, max];
}

export const bounded: Rule = (next, _, name) => {
  next.value = clamp(next.value as number, ...limits(next, name));
};

export const rangeBounded: Rule = (next, _, name) => {
  const [min, max] = limits(next, name);
  const [low, high] = next.value as [number, number];
  next.value = Object.freeze([clamp(low, min, max), clamp(high, min, max)]);
};

export const logBounded: Rule = (next, _, name) => {
  const [min, max] = limits(next, name);
  const base = next.base as number;
  if (!(base > 1)) throw new WidgetError('value', `${name}.base must be above 1, not ${base}.`);
  next.value = clamp(next.value as number, base ** min, base ** max);
};

export const bordered: Rule = (next, changed) => {
  if (!changed.has('border')) return;
  for (const side of ['Top', 'Right', 'Bottom', 'Left'])
    if (!changed.has(`border${side}`)) next[`border${side}`] = next.border;
};

/** `[label, value]` for each option. */
export function entriesOf(options: unknown, name: string): [string, unknown][] {
  if (options instanceof Map) return [...options].map(([label, value]) => [String(label), value]);
  if (Array.isArray(options)) {
    const labelled = options.every((each) => Array.isArray(each) && each.length === 2);
    return options.map((each: unknown) =>
      labelled ? [String((each as unknown[])[0]), (each as unknown[])[1]] : [labelOf(each), each],
    );
  }
  if (typeof options === 'object' && options !== null) return Object.entries(options);
  throw new WidgetError(
    'value',
    `${name}.options must be an array, an object or a Map from label to value, not ${inspect(options)}.`,
  );
}

const labelOf = (value: unknown): string => (typeof value === 'object' ? inspect(value) : String(value));

const missing = (name: string, what: string, given: unknown, entries: [string, unknown][]): WidgetError => {
  const some = entries.slice(0, 8).map(([label]) => label);
  const there = entries.length ? `${some.join(', ')}${entries.length > 8 ? ', …' : ''}` : 'empty';
  return new WidgetError('value', `${name}.${what} ${inspect(given)} is not among its options (${there}).`);
};

const position = (entries: [string, unknown][], by: 0 | 1, wanted: unknown): number =>
  entries.findIndex((entry) => same(entry[by], wanted));

/** One of the options, or none: value, label and index say the same. */
export const chosen: Rule = (next, changed, name) => {
  const entries = entriesOf(next.options, name);
  next.optionsLabels = Object.freeze(entries.map(([label]) => label));
  const find = (what: 'value' | 'label'): number | null => {
    const given = next[what];
    if (given === null) return null;
    const at = position(entries, what === 'value' ? 1 : 0, given);
    if (at < 0) throw missing(name, what, given, entries);
    return at;
  };
  if (changed.has('index')) {
    const index = next.index as number | null;
    if (index !== null && !entries[index]) throw missing(name, 'index', index, entries);
  } else if (changed.has('value')) next.index = find('value');
  else if (changed.has('label')) next.index = find('label');
  else if (changed.has('options')) {
    // what was chosen stays so where it is still there
    const at = next.value === null ? -1 : position(entries, 1, next.value);
    next.index = at >= 0 ? at : entries.length ? 0 : null;
  }
  const entry = next.index === null ? undefined : entries[next.index as number];
  next.label = entry ? entry[0] : null;
  next.value = entry ? entry[1] : null;
};

/** Any number of the options. */
export const chosenMany: Rule = (next, changed, name) => {
  const entries = entriesOf(next.options, name);
  next.optionsLabels = Object.freeze(entries.map(([label]) => label));
  const find = (what: 'value' | 'label'): number[] => {
    const given = next[what];
    if (!Array.isArray(given))
      throw new WidgetError('value', `${name}.${what} must be an array, not ${inspect(given)}.`);
    return given.map((each: unknown) => {
      const at = position(entries, what === 'value' ? 1 : 0, each);
      if (at < 0) throw missing(name, what, each, entries);
      return at;
    });
  };
  if (changed.has('index')) {
    const bad = (next.index as number[]).find((index) => !entries[index]);
    if (bad !== undefined) throw missing(name, 'index', bad, entries);
  } else if (changed.has('value')) next.index = find('value');
  else if (changed.has('label')) next.index = find('label');
  else if (changed.has('options'))
    next.index = (next.value as unknown[]).map((each) => position(entries, 1, each)).filter((at) => at >= 0);
  next.index = Object.freeze(next.index);
  next.label = Object.freeze((next.index as number[]).map((index) => entries[index][0]));
  next.value = Object.freeze((next.index as number[]).map((index) => entries[index][1]));
};

/** An open page must be there; a Tab shows its first unless told otherwise. */
export const shown: Rule = (next, changed, name) => {
  const { length } = next.children as unknown[];
  const index = next.selectedIndex as number | null;
  if (index !== null && (index < 0 || index >= length)) {
    if (changed.has('selectedIndex'))
      throw new WidgetError('value', `${name}.selectedIndex ${index} is none of its ${length} children.`);
    next.selectedIndex = length ? length - 1 : null;
  } else if (index === null && name === 'Tab' && length && changed.has('children')) next.selectedIndex = 0;
};
