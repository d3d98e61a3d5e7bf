// What a data set holds, counted, and that as a table for notebooks and terminals.

import { xml } from '../markup.js';
import type { Dataset } from './dataset.js';

export interface Description {
  name: string;
  images: number;
  patients: number;
  classes: string[];
  /** Images a class in each split, and the split's patients. */
  splits: { split: string; images: number; patients: number; counts: Record<string, number> }[];
  sources: Record<string, number>;
  licences: Record<string, number>;
  notes: string[];
}

export function describe(set: Dataset): Description {
  const place = (split: string): number => (['train', 'val', 'test'].indexOf(split) + 4) % 4;
  const names = Object.keys(set.counts('split')).sort((a, b) => place(a) - place(b));
  return {
    name: set.name,
    images: set.length,
    patients: set.patients().length,
    classes: [...set.classes],
    splits: names.map((split) => {
      const part = set.where({ split });
      return { split, images: part.length, patients: part.patients().length, counts: part.counts() };
    }),
    sources: set.counts('source'),
    licences: set.counts('licence'),
    notes: [...set.notes],
  };
}

/** A row a class and a column a split, sources and notes below: as HTML and as text. */
export function summaryTable(set: Dataset): { 'text/html': string; 'text/plain': string } {
  const d = describe(set);
  const head = ['', ...d.splits.map(({ split }) => split || 'no split'), 'all'];
  const all = set.counts();
  const body = [
    ...d.classes.map((c) => [c, ...d.splits.map(({ counts }) => counts[c]), all[c]]),
    ['images', ...d.splits.map(({ images }) => images), d.images],
    ['patients', ...d.splits.map(({ patients }) => patients), d.patients],
  ].map((row) => row.map(String));
  const sources = Object.entries(d.sources).filter(([name]) => name !== '');
  const below = [
    ...(sources.length > 0 ? [`sources: ${sources.map(([name, n]) => `${name} ${n}`).join(', ')}`] : []),
    ...d.notes,
  ];
  const width = head.map((h, c) => Math.max(h.length, ...body.map((row) => row[c].length)));
  const line = (row: string[]): string =>
    row.map((v, c) => (c ? v.padStart(width[c]) : v.padEnd(width[c]))).join('  ');
  const cells = (row: string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map((v, c) => `<${c ? tag : 'th'} style="text-align:${c ? 'right' : 'left'}">${xml(v)}</${c ? tag : 'th'}>`).join('')}</tr>`;
  return {
    'text/html':
      `<table><caption style="text-align:left"><b>${xml(d.name)}</b></caption><thead>${cells(head, 'th')}</thead>` +
      `<tbody>${body.map((row) => cells(row, 'td')).join('')}</tbody></table>` +
      below.map((note) => `<div>${xml(note)}</div>`).join(''),
    'text/plain': [d.name, line(head), ...body.map(line), ...below].join('\n'),
  };
}
