// A film's anatomy: how dense the body is where each pixel's ray goes through it. Body, heart, spine, windpipe, bones; air is dark.

import type { Random } from '../random.js';
import { addClouds, bump, clamp, index, square, step, stroke, tabulate } from './draw.js';
import { each, toPixels, type Frame } from './frame.js';
import { silhouetteAt } from './lungs.js';

// what is the same in every body, by place: t as a share of the body's half width, b from the spine's middle, y by height
const chord = tabulate((t) => Math.sqrt(Math.max(0, 1 - t * t)));
const spine = tabulate((b) => 0.07 * bump(b / 0.24));
const vertebra = tabulate((b) => bump(b / 0.11));
const windpipe = tabulate((y) => 0.085 * step(-0.16, -0.3, y));
// ribs by u, 0 at the spine and 1 at the chest wall: how steeply they fall, where the hind and fore parts and the cage's rim show
const steep = tabulate((u) => 1 + 0.9 * clamp((u - 0.78) / 0.22));
const hind = tabulate((u) => step(0.06, 0.16, u) * step(1.06, 1.0, u));
const fore = tabulate((u) => step(0.3, 0.55, u) * step(1.04, 0.98, u));
const rim = tabulate((u) => step(0.9, 0.98, u) * step(1.06, 1.0, u));
/** Across a rib whose neighbour is 1 away: brighter at both edges than in its middle. */
const profile = tabulate((t) => {
  const w = Math.abs(t - Math.floor(t) - 0.5) / 0.24;
  return w >= 1.12 ? 0 : step(1.12, 0.85, w) * (0.72 + 0.28 * step(0.5, 0.95, w));
});
const collarShown = tabulate((a) => step(0.05, 0.1, a) * step(0.86, 0.78, a));
const collarThick = tabulate((a) => 0.028 + 0.012 * step(0.3, 0.08, a));

/** Adds the anatomy to `density`, and to `air` how much lung the ray meets: 1 in the open lung, 0.15 behind the heart. */
export function drawBody(
  density: Float32Array,
  air: Float32Array,
  f: Frame,
  tissue: Random,
  fine: Random,
): void {
  const { p, film, base, xs, ys } = f;
  const heightAt = (y: number): number => (y - p.apex) / (base - p.apex);
  const width = tabulate(
    (y) =>
      0.2 +
      (p.bodyWidth + 0.14) * step(p.apex - 0.3, p.apex + 0.14, y) -
      0.34 * step(-0.5, 0.15, y) +
      0.06 * step(0.3, 1, y),
  );
  const thickness = tabulate((y) => 0.3 + 0.08 * step(0.3, 0.9, y) + 0.08 * step(base - 0.05, base + 0.3, y));
  const heart = [-1, 1].map((side) => tabulate((y) => silhouetteAt(heightAt(y), side, p)));
  const disc = tabulate((y) => {
    const v = (y + 2) / (p.child ? 0.11 : 0.14);
    return 0.05 - 0.05 * step(0.34, 0.48, Math.abs(v - Math.floor(v) - 0.5));
  });
  addClouds(density, tissue, 14, f.size, 0.022);
  addClouds(density, fine, 56, f.size, 0.01);

  each(f, (at) => {
    const x = xs[at];
    const y = ys[at];
    const a = x < 0 ? -x : x;
    const row = index(y);
    const skin = (width[row] - a + 0.025) / 0.055;
    if (skin <= 0) {
      density[at] = 0.02;
      return;
    }
    let d = thickness[row] + 0.3 * p.thickness * chord[index(a / width[row])];

    const xt = x - film.turn;
    const border = xt < 0 ? heart[0][row] : heart[1][row];
    const within = border - (xt < 0 ? -xt : xt);
    const shadow = step(-0.02, 0.02, within);
    const depth = Math.min(f.wall[row] - a, a - f.inner[row], f.floor[index(x)] - y);
    const lung = step(-0.012, 0.025, depth) * (1 - 0.85 * shadow);
    air[at] = lung;
    d -= lung * (0.26 + 0.12 * clamp(depth / 0.25)) * (1 + film.inspiration);
    if (y < base && shadow > 0) d += shadow * (0.02 + 0.1 * clamp(within / 0.25));

    const xm = xt - p.scoliosis * (1 - y * y);
    d += spine[index(xm)] + vertebra[index(xm)] * disc[row] * (1 - 0.5 * shadow);
    d -= windpipe[row] * bump(xt / 0.06);
    if (p.breasts) {
      const e = Math.sqrt(square((a - 0.46) / 0.34) + square((y - 0.32) / 0.34));
      d += p.breasts * step(1.05, 0.93, e) * step(-0.2, 0.4, y);
    }
    d += density[at];
    density[at] = skin >= 1 ? d : 0.02 + step(0, 1, skin) * (d - 0.02);
  });
  drawBones(density, f);
  drawHila(density, f);
  // gas in the stomach
  each(
    f,
    (at) => {
      const x = xs[at];
      const y = ys[at];
      density[at] -= 0.12 * bump(Math.sqrt(square((x - 0.42) / 0.17) + square((y - base - 0.1) / 0.09)));
    },
    { x: 0.42, y: base + 0.1, width: 0.17, height: 0.09 },
  );
}

function drawHila(density: Float32Array, f: Frame): void {
  for (const [side, height] of [
    [-1, -0.02],
    [1, -0.07],
  ])
    each(
      f,
      (at) => {
        const x = f.xs[at];
        const y = f.ys[at];
        const e2 = square((x - f.film.turn - side * 0.19) / 0.13) + square((y - height) / 0.18);
        if (e2 < 1) density[at] += 0.08 * (1 - e2) * (1 - e2);
      },
      { x: f.film.turn + side * 0.19, y: height, width: 0.13, height: 0.18 },
    );
}

/** The cage's width on the way up, t from 0 to 1. */
const taper = (t: number): number => Math.sqrt(Math.max(0.05, 1 - t * t * t));

/** Ribs, collar bones, shoulder blades and upper arms. */
function drawBones(density: Float32Array, f: Frame): void {
  const { p, film, base } = f;
  const cage = tabulate((y) => (p.lungWidth + 0.035) * taper(clamp((0.35 - y) / 1.35)));
  const fade = tabulate((y) => step(base + 0.34, base - 0.02, y));
  // behind: from the spine up a little, then out, and steeply down along the wall; in front: on, down and in
  const back = (u: number): number =>
    (p.ribSlope * 1.5 * u * u - 0.09 * u + 0.16 * square(clamp((u - 0.8) / 0.2))) / p.ribPitch;
  const behind = tabulate(back);
  const before = tabulate(
    (u) => back(1) + ((0.22 + p.ribSlope) * (1 - u) * (1 - 0.25 * (1 - u))) / p.ribPitch,
  );
  const collar = tabulate((a) => p.clavicle + 0.17 * (0.3 - a) + 0.1 * bump((a - 0.55) / 0.4));
  const shoulder = film.view === 'AP' ? -0.1 : 0.04; // in bed the blades lie over the lungs
  each(f, (at) => {
    if (density[at] <= 0.02) return; // the air around the body
    const a = Math.abs(f.xs[at]);
    const y = f.ys[at];
    const row = index(y);
    let d = 0;
    const u = index(a / cage[row]);
    if (hind[u] > 0 && fade[row] > 0) {
      const t = y / p.ribPitch + p.ribPhase;
      const one = t - behind[u];
      const w = (one - Math.floor(one) - 0.5) / steep[u];
      d += 0.07 * p.ribContrast * profile[index(w + 0.5)] * hind[u] * fade[row];
      if (fore[u] > 0) {
        const two = t - before[u];
        d += 0.034 * p.ribContrast * profile[index(two - Math.floor(two))] * fore[u] * fade[row];
      }
      d += 0.05 * p.ribContrast * rim[u] * fade[row];
    }
    if (y < -0.35) {
      const column = index(a);
      const c = (y - collar[column]) / collarThick[column];
      if (c > -1.15 && c < 1.15) d += 0.1 * collarShown[column] * step(1.15, 0.7, c < 0 ? -c : c);
      const arm = square((a - 1.0) / 0.13) + square((y - p.clavicle - 0.06) / 0.15);
      if (arm < 1.1) d += 0.09 * step(1.1, 0.75, arm);
    }
    if (y < 0.15 && a > 0.4) {
      const blade = a - (p.lungWidth + shoulder + 0.15 * (y + 0.3));
      d +=
        0.045 *
        step(-0.02, 0.03, blade) *
        step(0.32, 0.2, blade) *
        step(0.15, -0.05, y) *
        step(-0.78, -0.6, y);
    }
    density[at] += d;
  });
}

/** Vessels: branches from the hila outwards, thinner and fainter on the way, seen only against air. */
export function drawVessels(density: Float32Array, air: Float32Array, f: Frame, r: Random): void {
  const { p, film } = f;
  const branch = (x0: number, y0: number, x1: number, y1: number, width: number): void =>
    stroke(
      density,
      f.size,
      [...toPixels(f, x0, y0), ...toPixels(f, x1, y1)],
      width / f.unit,
      0.05 * p.vessels,
      air,
    );
  for (const side of [-1, 1])
    for (let k = 0; k < 15; k++) {
      let x = film.turn + side * r(0.14, 0.2);
      let y = r(-0.12, 0.1);
      // directions fan out: up, out, down
      let dy = -1 + (2 * (k + r())) / 15;
      let dx = side * (1 - 0.65 * Math.abs(dy));
      let width = r(0.008, 0.013);
      const steps = 6 + r.int(3);
      for (let s = 0; s < steps; s++) {
        const length = r(0.06, 0.11);
        const nx = x + dx * length;
        const ny = y + dy * length;
        branch(x, y, nx, ny, width);
        const [tx, ty] = [dx + r(-0.7, 0.7), dy + r(-0.7, 0.7)];
        if (r.chance(0.6) && s > 0) branch(nx, ny, nx + tx * 0.09, ny + ty * 0.09, width * 0.6);
        x = nx;
        y = ny;
        dx += r(-0.25, 0.25);
        dy += r(-0.25, 0.25);
        width *= 0.78;
      }
    }
}
