// The figures that a study reports, in one object.

import {
  accuracy,
  balancedAccuracy,
  classRates,
  confusionMatrix,
  macro,
  type ClassRates,
} from './confusion.js';
import { argmax, aucPerClass } from './curves.js';
import { MetricsError } from './errors.js';
import { reportTable } from './table.js';

export interface Report {
  classes: string[];
  confusion: number[][];
  accuracy: number;
  balancedAccuracy: number;
  macroPrecision: number;
  macroSensitivity: number;
  macroSpecificity: number;
  macroF1: number;
  /** Mean of the one-against-the-rest AUCs; NaN when a class has no samples. */
  auc: number;
  perClass: Array<ClassRates & { class: string; auc: number }>;
}

/**
 * Judges scores against the truth. A notebook shows the report as a table.
 * @param truth class index of each sample
 * @param scores `[sample][class]`, probabilities or logits
 * @param options.classes names, in the order of the score columns
 */
export function report(
  truth: ArrayLike<number>,
  scores: ArrayLike<ArrayLike<number>>,
  { classes }: { classes: readonly string[] },
): Report {
  if (!truth.length) throw new MetricsError('empty', 'no samples to report on');
  if (scores[0].length !== classes.length)
    throw new MetricsError(
      'scores',
      `${classes.length} class names but ${scores[0].length} columns of scores`,
    );
  const confusion = confusionMatrix(truth, argmax(scores), classes.length);
  const aucs = aucPerClass(truth, scores);
  const r: Report = {
    classes: [...classes],
    confusion,
    accuracy: accuracy(confusion),
    balancedAccuracy: balancedAccuracy(confusion),
    macroPrecision: macro(confusion, 'precision'),
    macroSensitivity: macro(confusion, 'sensitivity'),
    macroSpecificity: macro(confusion, 'specificity'),
    macroF1: macro(confusion, 'f1'),
    auc: aucs.reduce((a, b) => a + b, 0) / aucs.length,
    perClass: classRates(confusion).map((r, i) => ({ class: classes[i], ...r, auc: aucs[i] })),
  };
  return Object.defineProperty(r, Symbol.for('Jupyter.display'), { value: () => reportTable(r) });
}
