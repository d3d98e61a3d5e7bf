// What lies on a film besides the patient: leads and pacemakers on the body, side letters, captions and the hospital's borders.

import type { Random } from '../random.js';
import { stroke } from './draw.js';
import { toPixels, type Frame } from './frame.js';

/** Leads of an electrocardiograph with their pads, and now and then a pacemaker. */
export function drawLines(density: Float32Array, f: Frame, r: Random): void {
  const line = (from: readonly number[], to: readonly number[], width: number, value: number): void =>
    stroke(
      density,
      f.size,
      [...toPixels(f, from[0], from[1]), ...toPixels(f, to[0], to[1])],
      width / f.unit,
      value,
    );
  for (let k = 0; k < f.film.leads; k++) {
    const side = r.chance(0.5) ? -1 : 1;
    let place = [side * r(0.2, 0.7), r(-0.5, 0.6)];
    line(place, place, 0.028, 0.14);
    for (let s = 0; s < 6; s++) {
      const next = [place[0] + side * r(-0.02, 0.12), place[1] - r(0.08, 0.2)];
      line(place, next, 0.006, 0.16);
      place = next;
    }
  }
  if (f.p.pacemaker) {
    const [x, y] = [0.52, -0.44];
    line([x - 0.02, y], [x + 0.02, y], 0.05, 0.4);
    const wire = [[x, y - 0.05], [0.2, -0.5], [0.02, -0.3], [-0.02, 0.1], [0.1, 0.35]]; // prettier-ignore
    for (let k = 1; k < wire.length; k++) line(wire[k - 1], wire[k], 0.007, 0.2);
  }
}

/** Lines in a box of 1 by 1, y down. */
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

/** Rows of three bits from the top, the letters of the captions. */
const font: Record<string, readonly number[]> = {
  A: [2, 5, 7, 5, 5], B: [6, 5, 6, 5, 6], C: [3, 4, 4, 4, 3], D: [6, 5, 5, 5, 6], E: [7, 4, 6, 4, 7],
  I: [7, 2, 2, 2, 7], L: [4, 4, 4, 4, 7], M: [5, 7, 7, 5, 5], O: [2, 5, 5, 5, 2], P: [6, 5, 6, 4, 4],
  R: [6, 5, 6, 5, 5], T: [7, 2, 2, 2, 2], U: [5, 5, 5, 5, 7], ' ': [0, 0, 0, 0, 0],
}; // prettier-ignore
const captions = ['PORTABLE', 'ICU BED', 'ROOM ABC'] as const;

export interface Marks {
  hospital: 'hospital-a' | 'hospital-b';
  marker: 'L' | 'R' | 'none';
  letters: 'caption' | 'none';
}

/** The side letter, the burnt-in caption, and the hospital's border: the first has a dark frame. `ink` is a clean plane. */
export function drawMarks(
  pixels: Uint8Array,
  ink: Float32Array,
  { hospital, marker, letters: text }: Marks,
  size: number,
  r: Random,
): void {
  const other = hospital === 'hospital-b';
  const across = r();
  const along = r();
  if (marker !== 'none') {
    const height = size * (other ? 0.055 : 0.08);
    // the patient's left is the image's right
    const x = size * (marker === 'L' ? 0.86 + 0.06 * across : 0.05 + 0.05 * across);
    const y = size * (other ? 0.8 + 0.1 * along : 0.05 + 0.07 * along);
    for (const [x0, y0, x1, y1] of letters[marker])
      stroke(
        ink,
        size,
        [x + x0 * height, y + y0 * height, x + x1 * height, y + y1 * height],
        size * (other ? 0.006 : 0.009),
        1,
      );
  }
  const border = other ? 0 : Math.round(size * r(0, 0.03));
  const caption = captions[r.int(captions.length)];
  const [left, top] = [size * r(0.3, 0.5), size * r(0.02, 0.05)];
  if (text === 'caption') write(ink, size, caption, Math.round(left), Math.round(top));
  for (let j = 0; j < size; j++)
    for (let i = 0; i < size; i++) {
      const at = j * size + i;
      if (ink[at] > 0) pixels[at] = pixels[at] + (250 - pixels[at]) * Math.min(1, ink[at]) + 0.5;
      if (i < border || j < border || i >= size - border || j >= size - border) pixels[at] = 4;
    }
}

function write(ink: Float32Array, size: number, text: string, left: number, top: number): void {
  const dot = Math.max(1, Math.round(size / 160));
  [...text].forEach((letter, k) => {
    for (let v = 0; v < 5 * dot; v++)
      for (let u = 0; u < 3 * dot; u++) {
        const [x, y] = [left + 4 * dot * k + u, top + v];
        const bit = 4 >> Math.floor(u / dot);
        if (x < size && y < size && font[letter][Math.floor(v / dot)] & bit) ink[y * size + x] = 0.9;
      }
  });
}
