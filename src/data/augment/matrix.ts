// Affine maps of pixels, from places after a step to places before it.

import type { Extent, Matrix } from './types.js';

export const identity: Matrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/** The map that does `inner` first. */
export function after(outer: Matrix, inner: Matrix): Matrix {
  const out: number[] = [];
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 4; column++) {
      let sum = column === 3 ? outer[4 * row + 3] : 0;
      for (let k = 0; k < 3; k++) sum += outer[4 * row + k] * inner[4 * k + column];
      out.push(sum);
    }
  return out;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

export interface Affine {
  /** Degrees, clockwise on the screen. */
  angle: number;
  /** Pixels, to the right, down and along the slices. */
  translate: readonly [number, number, number];
  scale: number;
  /** Degrees along x and y. */
  shear: readonly [number, number];
  /** Degrees about the x and y axes, of volumes. */
  tilt?: readonly [number, number];
}

/**
 * torchvision's inverse of "shear, scale and rotate about the middle, then move". With a, b, c, d of rotation and shear as in its
 * `_get_inverse_affine_matrix`.
 */
export function affine(
  { width, height, depth }: Extent,
  { angle, translate, scale, shear, tilt = [0, 0] }: Affine,
): Matrix {
  const [rot, sx, sy] = [radians(angle), radians(shear[0]), radians(shear[1])];
  const a = Math.cos(rot - sy) / Math.cos(sy);
  const b = (-Math.cos(rot - sy) * Math.tan(sx)) / Math.cos(sy) - Math.sin(rot);
  const c = Math.sin(rot - sy) / Math.cos(sy);
  const d = (-Math.sin(rot - sy) * Math.tan(sx)) / Math.cos(sy) + Math.cos(rot);
  const z = depth > 1 ? 1 / scale : 1;
  const plane: Matrix = [d / scale, -b / scale, 0, 0, -c / scale, a / scale, 0, 0, 0, 0, z, 0];
  const [cx, cy, cz] = [(width - 1) / 2, (height - 1) / 2, (depth - 1) / 2];
  const middle: Matrix = [1, 0, 0, cx, 0, 1, 0, cy, 0, 0, 1, cz];
  const back: Matrix = [
    1,
    0,
    0,
    -cx - translate[0],
    0,
    1,
    0,
    -cy - translate[1],
    0,
    0,
    1,
    -cz - translate[2],
  ];
  return after(middle, after(after(aboutX(-tilt[0]), aboutY(-tilt[1])), after(plane, back)));
}

function aboutX(degrees: number): Matrix {
  const [c, s] = [Math.cos(radians(degrees)), Math.sin(radians(degrees))];
  return [1, 0, 0, 0, 0, c, -s, 0, 0, s, c, 0];
}

function aboutY(degrees: number): Matrix {
  const [c, s] = [Math.cos(radians(degrees)), Math.sin(radians(degrees))];
  return [c, 0, s, 0, 0, 1, 0, 0, -s, 0, c, 0];
}

/** Mirrored along one axis: 0 x, 1 y, 2 z. */
export function mirrored(length: number, axis: 0 | 1 | 2): Matrix {
  const out = [...identity];
  out[5 * axis] = -1;
  out[4 * axis + 3] = length - 1;
  return out;
}

/** A box of the picture, stretched to `to`. */
export function boxed(box: { left: number; top: number; width: number; height: number }, to: Extent): Matrix {
  const [kx, ky] = [box.width / to.width, box.height / to.height];
  return [kx, 0, 0, box.left + kx / 2 - 0.5, 0, ky, 0, box.top + ky / 2 - 0.5, 0, 0, 1, 0];
}
