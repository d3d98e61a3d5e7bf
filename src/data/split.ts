// Splits by patient: all images of a patient fall into one split.

import { checkLeak } from './check.js';
import { Dataset, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { random } from './random.js';

export interface SplitOptions {
  /** Shares of the patients, summing to 1. Default train 0.7, val 0.15, test 0.15. */
  fractions?: Record<string, number>;
  seed?: number;
  /** Keep the classes' shares in every split (a patient counts for the first of their labels). Default true. */
  stratify?: boolean;
}

/**
 * The rows with `split` set anew, every patient in one split only. The same rows and seed give the same split on any machine, in
 * whatever order the rows come. Throws DataError 'option' for fractions that don't sum to 1.
 */
export function splitByPatient(rows: Dataset, options?: SplitOptions): Dataset;
export function splitByPatient<R extends Pick<Row, 'patient' | 'label'>>(
  rows: readonly R[],
  options?: SplitOptions,
): (R & { split: string })[];
export function splitByPatient(
  rows: Dataset | readonly Pick<Row, 'patient' | 'label'>[],
  { fractions = { train: 0.7, val: 0.15, test: 0.15 }, seed = 0, stratify = true }: SplitOptions = {},
): unknown {
  if (rows instanceof Dataset) return rows.with(splitByPatient(rows.rows, { fractions, seed, stratify }));
  const names = Object.keys(fractions);
  const total = names.reduce((sum, name) => sum + fractions[name], 0);
  if (Math.abs(total - 1) > 1e-6 || names.some((name) => !(fractions[name] >= 0)))
    throw new DataError(
      'option',
      `The fractions of a split must be 0 or more and sum to 1; ${JSON.stringify(fractions)} sums to ${total}.`,
    );

  const labelOf = new Map<string, string>();
  for (const { patient, label } of rows) {
    const known = labelOf.get(patient);
    if (known === undefined || label < known) labelOf.set(patient, label);
  }
  const strata = new Map<string, string[]>();
  for (const patient of [...labelOf.keys()].sort()) {
    const key = stratify ? labelOf.get(patient)! : '';
    if (strata.has(key)) strata.get(key)!.push(patient);
    else strata.set(key, [patient]);
  }
  const splitOf = new Map<string, string>();
  const owed = Object.fromEntries(names.map((name) => [name, 0])); // carried from stratum to stratum
  for (const key of [...strata.keys()].sort()) {
    const patients = random(seed, 'split', key).shuffle(strata.get(key)!);
    const wanted = names.map((name) => fractions[name] * patients.length + owed[name]);
    const counts = share(wanted, patients.length);
    let at = 0;
    names.forEach((name, i) => {
      owed[name] = wanted[i] - counts[i];
      for (const patient of patients.slice(at, at + counts[i])) splitOf.set(patient, name);
      at += counts[i];
    });
  }
  return rows.map((row) => ({ ...row, split: splitOf.get(row.patient)! }));
}

/**
 * As `splitByPatient`, but image by image: a patient with several images will be on two sides, and results will be too good. For showing
 * by how much. The data set notes it.
 */
export function splitByImage(set: Dataset, options?: SplitOptions): Dataset {
  const alone = set.rows.map((row) => ({ ...row, patient: row.name ?? String(row.index) }));
  const rows = splitByPatient(alone, options).map((row, i) => ({ ...row, patient: set.rows[i].patient }));
  const notes = [...set.notes];
  checkLeak(rows, set.name, true, notes);
  return set.with(rows, set.classes, notes);
}

/** Whole numbers near `wanted` that sum to `total`: the largest remainders are rounded up. */
function share(wanted: number[], total: number): number[] {
  const counts = wanted.map((w) => Math.max(0, Math.floor(w + 1e-9)));
  const order = wanted
    .map((w, i) => i)
    .sort((a, b) => wanted[b] - counts[b] - (wanted[a] - counts[a]) || a - b);
  let left = total - counts.reduce((a, b) => a + b, 0);
  for (let k = 0; left > 0; k = (k + 1) % order.length, left--) counts[order[k]]++;
  for (let i = counts.length - 1; left < 0; i = (i + counts.length - 1) % counts.length)
    if (counts[i] > 0) {
      counts[i]--;
      left++;
    }
  return counts;
}
