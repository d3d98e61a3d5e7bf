// A small table of figures as a notebook shows it: HTML, and text for where there is none.

import { xml } from '../markup.js';

/**
 * @param rows cells in the order of `head`
 * @param texts columns that are at the left, by default the first; the others are figures
 */
export function figureTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  caption: string,
  texts: readonly string[] = head.slice(0, 1),
): { 'text/html': string; 'text/plain': string } {
  const width = head.map((h, c) => Math.max(h.length, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((v, c) => (texts.includes(head[c]) ? v.padEnd(width[c]) : v.padStart(width[c])))
      .join('  ')
      .trimEnd();
  const cell = (v: string, c: number, tag: 'th' | 'td'): string =>
    `<${tag} style="text-align:${texts.includes(head[c]) ? 'left' : 'right'}">${xml(v)}</${tag}>`;
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map((v, c) => cell(v, c, c ? tag : 'th')).join('')}</tr>`;
  return {
    'text/html':
      `<table><caption style="caption-side:bottom;text-align:left">${xml(caption)}</caption><thead>${cells(head, 'th')}</thead>` +
      `<tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`,
    'text/plain': [line(head), ...rows.map(line), caption].join('\n'),
  };
}
