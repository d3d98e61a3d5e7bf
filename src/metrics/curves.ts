// Curves and areas over scores: ROC, precision-recall, AUC for two and more classes.

import { MetricsError } from './errors.js';

export interface RocCurve {
  /** False positive rate (1 − specificity), rising from 0 to 1. */
  fpr: number[];
  /** True positive rate (sensitivity). */
  tpr: number[];
  /** A sample is called positive at `score >= threshold`; the first one is Infinity. */
  thresholds: number[];
}

export interface PrCurve {
  precision: number[];
  recall: number[];
  /** Rising; one shorter than the rates, whose last point is (recall 0, precision 1). */
  thresholds: number[];
}

interface Step {
  threshold: number;
  tp: number;
  fp: number;
}

/** Cumulative counts at each distinct score, from the highest down. */
function steps(positive: ArrayLike<boolean | number>, scores: ArrayLike<number>): Step[] {
  if (positive.length !== scores.length)
    throw new MetricsError('length', `${positive.length} labels but ${scores.length} scores`);
  const order = Array.from(scores, (_, i) => i);
  for (const i of order)
    if (!Number.isFinite(scores[i]))
      throw new MetricsError('scores', `sample ${i}: its score is ${scores[i]}`);
  order.sort((a, b) => scores[b] - scores[a]);
  const out: Step[] = [];
  let tp = 0;
  let fp = 0;
  order.forEach((i, k) => {
    if (positive[i]) tp++;
    else fp++;
    if (k === order.length - 1 || scores[order[k + 1]] !== scores[i])
      out.push({ threshold: scores[i], tp, fp });
  });
  return out;
}

/**
 * ROC curve of a binary decision, a point for each distinct score.
 * Rates are NaN where a class has no samples.
 * @param positive 1 or true for samples of the positive class
 */
export function roc(positive: ArrayLike<boolean | number>, scores: ArrayLike<number>): RocCurve {
  const s = [{ threshold: Infinity, tp: 0, fp: 0 }, ...steps(positive, scores)];
  const { tp: P, fp: N } = s[s.length - 1];
  return { fpr: s.map((x) => x.fp / N), tpr: s.map((x) => x.tp / P), thresholds: s.map((x) => x.threshold) };
}

/** Area under the ROC curve; ties count half. NaN when one of the two classes has no samples. */
export function auc(positive: ArrayLike<boolean | number>, scores: ArrayLike<number>): number {
  const { fpr, tpr } = roc(positive, scores);
  let area = 0;
  for (let i = 1; i < fpr.length; i++) area += ((fpr[i] - fpr[i - 1]) * (tpr[i] + tpr[i - 1])) / 2;
  return fpr.length > 1 ? area : NaN;
}

/** Precision-recall curve, thresholds rising, closed by (recall 0, precision 1). */
export function precisionRecall(positive: ArrayLike<boolean | number>, scores: ArrayLike<number>): PrCurve {
  const s = steps(positive, scores).reverse();
  const P = s.length ? s[0].tp : 0;
  return {
    precision: [...s.map((x) => x.tp / (x.tp + x.fp)), 1],
    recall: [...s.map((x) => x.tp / P), 0],
    thresholds: s.map((x) => x.threshold),
  };
}

/** Average precision: precision summed over the steps of recall, without interpolation. */
export function averagePrecision(positive: ArrayLike<boolean | number>, scores: ArrayLike<number>): number {
  const { precision, recall } = precisionRecall(positive, scores);
  let sum = 0;
  for (let i = 0; i + 1 < recall.length; i++) sum += (recall[i] - recall[i + 1]) * precision[i];
  return sum;
}

/**
 * AUC for several classes, each against the rest.
 * @param scores `[sample][class]`
 * @param options.average `macro` (unweighted) or `weighted` by the number of samples of a class
 */
export function aucOvr(
  truth: ArrayLike<number>,
  scores: ArrayLike<ArrayLike<number>>,
  { average = 'macro' }: { average?: 'macro' | 'weighted' } = {},
): number {
  const per = aucPerClass(truth, scores);
  const count = per.map((_, c) => Array.from(truth).filter((t) => t === c).length);
  const w = average === 'macro' ? per.map(() => 1) : count;
  return per.reduce((a, v, c) => a + v * w[c], 0) / w.reduce((a, b) => a + b, 0);
}

/** One-against-the-rest AUC of every class. */
export function aucPerClass(truth: ArrayLike<number>, scores: ArrayLike<ArrayLike<number>>): number[] {
  if (truth.length !== scores.length)
    throw new MetricsError('length', `${truth.length} labels but ${scores.length} rows of scores`);
  if (!scores.length) throw new MetricsError('empty', 'no samples to compute an AUC from');
  return Array.from({ length: scores[0].length }, (_, c) =>
    auc(
      Array.from(truth, (t) => t === c),
      Array.from(scores, (s) => s[c]),
    ),
  );
}

/** AUC averaged over all pairs of classes (Hand and Till 2001). */
export function aucOvo(truth: ArrayLike<number>, scores: ArrayLike<ArrayLike<number>>): number {
  const n = scores[0].length;
  let sum = 0;
  for (let a = 0; a < n; a++)
    for (let b = a + 1; b < n; b++) {
      const at = Array.from(truth, (_, i) => i).filter((i) => truth[i] === a || truth[i] === b);
      const one = (c: number): number =>
        auc(
          at.map((i) => truth[i] === c),
          at.map((i) => scores[i][c]),
        );
      sum += (one(a) + one(b)) / 2;
    }
  return sum / ((n * (n - 1)) / 2);
}

/** Index of the largest score of each row; the first one of equals. */
export function argmax(scores: ArrayLike<ArrayLike<number>>): number[] {
  return Array.from(scores, (row) => {
    let best = 0;
    for (let c = 1; c < row.length; c++) if (row[c] > row[best]) best = c;
    return best;
  });
}
