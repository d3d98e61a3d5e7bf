// Where a film's pixels lie in the patient: shift, scale and rotation, and the chest's borders as tables over the film's lengths.

import type { Film, Patient } from './anatomy.js';
import { tabulate } from './draw.js';
import { floorAt, innerAt, wallAt } from './lungs.js';

/** A patient on one film: pixel (i, j) lies at (x0 + (i + 0.5) * unit, y0 + (j + 0.5) * unit), then the rotation. */
export interface Frame {
  p: Patient;
  film: Film;
  size: number;
  unit: number;
  x0: number;
  y0: number;
  cos: number;
  sin: number;
  /** Where each pixel lies in the patient. */
  xs: Float32Array;
  ys: Float32Array;
  /** Where the diaphragm meets the chest wall on this film. */
  base: number;
  /** By height: the lungs' outer and inner border; by x: the diaphragm. */
  wall: Float32Array;
  inner: Float32Array;
  floor: Float32Array;
}

/** The frame, whose `xs` and `ys` are written to the planes given. */
export function frameOf(
  patient: Patient,
  film: Film,
  size: number,
  xs: Float32Array,
  ys: Float32Array,
): Frame {
  // in bed the heart lies farther from the detector and is drawn larger
  const p = film.view === 'AP' ? { ...patient, heart: patient.heart * 1.14 } : patient;
  const base = p.base + film.inspiration;
  const at = (y: number): number => (y - p.apex) / (base - p.apex);
  const unit = 2 / size / film.scale;
  const [x0, y0] = [-(1 + film.shiftX) / film.scale, -(1 + film.shiftY) / film.scale];
  // |rotation| <= 0.08: good to 2e-6, and the same on every machine
  const cos = 1 - (film.rotation * film.rotation) / 2;
  const sin = film.rotation * (1 - (film.rotation * film.rotation) / 6);
  for (let j = 0, place = 0; j < size; j++)
    for (let i = 0; i < size; i++, place++) {
      const xr = x0 + (i + 0.5) * unit;
      const yr = y0 + (j + 0.5) * unit;
      xs[place] = cos * xr + sin * yr;
      ys[place] = cos * yr - sin * xr;
    }
  return {
    p,
    film,
    size,
    unit,
    x0,
    y0,
    cos,
    sin,
    xs,
    ys,
    base,
    wall: tabulate((y) => (at(y) <= 0 ? at(y) : wallAt(at(y), p))),
    inner: tabulate((y) => innerAt(Math.max(0, at(y)))),
    floor: tabulate((x) => floorAt(x, p, base)),
  };
}

export function toPixels(f: Frame, x: number, y: number): [number, number] {
  return [(f.cos * x - f.sin * y - f.x0) / f.unit - 0.5, (f.cos * y + f.sin * x - f.y0) / f.unit - 0.5];
}

/** Calls `visit` for every pixel of the film, or of a box in the patient around (x, y). */
export function each(
  f: Frame,
  visit: (at: number) => void,
  box?: { x: number; y: number; width: number; height: number },
): void {
  let [left, top, right, bottom] = [0, 0, f.size - 1, f.size - 1];
  if (box) {
    const [cx, cy] = toPixels(f, box.x, box.y);
    const lean = Math.abs(f.sin);
    const rx = (box.width + lean * box.height) / f.unit + 1;
    const ry = (box.height + lean * box.width) / f.unit + 1;
    left = Math.max(left, Math.floor(cx - rx));
    right = Math.min(right, Math.ceil(cx + rx));
    top = Math.max(top, Math.floor(cy - ry));
    bottom = Math.min(bottom, Math.ceil(cy + ry));
  }
  for (let j = top; j <= bottom; j++) for (let i = left; i <= right; i++) visit(j * f.size + i);
}
