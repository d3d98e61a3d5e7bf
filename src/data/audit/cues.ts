// What the class is guessed from without a look at the lungs: each a table of features, or a category.

import type { Dataset, Row } from '../dataset.js';
import { resize } from '../resize.js';
import { ageColumn, category, cueColumns } from './columns.js';
import type { Table } from './classifier.js';
import { smallSide, type Examined } from './examine.js';

export interface Cue {
  /** 'source', 'view', 'metadata', 'file', … */
  name: string;
  /** As a sentence says it: 'the source'. */
  words: string;
  /** Either a category of each picture, whose most frequent class is the guess, or features for a classifier. */
  categories?: readonly string[];
  features?: Table;
}

/** All cues that the set has, in the order in which they are named where they are equally good. */
export function cuesOf(set: Dataset, pictures: readonly Examined[]): Cue[] {
  const rows = pictures.map(({ row }) => row);
  const age = ageColumn(set);
  const columns = cueColumns(set);
  const cues: (Cue | undefined)[] = [
    new Set(rows.map((row) => row.source)).size > 1
      ? { name: 'source', words: 'the source', categories: rows.map((row) => row.source) }
      : undefined,
    ...columns.map((column) => ({
      name: column,
      words: `the column '${column}'`,
      categories: rows.map((row) => category(row, column, age)),
    })),
    columns.length > 1
      ? {
          name: 'metadata',
          words: `all metadata (${columns.join(', ')})`,
          features: oneHot(rows, columns, age),
        }
      : undefined,
    pictures.some(({ marks }) => marks.length > 0)
      ? { name: 'marks', words: 'burnt-in letters and marks', features: table(pictures.map(markFeatures)) }
      : undefined,
    pictures.every(({ file }) => file)
      ? {
          name: 'file',
          words: 'properties of the file (size, format, compression)',
          features: fileFeatures(pictures),
        }
      : undefined,
    { name: 'borders', words: 'borders and corners', features: table(pictures.map(borderFeatures)) },
    { name: 'thumbnail', words: 'a thumbnail of 16 × 16 pixels', features: table(pictures.map(thumbnail)) },
  ];
  return cues.filter((cue) => cue !== undefined);
}

function table(rows: readonly ArrayLike<number>[]): Table {
  const width = rows[0].length;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, i) => values.set(row, i * width));
  return { values, n: rows.length, width };
}

function oneHot(rows: readonly Row[], columns: readonly string[], age: string | undefined): Table {
  const keys = columns.map((column) => [...new Set(rows.map((row) => category(row, column, age)))].sort());
  return table(
    rows.map((row) =>
      columns.flatMap((column, c) => keys[c].map((key) => (category(row, column, age) === key ? 1 : 0))),
    ),
  );
}

/** How many marks there are, and whether there is one in each of 4 × 4 fields. */
function markFeatures({ marks }: Examined): number[] {
  const fields = new Array<number>(16).fill(0);
  for (const { x, y } of marks)
    fields[Math.min(3, Math.floor(y * 4)) * 4 + Math.min(3, Math.floor(x * 4))] = 1;
  return [Math.min(10, marks.length), marks.length > 0 ? 1 : 0, ...fields];
}

/** Numbers as they are and in eight bins, formats as categories. */
function fileFeatures(pictures: readonly Examined[]): Table {
  const numbers = pictures.map(({ file, width, height }) => {
    const { bytes, quality = 0 } = file!;
    const area = width * height;
    return [Math.log(bytes), width, height, Math.log(width / height), Math.log((8 * bytes) / area), quality];
  });
  const cuts = numbers[0].map((_, j) => {
    const sorted = numbers.map((row) => row[j]).sort((a, b) => a - b);
    return Array.from({ length: 7 }, (__, k) => sorted[Math.floor(((k + 1) * sorted.length) / 8)]);
  });
  const formats = [...new Set(pictures.map(({ file }) => file!.format))].sort();
  return table(
    numbers.map((row, i) => [
      ...row,
      ...row.flatMap((v, j) => cuts[j].map((at) => (v >= at ? 1 : 0))),
      ...formats.map((format) => (pictures[i].file!.format === format ? 1 : 0)),
      pictures[i].colour ? 1 : 0,
    ]),
  );
}

const square = (side: number): { width: number; height: number } => ({ width: side, height: side });

/** Two pixels around the picture at 32 × 32, and its corners of 6 × 6. */
function borderFeatures({ small }: Examined): number[] {
  const side = 32;
  const grey = resize(small, square(smallSide), square(side));
  const out: number[] = [];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [Math.min(x, side - 1 - x), Math.min(y, side - 1 - y)];
      if (Math.min(dx, dy) < 2 || (dx < 6 && dy < 6)) out.push(grey[y * side + x]);
    }
  return out;
}

const thumbnail = ({ small }: Examined): Uint8Array => resize(small, square(smallSide), square(16)).slice();
