// Which way a volume's axes run in the patient, and turning it to another orientation.

import { DataError } from '../errors.js';
import type { Triple, Volume, VoxelArray } from './volume.js';

/** Four rows of four: [width, height, depth] index to mm in the patient (Right, Anterior, Superior). */
export type Affine = readonly (readonly number[])[];
/** Three letters of L or R, P or A, I or S: where columns, rows and slices run to. */
export type Orientation = string;

const letters = ['LR', 'PA', 'IS'];

/** For each axis of the volume the patient's axis it is nearest to, no two the same, and its sign. */
function nearest(affine: Affine): { axis: number; sign: 1 | -1 }[] {
  const found: { axis: number; sign: 1 | -1 }[] = [];
  const length = [0, 1, 2].map((c) => Math.hypot(affine[0][c], affine[1][c], affine[2][c]) || 1);
  const left = new Set([0, 1, 2]);
  const columns = new Set([0, 1, 2]);
  while (columns.size > 0) {
    let best = { share: -1, row: 0, column: 0 };
    for (const column of columns)
      for (const row of left) {
        const share = Math.abs(affine[row][column]) / length[column];
        if (share > best.share) best = { share, row, column };
      }
    found[best.column] = { axis: best.row, sign: affine[best.row][best.column] < 0 ? -1 : 1 };
    left.delete(best.row);
    columns.delete(best.column);
  }
  return found;
}

/** 'RAS', 'LPS', …: where columns, rows and slices run to. */
export const directions = (affine: Affine): Orientation =>
  nearest(affine)
    .map(({ axis, sign }) => letters[axis][sign < 0 ? 0 : 1])
    .join('');

/** For each wanted axis, which of the volume's it is and whether it must be turned. */
function plan(affine: Affine, to: Orientation): { from: number; flip: boolean }[] {
  const now = nearest(affine);
  return [...to.toUpperCase()].map((letter) => {
    const axis = letters.findIndex((pair) => pair.includes(letter));
    const from = now.findIndex((n) => n.axis === axis);
    return { from, flip: now[from]?.sign !== (letters[axis]?.[0] === letter ? -1 : 1) };
  });
}

/** Turns a volume; throws DataError 'option' for letters that name no orientation. */
export function orient(volume: Volume, to: Orientation): Volume {
  const axes = plan(volume.affine, to);
  if (axes.length !== 3 || new Set(axes.map(({ from }) => from)).size !== 3)
    throw new DataError(
      'option',
      `'${to}' is no orientation. It takes a letter of L or R, one of P or A, and one of I or S, such as 'LPS' or 'RAS'.`,
    );
  if (axes.every(({ from, flip }, i) => from === i && !flip)) return volume;
  const sides = [...volume.shape].reverse(); // in the affine's order: width, height, depth
  const spacing = [...volume.spacing].reverse();
  const strides = [1, sides[0], sides[0] * sides[1]];
  const size = axes.map(({ from }) => sides[from]);
  const step = axes.map(({ from, flip }) => (flip ? -strides[from] : strides[from]));
  const start = axes.reduce((at, { from, flip }) => at + (flip ? strides[from] * (sides[from] - 1) : 0), 0);
  const move = <T extends VoxelArray>(data: T): T => {
    const out = new (data.constructor as new (n: number) => T)(data.length);
    let to = 0;
    for (let z = 0; z < size[2]; z++)
      for (let y = 0; y < size[1]; y++) {
        let at = start + z * step[2] + y * step[1];
        for (let x = 0; x < size[0]; x++, at += step[0]) out[to++] = data[at];
      }
    return out;
  };
  const affine = volume.affine.map((row, r) => {
    if (r === 3) return row;
    const columns = axes.map(({ from, flip }) => (flip ? -row[from] : row[from]));
    const origin = axes.reduce(
      (sum, { from, flip }) => sum + (flip ? row[from] * (sides[from] - 1) : 0),
      row[3],
    );
    return [...columns, origin];
  });
  return volume.with({
    data: move(volume.data),
    ...(volume.mask ? { mask: move(volume.mask) } : {}),
    shape: size.reverse() as unknown as Triple,
    spacing: axes.map(({ from }) => spacing[from]).reverse() as unknown as Triple,
    affine: affine.map((row) => row.map((v) => v + 0)), // no -0
  });
}
