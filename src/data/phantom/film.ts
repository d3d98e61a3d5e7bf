// Draws one film of a phantom: densities of body, lungs, heart and bones, the lesion, then exposure and noise.
// Brightness is density as on a film viewed on a screen: bone and fluid bright, air dark.

import { random } from '../random.js';
import type { Film, Patient } from './anatomy.js';
import { bump, clouds, step } from './draw.js';
import { drawLetters, drawLines, drawVessels, type Frame } from './overlays.js';

export interface Picture {
  /** [size, size], 8 bits. */
  pixels: Uint8Array;
  /** [size, size], 1 where the lesion is. */
  mask: Uint8Array;
  /** [size, size], 1 where the lungs are. */
  lungs: Uint8Array;
}

export function drawPicture(
  patient: Patient,
  film: Film,
  size: number,
  keys: (number | string)[],
  noise: number,
): Picture {
  const frame = frameOf(patient, film, size);
  const density = new Float32Array(size * size);
  const air = new Float32Array(size * size);
  drawAnatomy(density, air, patient, film, frame, keys);
  drawVessels(density, air, patient, film, frame, random(...keys, 'vessels'));
  const lesion = drawLesion(density, air, patient, film, frame, keys);
  drawLines(density, patient, film, frame, random(...keys, 'lines'));
  const pixels = expose(density, patient, film, size, keys, noise);
  drawLetters(pixels, patient, film, size, random(...keys, 'letters'));
  const mask = new Uint8Array(size * size);
  const lungs = new Uint8Array(size * size);
  for (let at = 0; at < mask.length; at++) {
    if (air[at] <= 0.5) continue;
    lungs[at] = 1;
    if (lesion[at] > 0.35) mask[at] = 1;
  }
  return { pixels, mask, lungs };
}

/** From pixels to the patient's coordinates and back. */
function frameOf(p: Patient, film: Film, size: number): Frame {
  const cos = 1 - (film.rotation * film.rotation) / 2; // |rotation| <= 0.09: good to 3e-6, the same everywhere
  const sin = film.rotation - film.rotation ** 3 / 6;
  const unit = 2 / size / film.scale;
  return {
    size,
    unit,
    x0: -(1 + film.shiftX) / film.scale,
    y0: -(1 + film.shiftY) / film.scale,
    base: p.base + film.inspiration,
    cos,
    sin,
  };
}

/** Half the lungs' outer width at `s`, 0 at the apex and 1 at the base. */
function wallAt(s: number, p: Patient): number {
  const t = 1 - Math.min(1, Math.max(0, s) / 0.85);
  return 0.24 + (p.lungWidth - 0.24) * Math.sqrt(1 - t * t);
}

/** How far (x, y) lies inside the lung of its side, in half film widths; negative outside. */
function lungDepth(x: number, y: number, p: Patient, film: Film, base: number): number {
  const s = (y - p.apex) / (base - p.apex);
  if (s <= 0) return s;
  const a = Math.abs(x - film.turn * 0.4);
  const t = 1 - Math.min(1, s / 0.25);
  const inner = 0.24 - 0.13 * Math.sqrt(1 - t * t) + (s > 0.5 ? (s - 0.5) * 0.08 : 0);
  const u = (a - 0.42 * p.lungWidth) / (p.lungWidth * 0.6);
  const floor = base - (x < 0 ? p.rightDome : 0) - p.domeHeight * (1 - u * u) + 0.02;
  return Math.min(wallAt(s, p) - a, a - inner, floor - y);
}

function drawAnatomy(
  density: Float32Array,
  air: Float32Array,
  p: Patient,
  film: Film,
  f: Frame,
  keys: (number | string)[],
): void {
  const tissue = clouds(random(...keys.slice(0, 2), 'tissue'), 14);
  const fine = clouds(random(...keys, 'fine'), 56);
  const { size } = f;
  for (let j = 0; j < size; j++)
    for (let i = 0; i < size; i++) {
      const at = j * size + i;
      const xr = f.x0 + (i + 0.5) * f.unit;
      const yr = f.y0 + (j + 0.5) * f.unit;
      const y = f.cos * yr - f.sin * xr;
      const x = f.cos * xr + f.sin * yr;
      const a = Math.abs(x);

      // the body: neck, shoulders, raised arms, chest wall, and air around it
      const width =
        0.24 +
        (p.bodyWidth + 0.16) * step(-1.04, -0.6, y) -
        0.4 * step(-0.5, 0.1, y) +
        0.06 * step(0.2, 1, y);
      const body = step(-0.025, 0.03, width - a);
      if (body === 0) {
        density[at] = 0.02;
        continue;
      }
      const chord = 1 - Math.min(1, a / width) ** 2;
      let d = 0.3 + 0.3 * p.thickness * Math.sqrt(chord) + 0.08 * step(0.3, 0.9, y);

      // heart and great vessels, then the air around them
      const xt = x - film.turn;
      const hx = (xt - p.heartX) / (0.36 * p.heart);
      const hy = (y - (f.base - 0.24)) / (0.33 * p.heart);
      const tilt = hx * 0.9 + hy * 0.3;
      const left = step(1.08, 0.88, Math.sqrt(tilt * tilt + (hy - hx * 0.25) ** 2));
      const right = step(1.06, 0.86, Math.sqrt(((xt + 0.1) / 0.14) ** 2 + ((y - f.base + 0.26) / 0.26) ** 2));
      const knob = p.aorta * step(1.15, 0.75, Math.sqrt(((xt - 0.12) / 0.08) ** 2 + ((y + 0.24) / 0.1) ** 2));
      const heart = Math.max(left, right, 0.7 * knob);
      const depth = lungDepth(x, y, p, film, f.base);
      const lung = step(-0.012, 0.03, depth) * (1 - 0.8 * heart);
      air[at] = lung;
      const deep = Math.min(1, Math.max(0, depth / 0.25));
      d -= lung * (0.25 + 0.12 * deep) * (1 + film.inspiration);
      d += 0.07 * heart * step(0.12, 0, y - f.base);

      // spine, windpipe, hila
      const xm = xt - p.scoliosis * (1 - y * y);
      const b = Math.abs(xm);
      d += 0.09 * bump(Math.min(1, b / 0.22));
      if (b < 0.12) {
        const v = (y + 2) / 0.135;
        const w = v - Math.floor(v) - 0.5;
        d += bump(b / 0.12) * (0.07 - 0.06 * step(0.34, 0.48, Math.abs(w))) * (1 - 0.5 * heart);
      }
      if (y < -0.15) d -= 0.08 * bump(Math.min(1, xt / 0.06)) * step(-0.15, -0.3, y);
      if (b < 0.4 && y > -0.3 && y < 0.2)
        d += 0.09 * (hilum(xt + 0.19, y + 0.03) + hilum(xt - 0.19, y + 0.07));
      // gas in the stomach
      d -= 0.12 * bump(Math.min(1, Math.sqrt(((x - 0.38) / 0.15) ** 2 + ((y - f.base - 0.12) / 0.08) ** 2)));

      d += bones(x, a, y, p, f.base);
      if (p.breasts) {
        const e = Math.sqrt(((a - 0.42) / 0.34) ** 2 + ((y - 0.3) / 0.36) ** 2);
        d += p.breasts * step(1.05, 0.93, e) * step(-0.25, 0.35, y);
      }
      const fx = i / size;
      const fy = j / size;
      d += 0.022 * tissue(fx, fy) + 0.014 * fine(fx, fy) * (1 - 0.5 * lung);
      density[at] = 0.02 + body * (d - 0.02);
    }
}

function hilum(x: number, y: number): number {
  const e2 = (x * x) / 0.0169 + (y * y) / 0.0324;
  return e2 < 1 ? (1 - e2) * (1 - e2) : 0;
}

function bones(x: number, a: number, y: number, p: Patient, base: number): number {
  let d = 0;
  const cage = step(0.0, 0.03, p.lungWidth * 1.06 * (0.5 + 0.5 * step(-0.85, -0.2, y)) - a);
  if (cage > 0 && a > 0.05) {
    // behind: from the spine up a little, then down and out
    const back = (y - p.ribSlope * (a - 0.2) ** 2 * 1.6 - 0.06 * a) / p.ribPitch + p.ribPhase;
    d += 0.075 * p.ribContrast * band(back, 0.27) * cage * step(0.05, 0.14, a) * step(base + 0.45, base, y);
    // in front: from the wall down and in, fading where bone turns into cartilage
    const front = (y + p.ribSlope * 1.1 * (a - 0.7)) / (p.ribPitch * 1.18) + p.ribPhase * 0.7;
    d +=
      0.034 *
      p.ribContrast *
      band(front, 0.22) *
      cage *
      step(0.22, 0.42, a) *
      step(base + 0.2, base - 0.15, y);
  }
  // collar bones
  const collar = (y - (p.clavicle + 0.16 * (0.35 - a) + 0.1 * bump((a - 0.5) / 0.35))) / 0.038;
  d += 0.11 * step(1.1, 0.7, Math.abs(collar)) * step(0.05, 0.1, a) * step(0.8, 0.7, a);
  // shoulder blades: their inner edge
  const blade = (a - (p.lungWidth * 1.02 + 0.12 * (y + 0.3))) / 0.05;
  d += 0.06 * step(-0.5, 0.5, blade) * step(0.2, -0.05, y) * step(-0.75, -0.6, y);
  return d;
}

/** A rib: brighter at both edges than in its middle. */
function band(phase: number, half: number): number {
  const w = Math.abs(phase - Math.floor(phase) - 0.5) / half;
  return w >= 1.12 ? 0 : step(1.12, 0.88, w) * (0.7 + 0.3 * step(0.5, 0.95, w));
}

/** Adds the lesion and returns it: 1 at its densest. */
function drawLesion(
  density: Float32Array,
  air: Float32Array,
  p: Patient,
  film: Film,
  f: Frame,
  keys: (number | string)[],
): Float32Array {
  const lesion = new Float32Array(density.length);
  if (p.blobs.length === 0) return lesion;
  const { size } = f;
  const dense = p.finding === 'consolidation';
  const rough = clouds(random(...keys.slice(0, 2), 'rough'), dense ? 18 : 30);
  const height = f.base - p.apex;
  for (const blob of p.blobs) {
    const y = p.apex + height * (0.04 + 0.86 * blob.down);
    const wall = wallAt(blob.down, p);
    const x = blob.side * (0.12 + (wall - 0.12) * blob.across);
    const radius = blob.radius * film.growth;
    for (let j = 0; j < size; j++) {
      const yr = f.y0 + (j + 0.5) * f.unit;
      if (Math.abs(yr - y) > radius * 1.6 + 0.15) continue;
      for (let i = 0; i < size; i++) {
        const xr = f.x0 + (i + 0.5) * f.unit;
        const ex = (f.cos * xr + f.sin * yr - x) / (radius * blob.stretch);
        const ey = (f.cos * yr - f.sin * xr - y) / (radius / blob.stretch);
        const e2 = ex * ex + ey * ey;
        if (e2 > 1.7) continue;
        const at = j * size + i;
        const edge = Math.sqrt(e2) + (dense ? 0.12 : 0.2) * rough(i / size, j / size);
        const v = blob.weight * step(1.15, dense ? 0.3 : 0.3, edge);
        if (v > lesion[at]) lesion[at] = v;
      }
    }
  }
  const strength = (dense ? 0.36 : 0.19) * film.severity;
  for (let at = 0; at < lesion.length; at++) {
    if (lesion[at] === 0) continue;
    lesion[at] *= air[at];
    const x = (at % size) / size;
    const grain = dense ? 0.1 * rough(x * 0.9, at / size / size) : 0.35 * rough(at / size / size, x);
    density[at] += strength * lesion[at] * (1 + grain);
  }
  return lesion;
}

/** From density to the film's grey values: exposure, contrast, gamma, the hospital's look, noise. */
function expose(
  density: Float32Array,
  p: Patient,
  film: Film,
  size: number,
  keys: (number | string)[],
  noise: number,
): Uint8Array {
  const r = random(...keys, 'noise');
  const other = p.hospital === 1;
  const contrast = film.contrast * (other ? 0.85 : 1.05);
  const lift = film.exposure + (other ? 0.06 : -0.02);
  const sigma = 0.022 * film.noise * noise;
  const gamma = film.gamma * (other ? 0.9 : 1.1);
  const table = toneCurve(gamma);
  const pixels = new Uint8Array(size * size);
  const grain = new Float32Array(size + 1); // the row above, overwritten from the left; [0] is the margin
  for (let j = 0; j < size; j++) {
    let corner = 0;
    for (let i = 0; i < size; i++) {
      const at = j * size + i;
      const u = (i / size) * 2 - 1;
      const v = (j / size) * 2 - 1;
      let d = (density[at] - 0.45) * contrast * 1.25 + 0.45 + lift;
      if (other) d -= 0.09 * (u * u + v * v); // light falls off towards the corners
      // a little correlated with its neighbours, as a detector's is
      const above = grain[i + 1];
      grain[i + 1] = 0.25 * (grain[i] + above) - 0.0625 * corner + r.normal() * sigma;
      corner = above;
      d += grain[i + 1] * (0.6 + 0.6 * (1 - density[at]));
      const t = d < 0 ? 0 : d > 1 ? 1 : d;
      pixels[at] = table[(t * 1024) | 0] + 0.5;
    }
  }
  return pixels;
}

function toneCurve(gamma: number): Float32Array {
  const table = new Float32Array(1025);
  for (let i = 0; i < table.length; i++) table[i] = 255 * (i / 1024) ** gamma;
  return table;
}
