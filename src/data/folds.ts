// Folds: a data set split again and again, so that each patient, or each source, is held out once.

import { valueOf, type Column, type Dataset, type Row } from './dataset.js';
import { DataError, someOf } from './errors.js';
import { random } from './random.js';
import { splitByPatient } from './split.js';

export interface FoldOptions {
  /** Number of folds. Default 5. */
  k?: number;
  seed?: number;
  /** What stays together, beside a patient's images: 'patient' (default), or a column such as 'source'. */
  by?: Column;
  /** Keep the classes' shares of images in every fold, as far as the groups allow. Default true. */
  stratify?: boolean;
}

/**
 * `k` data sets of the same rows, whose splits are 'train' and 'val'; every row is in 'val' once. No patient is on both sides, whatever `by`
 * says. The same rows and seed give the same folds on any machine, in whatever order the rows come. Throws DataError 'option' where
 * there are fewer groups than folds.
 */
export function kFold(
  set: Dataset,
  { k = 5, seed = 0, by = 'patient', stratify = true }: FoldOptions = {},
): Dataset[] {
  if (!(Number.isInteger(k) && k >= 2))
    throw new DataError('option', `kFold: k must be a whole number from 2 on, not ${k}.`);
  const groups = groupsOf(set, by);
  if (groups.size < k)
    throw new DataError(
      'option',
      `kFold: ${set.name} has ${groups.size} group${groups.size === 1 ? '' : 's'} by ${by}, too few for ${k} folds.`,
    );
  const foldOf = assign(groups, k, seed, stratify ? set.classes : []);
  return Array.from({ length: k }, (_, fold) =>
    set.with(
      set.rows.map((row) => ({ ...row, split: foldOf.get(row) === fold ? 'val' : 'train' })),
      set.classes,
      set.notes,
      `${set.name}, fold ${fold + 1} of ${k}`,
    ),
  );
}

/**
 * A data set for each value of `by` (default 'source', a hospital or collection): its images are 'test', all others 'train', or 'val' for
 * the share `val` of their patients (default 0). Images of held-out patients from elsewhere are left out, and noted. Images without a
 * value are never held out. Throws DataError 'option' where there is one value only.
 */
export function leaveOneSourceOut(
  set: Dataset,
  { by = 'source', val = 0, seed = 0 }: { by?: Column; val?: number; seed?: number } = {},
): Dataset[] {
  const sources = Object.keys(set.counts(by)).filter(Boolean).sort();
  if (sources.length < 2)
    throw new DataError(
      'option',
      `leaveOneSourceOut: ${set.name} has ${sources.length === 0 ? 'no' : 'only one'} ${by}${sources.length ? `, '${sources[0]}'` : ''}; there must be two at least.`,
    );
  const unknown = set.filter((row) => valueOf(row, by) === '').length;
  return sources.map((source) => {
    const test = set.where({ [by]: source });
    const held = new Set(test.patients());
    const others = set.filter((row) => valueOf(row, by) !== source);
    const rest = others.filter((row) => !held.has(row.patient));
    const { rows: learnt } = splitByPatient(rest, { fractions: { train: 1 - val, val }, seed });
    const rows = [...learnt, ...test.rows.map((row) => ({ ...row, split: 'test' }))];
    const notes = [...set.notes];
    const shared = others.filter((row) => held.has(row.patient));
    if (shared.length > 0)
      notes.push(
        `${shared.length} image${shared.length === 1 ? '' : 's'} of other sources left out, as their patients are in '${source}' too: ${someOf(shared.patients())}.`,
      );
    if (unknown > 0) notes.push(`${unknown} images without a ${by} are never held out.`);
    const absent = set.classes.filter((c) => test.counts()[c] === 0);
    if (absent.length > 0) notes.push(`'${source}' has no image of ${absent.join(' or ')}.`);
    return set.with(rows, set.classes, notes, `${set.name} without ${source}`);
  });
}

/** Rows that stay together, by the group's first name: those of a patient, and those with the same value. */
export function groupsOf(set: Dataset, by: Column): Map<string, Row[]> {
  const parent = new Map<string, string>();
  const root = (key: string): string => {
    let at = key;
    while (parent.has(at) && parent.get(at) !== at) at = parent.get(at)!;
    return at;
  };
  const patient = (row: Row): string => `p${row.patient}`;
  for (const row of set.rows) {
    const a = root(patient(row));
    const value = by === 'patient' ? '' : valueOf(row, by);
    const b = value === '' ? a : root(`v${value}`);
    const [first, second] = a < b ? [a, b] : [b, a];
    parent.set(second, first);
    parent.set(first, first);
  }
  const groups = new Map<string, Row[]>();
  for (const row of set.rows) {
    const key = root(patient(row));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key)!.push(row);
  }
  return groups;
}

/** The fold of each row: large groups first, each to the fold that is then the most even in its classes and size. */
function assign(
  groups: ReadonlyMap<string, Row[]>,
  k: number,
  seed: number,
  classes: readonly string[],
): Map<Row, number> {
  const shuffled = random(seed, 'fold').shuffle([...groups.keys()].sort());
  const order = shuffled.sort((a, b) => groups.get(b)!.length - groups.get(a)!.length);
  const columns = ['', ...classes]; // '' counts every image
  const tally = (rows: readonly Row[]): number[] =>
    columns.map((c) => (c === '' ? rows.length : rows.filter((row) => row.label === c).length));
  const totals = tally([...groups.values()].flat());
  const loads = Array.from({ length: k }, () => columns.map(() => 0));
  const foldOf = new Map<Row, number>();
  for (const key of order) {
    const rows = groups.get(key)!;
    const more = tally(rows);
    // adding to a fold costs what it raises the sum of squared shares by
    const cost = (load: number[]): number =>
      columns.reduce(
        (sum, _, c) => sum + (totals[c] ? (2 * load[c] * more[c] + more[c] ** 2) / totals[c] ** 2 : 0),
        0,
      );
    const costs = loads.map(cost);
    const fold = costs.indexOf(Math.min(...costs));
    loads[fold] = loads[fold].map((load, c) => load + more[c]);
    for (const row of rows) foldOf.set(row, fold);
  }
  return foldOf;
}
