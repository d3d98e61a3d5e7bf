// A report as a table, for notebooks.

import { figureTable } from '../table/figures.js';
import type { Report } from './report.js';

const number = (v: number): string => (Number.isNaN(v) ? '–' : v.toFixed(3));

/** A row a class and one of macro means, as HTML and as text. */
export function reportTable(r: Report): { 'text/html': string; 'text/plain': string } {
  const films = r.confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const all = films.reduce((a, b) => a + b, 0);
  const head = ['', 'films', 'precision', 'sensitivity', 'specificity', 'F1', 'AUC'];
  const rows = [
    ...r.perClass.map((c, i) => [
      c.class,
      String(films[i]),
      ...[c.precision, c.sensitivity, c.specificity, c.f1, c.auc].map(number),
    ]),
    [
      'macro mean',
      String(all),
      ...[r.macroPrecision, r.macroSensitivity, r.macroSpecificity, r.macroF1, r.auc].map(number),
    ],
  ];
  const right = r.confusion.reduce((sum, row, i) => sum + row[i], 0);
  const caption = `accuracy ${number(r.accuracy)} (${right} of ${all}), balanced accuracy ${number(r.balancedAccuracy)}`;
  return figureTable(head, rows, caption);
}
