// What is drawn over a phantom's anatomy: vessels, leads and a pacemaker, side letters and collimator borders.

import type { Random } from '../random.js';
import type { Film, Patient } from './anatomy.js';
import { stroke } from './draw.js';

/** Pixels to the patient's coordinates: x' = x0 + (i + 0.5) * unit, then the rotation. */
export interface Frame {
  size: number;
  unit: number;
  x0: number;
  y0: number;
  base: number;
  cos: number;
  sin: number;
}

const toPixels = (f: Frame, x: number, y: number): [number, number] => [
  (f.cos * x - f.sin * y - f.x0) / f.unit - 0.5,
  (f.cos * y + f.sin * x - f.y0) / f.unit - 0.5,
];

/** Vessels: branches from the hila outwards, thinner and fainter on the way, seen only against air. */
export function drawVessels(
  density: Float32Array,
  air: Float32Array,
  p: Patient,
  film: Film,
  f: Frame,
  r: Random,
): void {
  for (const side of [-1, 1])
    for (let k = 0; k < 13; k++) {
      let x = film.turn + side * r(0.14, 0.22);
      let y = r(-0.12, 0.1);
      // directions fan out: up, out, down
      let dy = -1 + (2 * (k + r())) / 13;
      let dx = side * (1 - 0.65 * Math.abs(dy));
      let width = r(0.007, 0.012);
      const steps = 5 + r.int(3);
      for (let s = 0; s < steps; s++) {
        const length = r(0.06, 0.11);
        const nx = x + dx * length;
        const ny = y + dy * length;
        branch(x, y, nx, ny, width);
        if (s > 0 && r.chance(0.6))
          branch(nx, ny, nx + (dx + r(-0.7, 0.7)) * 0.09, ny + (dy + r(-0.7, 0.7)) * 0.09, width * 0.6);
        x = nx;
        y = ny;
        dx += r(-0.25, 0.25);
        dy += r(-0.25, 0.25);
        width *= 0.78;
      }
    }
  function branch(x0: number, y0: number, x1: number, y1: number, width: number): void {
    const line = [...toPixels(f, x0, y0), ...toPixels(f, x1, y1)];
    stroke(density, f.size, line, width / f.unit, 0.042 * p.vessels, air);
  }
}

/** Leads of an electrocardiograph with their pads, and now and then a pacemaker. */
export function drawLines(density: Float32Array, p: Patient, film: Film, f: Frame, r: Random): void {
  for (let k = 0; k < film.leads; k++) {
    const side = r.chance(0.5) ? -1 : 1;
    const [x, y] = [side * r(0.2, 0.7), r(-0.5, 0.6)];
    stroke(density, f.size, [...toPixels(f, x, y), ...toPixels(f, x, y)], 0.028 / f.unit, 0.14);
    let [px, py] = [x, y];
    for (let s = 0; s < 6; s++) {
      const nx = px + side * r(-0.02, 0.12);
      const ny = py - r(0.08, 0.2);
      stroke(density, f.size, [...toPixels(f, px, py), ...toPixels(f, nx, ny)], 0.006 / f.unit, 0.16);
      [px, py] = [nx, ny];
    }
  }
  if (p.pacemaker) {
    const [x, y] = [0.47, -0.39];
    stroke(density, f.size, [...toPixels(f, x - 0.02, y), ...toPixels(f, x + 0.02, y)], 0.05 / f.unit, 0.45);
    const wire = [
      [x, y - 0.05],
      [0.2, -0.5],
      [0.02, -0.3],
      [-0.02, 0.1],
      [0.1, 0.35],
    ];
    for (let k = 1; k < wire.length; k++)
      stroke(
        density,
        f.size,
        [...toPixels(f, wire[k - 1][0], wire[k - 1][1]), ...toPixels(f, wire[k][0], wire[k][1])],
        0.007 / f.unit,
        0.2,
      );
  }
}

const letters: Record<'L' | 'R', readonly (readonly number[])[]> = {
  L: [
    [0, 0, 0, 1],
    [0, 1, 0.6, 1],
  ],
  R: [
    [0, 0, 0, 1],
    [0, 0, 0.5, 0.05],
    [0.5, 0.05, 0.6, 0.28],
    [0.6, 0.28, 0.5, 0.5],
    [0.5, 0.5, 0, 0.5],
    [0.25, 0.5, 0.62, 1],
  ],
};

/** The side letter, and the hospital's border: the first a dark frame, the second a bright strip and a caption. */
export function drawLetters(pixels: Uint8Array, p: Patient, film: Film, size: number, r: Random): void {
  const other = p.hospital === 1;
  const ink = new Float32Array(size * size);
  if (film.letter) {
    const height = size * (other ? 0.055 : 0.08);
    const right = film.letter === 'L'; // the patient's left is the image's right
    const x = right ? size * r(0.86, 0.92) : size * r(0.05, 0.1);
    const y = size * (other ? r(0.8, 0.9) : r(0.05, 0.12));
    for (const [x0, y0, x1, y1] of letters[film.letter])
      stroke(
        ink,
        size,
        [x + x0 * height, y + y0 * height, x + x1 * height, y + y1 * height],
        size * (other ? 0.006 : 0.009),
        1,
      );
  }
  const border = other ? 0 : Math.round(size * r(0, 0.03));
  for (let j = 0; j < size; j++)
    for (let i = 0; i < size; i++) {
      const at = j * size + i;
      if (ink[at] > 0) pixels[at] = pixels[at] + (250 - pixels[at]) * Math.min(1, ink[at]) + 0.5;
      if (i < border || j < border || i >= size - border || j >= size - border) pixels[at] = 4;
    }
}
