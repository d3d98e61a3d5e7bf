// Counts of true against predicted classes, and the rates that follow from them.

import { MetricsError } from './errors.js';

/** Rates of one class, taken one against the rest. A rate whose denominator is 0 is NaN. */
export interface ClassRates {
  precision: number;
  /** Also called recall or true positive rate. */
  sensitivity: number;
  specificity: number;
  npv: number;
  f1: number;
  /** Number of samples of this class. */
  support: number;
}

/**
 * Confusion matrix `[true][predicted]` of class indices.
 * @param classes number of classes; by default one more than the largest index seen
 * @throws MetricsError when the lists differ in length or an index lies outside the classes
 */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes?: number,
): number[][] {
  if (truth.length !== predicted.length)
    throw new MetricsError('length', `${truth.length} true labels but ${predicted.length} predictions`);
  let n = classes ?? 0;
  if (classes === undefined)
    for (let i = 0; i < truth.length; i++) n = Math.max(n, truth[i] + 1, predicted[i] + 1);
  const counts = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < truth.length; i++) {
    for (const v of [truth[i], predicted[i]])
      if (!(Number.isInteger(v) && v >= 0 && v < n))
        throw new MetricsError('label', `sample ${i}: class ${v} is outside 0…${n - 1}`);
    counts[truth[i]][predicted[i]]++;
  }
  return counts;
}

/** Share of samples on the diagonal. NaN for an empty matrix. */
export function accuracy(matrix: number[][]): number {
  let hit = 0;
  let all = 0;
  matrix.forEach((row, i) => row.forEach((v, j) => ((all += v), i === j && (hit += v))));
  return hit / all;
}

/** Precision, sensitivity, specificity, negative predictive value and F1 of every class. */
export function classRates(matrix: number[][]): ClassRates[] {
  const all = matrix.flat().reduce((a, b) => a + b, 0);
  return matrix.map((row, c) => {
    const tp = row[c];
    const support = row.reduce((a, b) => a + b, 0);
    const predicted = matrix.reduce((a, r) => a + r[c], 0);
    const fn = support - tp;
    const fp = predicted - tp;
    const tn = all - tp - fn - fp;
    return {
      precision: tp / (tp + fp),
      sensitivity: tp / (tp + fn),
      specificity: tn / (tn + fp),
      npv: tn / (tn + fn),
      f1: (2 * tp) / (2 * tp + fp + fn),
      support,
    };
  });
}

/** Mean sensitivity over the classes that have samples. */
export function balancedAccuracy(matrix: number[][]): number {
  const s = classRates(matrix)
    .filter((r) => r.support > 0)
    .map((r) => r.sensitivity);
  return s.reduce((a, b) => a + b, 0) / s.length;
}

/** Unweighted mean of a rate over the classes; undefined (NaN) rates count as 0, as scikit-learn does by default. */
export function macro(matrix: number[][], rate: Exclude<keyof ClassRates, 'support'>): number {
  const r = classRates(matrix).map((c) => (Number.isNaN(c[rate]) ? 0 : c[rate]));
  return r.reduce((a, b) => a + b, 0) / r.length;
}

/** Mean of a rate weighted by each class's number of samples; undefined (NaN) rates count as 0. */
export function weighted(matrix: number[][], rate: Exclude<keyof ClassRates, 'support'>): number {
  let sum = 0;
  let all = 0;
  for (const c of classRates(matrix)) {
    sum += c.support * (Number.isNaN(c[rate]) ? 0 : c[rate]);
    all += c.support;
  }
  return sum / all;
}

/** Matthews correlation coefficient for any number of classes (Gorodkin 2004). */
export function mcc(matrix: number[][]): number {
  const n = matrix.length;
  let s = 0;
  let c = 0;
  const t = new Array<number>(n).fill(0);
  const p = new Array<number>(n).fill(0);
  matrix.forEach((row, i) =>
    row.forEach((v, j) => {
      s += v;
      if (i === j) c += v;
      t[i] += v;
      p[j] += v;
    }),
  );
  const dot = (a: number[], b: number[]): number => a.reduce((x, v, i) => x + v * b[i], 0);
  const den = Math.sqrt(s * s - dot(p, p)) * Math.sqrt(s * s - dot(t, t));
  return den === 0 ? 0 : (c * s - dot(t, p)) / den;
}

/** Cohen's kappa; `weights: 'quadratic'` penalises by the squared distance of the classes. */
export function kappa(
  matrix: number[][],
  { weights = 'none' }: { weights?: 'none' | 'quadratic' } = {},
): number {
  const n = matrix.length;
  const t = matrix.map((r) => r.reduce((a, b) => a + b, 0));
  const p = matrix.map((_, j) => matrix.reduce((a, r) => a + r[j], 0));
  const all = t.reduce((a, b) => a + b, 0);
  let seen = 0;
  let chance = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const w = weights === 'quadratic' ? (i - j) ** 2 : Number(i !== j);
      seen += w * matrix[i][j];
      chance += (w * t[i] * p[j]) / all;
    }
  return 1 - seen / chance;
}
