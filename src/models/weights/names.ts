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
 * @param options.key prefix of the tensors to take where a file holds more than one network's, in wrappers or not
 */
export function unwrap<T>(tensors: Map<string, T>, { key }: { key?: string } = {}): Map<string, T> {
  if (key === undefined) return bare(tensors);
  const found = within(tensors, key) ?? within(bare(tensors), key);
  return bare(found ?? refuse(`it holds no "${key}"; it holds ${kinds(tensors)}`));
}

function bare<T>(tensors: Map<string, T>): Map<string, T> {
  const inner = wrappers.map((w) => within(tensors, w)).find((found) => found);
  return inner ? bare(inner) : tensors;
}

/**
 * Where a network was part of another module as it was trained (`backbone.`, `encoder_q.`): its tensors without that prefix,
 * and those beside it that have a name of the model's, as a head may.
 * @param own names of the model's parameters
 * @param named gives tensors the model's names, as far as they are known
 */
export function unprefix<T>(
  tensors: Map<string, T>,
  own: { has(name: string): boolean; size: number },
  named: (tensors: Map<string, T>) => Map<string, T>,
): Map<string, T> {
  const known = (found: Map<string, T>): number => [...found.keys()].filter((name) => own.has(name)).length;
  const all = named(tensors);
  const least = Math.max(known(all) + 1, own.size / 2);
  const found = prefixes(tensors, least)
    .map((prefix) => ({ prefix, inner: named(within(tensors, prefix)!) }))
    .filter(({ inner }) => known(inner) >= least);
  if (!found.length) return all;
  const most = Math.max(...found.map(({ inner }) => known(inner)));
  const [best, ...others] = found.filter(({ inner }) => known(inner) === most);
  if (others.length)
    refuse(
      `it holds the network more than once, under ${[best, ...others]
        .map(({ prefix }) => prefix)
        .sort()
        .join(', ')}; key says which to take`,
    );
  const beside = [...all].filter(([name]) => own.has(name));
  return new Map([...beside, ...best.inner]);
}

/** What so many names or more begin with, up to before a dot. */
function prefixes(tensors: Map<string, unknown>, least: number): string[] {
  const counts = new Map<string, number>();
  for (const name of tensors.keys())
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const prefix = name.slice(0, dot);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  return [...counts].flatMap(([prefix, count]) => (count >= least ? prefix : []));
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
