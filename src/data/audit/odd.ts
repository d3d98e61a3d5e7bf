// Pictures that are unlike the others: of one tone, tiny, in colour, negatives, or of something else.

import type { Row } from '../dataset.js';
import { smallSide, type Broken, type Examined } from './examine.js';
import { cut } from './tones.js';

export type OddKind = 'broken' | 'blank' | 'clipped' | 'tiny' | 'colour' | 'inverted' | 'unlike';

export interface Odd {
  row: Row;
  kind: OddKind;
  /** What is odd about it, in words. */
  words: string;
}

/** The smallest side that a picture of a chest may have. */
const least = 64;
const side = 16;

/** Each odd picture once, by the gravest that is odd about it. */
export function oddPictures(pictures: readonly Examined[], broken: readonly Broken[]): Odd[] {
  const likeness = likenessOf(pictures);
  const usual = median(likeness);
  const spread = median(likeness.map((r) => Math.abs(r - usual)));
  const area = median(pictures.map(({ width, height }) => width * height));
  const coloured = pictures.filter(({ colour }) => colour).length;
  const odd = pictures.flatMap((one, i): Odd[] => {
    const found = oddity(one, area);
    if (found) return [{ row: one.row, ...found }];
    if (one.colour && coloured < 0.1 * pictures.length)
      return [{ row: one.row, kind: 'colour', words: 'in colour, most others are grey' }];
    if (usual > 0.4 && likeness[i] < -0.3)
      return [{ row: one.row, kind: 'inverted', words: 'a negative: bright where others are dark' }];
    if (usual > 0.4 && likeness[i] < Math.min(0.25, usual - 6 * spread))
      return [{ row: one.row, kind: 'unlike', words: 'unlike the others: another part, view or modality?' }];
    return [];
  });
  return [...broken.map(({ row, error }): Odd => ({ row, kind: 'broken', words: error })), ...odd];
}

function oddity({ low, high, clipped, width, height }: Examined, area: number): Omit<Odd, 'row'> | undefined {
  if (high - low < 8)
    return { kind: 'blank', words: high < 16 ? 'all black' : low > 240 ? 'all white' : 'of one grey' };
  if (Math.min(width, height) < least && area > 4 * least * least)
    return { kind: 'tiny', words: `${width} × ${height} pixels` };
  if (width * height < area / 16)
    return { kind: 'tiny', words: `${width} × ${height} pixels, others are much larger` };
  if (clipped > 0.7)
    return { kind: 'clipped', words: `${Math.round(100 * clipped)} % of it is pure black or white` };
  return undefined;
}

/** Correlation of each picture, without plain borders, with the mean of all, at 16 × 16. */
function likenessOf(pictures: readonly Examined[]): number[] {
  const squares = pictures.map((one) => {
    const small = { values: Float32Array.from(one.small), side: smallSide };
    const grey = cut(small, one.box, side).values;
    const mean = grey.reduce((a, b) => a + b, 0) / grey.length;
    const values = Float64Array.from(grey, (v) => v - mean);
    const norm = Math.sqrt(values.reduce((a, v) => a + v * v, 0)) || 1;
    return values.map((v) => v / norm);
  });
  const all = new Float64Array(side * side);
  for (const square of squares) for (let k = 0; k < all.length; k++) all[k] += square[k];
  const norm = Math.sqrt(all.reduce((a, v) => a + v * v, 0)) || 1;
  return squares.map((square) => square.reduce((a, v, k) => a + v * all[k], 0) / norm);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
