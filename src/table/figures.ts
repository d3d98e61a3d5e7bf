// A small table of figures as a notebook shows it: HTML, and text for where there is none.

import { xml } from '../markup.js';

/** @param rows cells in the order of `head`; the first column is at the left, the others are figures */
export function figureTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  caption: string,
): { 'text/html': string; 'text/plain': string } {
  const width = head.map((h, c) => Math.max(h.length, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string =>
    row.map((v, c) => (c ? v.padStart(width[c]) : v.padEnd(width[c]))).join('  ');
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map((v, c) => `<${c ? tag : 'th'} style="text-align:${c ? 'right' : 'left'}">${xml(v)}</${c ? tag : 'th'}>`).join('')}</tr>`;
  return {
    'text/html':
      `<table><caption style="caption-side:bottom;text-align:left">${xml(caption)}</caption><thead>${cells(head, 'th')}</thead>` +
      `<tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`,
    'text/plain': [line(head), ...rows.map(line), caption].join('\n'),
  };
}
