// A report as a table, for notebooks.

import type { Report } from './report.js';

const number = (v: number): string => (Number.isNaN(v) ? '–' : v.toFixed(3));
const text = (v: string): string => v.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

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
  const width = head.map((h, c) => Math.max(h.length, ...rows.map((row) => row[c].length)));
  const line = (row: string[]): string =>
    row.map((v, c) => (c ? v.padStart(width[c]) : v.padEnd(width[c]))).join('  ');
  const cells = (row: string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map((v, c) => `<${c ? tag : 'th'} style="text-align:${c ? 'right' : 'left'}">${text(v)}</${c ? tag : 'th'}>`).join('')}</tr>`;
  return {
    'text/html':
      `<table><caption style="caption-side:bottom;text-align:left">${caption}</caption><thead>${cells(head, 'th')}</thead>` +
      `<tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`,
    'text/plain': [line(head), ...rows.map(line), caption].join('\n'),
  };
}
