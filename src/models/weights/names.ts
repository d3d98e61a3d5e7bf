// Names of a file's tensors: wrappers that training puts around a network are taken off, and layers renamed.

import { refuse } from './refuse.js';

/** Prefixes of a network's own tensors, averaged weights last; what a file holds beside them (an optimizer's state) is left. */
const wrappers = [
  'state_dict',
  'model_state_dict',
  'model',
  'module',
  '_orig_mod',
  'model_ema',
  'state_dict_ema',
  'ema_state_dict',
  'ema_model',
  'ema',
];

/**
 * The tensors of the network that a file is about, without wrappers.
 * @param options.key prefix of the tensors to take where a file holds more than one network's
 */
export function unwrap<T>(tensors: Map<string, T>, { key }: { key?: string } = {}): Map<string, T> {
  let out = tensors;
  if (key !== undefined)
    out = within(tensors, key) ?? refuse(`it holds no "${key}"; it holds ${kinds(tensors)}`);
  for (;;) {
    const inner = wrappers.map((w) => within(out, w)).find((found) => found);
    if (!inner) return out;
    out = inner;
  }
}

/** What lies under a prefix, by the rest of the name; undefined where there is nothing. */
function within<T>(tensors: Map<string, T>, wrapper: string): Map<string, T> | undefined {
  const prefix = wrapper + '.';
  const inner = [...tensors].filter(([name]) => name.startsWith(prefix));
  return inner.length ? new Map(inner.map(([name, t]) => [name.slice(prefix.length), t])) : undefined;
}

function kinds(tensors: Map<string, unknown>): string {
  const first = [...new Set([...tensors.keys()].map((name) => name.split('.')[0]))];
  return first.slice(0, 10).join(', ') + (first.length > 10 ? ', …' : '');
}

/** New names: a function, or prefixes and what takes their place. What becomes `null` is left out. */
export type Renaming = ((name: string) => string | null | undefined) | Record<string, string | null>;

/** Renames tensors; of several prefixes that fit, the longest is replaced. */
export function rename<T>(tensors: Map<string, T>, map: Renaming): Map<string, T> {
  const to = typeof map === 'function' ? map : byPrefix(map);
  const out = new Map<string, T>();
  const from = new Map<string, string>();
  for (const [name, t] of tensors) {
    const other = to(name) ?? undefined;
    if (other === undefined) continue;
    if (out.has(other)) refuse(`${from.get(other)} and ${name} would both become ${other}`);
    out.set(other, t);
    from.set(other, name);
  }
  return out;
}

function byPrefix(map: Record<string, string | null>): (name: string) => string | null {
  const prefixes = Object.keys(map).sort((a, b) => b.length - a.length);
  return (name) => {
    const prefix = prefixes.find((p) => name.startsWith(p));
    if (prefix === undefined) return name;
    const to = map[prefix];
    return to === null ? null : to + name.slice(prefix.length);
  };
}
