// A film's findings: where each lies on the film, as a field of 0 to 1 that also makes the mask, and what it does to the densities.

import { random } from '../random.js';
import { clamp, clouds, index, square, step, stroke } from './draw.js';
import { growth, type Disease } from './findings.js';
import { each, toPixels, type Frame } from './frame.js';
import { horizontalFissure, placeOf, wallAt } from './lungs.js';

/** A film in the making, with the finding that it shows. */
export interface Scene {
  f: Frame;
  disease: Disease;
  severity: number;
  /** The patient's random numbers: a lesion looks the same on all their films. */
  seed: readonly (number | string)[];
  density: Float32Array;
  /** How much lung each ray meets, 0 to 1. */
  air: Float32Array;
  /** The finding's field, 0 to 1. */
  lesion: Float32Array;
}

/** What a finding draws: `field` before the vessels, `shade` after them; `hides` is how much of a vessel it covers. */
interface Look {
  field(scene: Scene): void;
  hides: number;
  shade(scene: Scene): void;
}

/** Draws the finding's field, which ends where the lung does. */
export function drawField(scene: Scene): void {
  const { lesion, air, disease } = scene;
  looks[disease.finding].field(scene);
  for (let at = 0; at < lesion.length; at++) if (lesion[at] > 0) lesion[at] *= Math.min(1, air[at] * 1.2);
}

/** Writes to `seen` how visible vessels are: against air, and not behind the finding. */
export function show({ air, lesion, disease }: Scene, seen: Float32Array): void {
  const { hides } = looks[disease.finding];
  for (let at = 0; at < seen.length; at++) seen[at] = air[at] * (1 - hides * lesion[at]);
}

/** Adds what the finding does to the densities. */
export function shade(scene: Scene): void {
  looks[scene.disease.finding].shade(scene);
}

/** Rays through soft balls: the densest counts. `soft` is where the edge ends and where it begins, `rough` how ragged it is. */
function balls(
  { lesion, f, disease, severity }: Scene,
  [outer, inner]: readonly [number, number],
  rough: (x: number, y: number) => number,
): void {
  for (const blob of disease.blobs) {
    const radius = blob.radius * growth(blob, severity);
    if (radius === 0) continue;
    const { x: cx, y: cy } = placeOf(blob, f.p, f.base);
    const [rx, ry] = [radius * blob.stretch, radius / blob.stretch];
    const reach = outer * 1.2;
    each(
      f,
      (at) => {
        const x = f.xs[at];
        const y = f.ys[at];
        const ex = (x - cx) / rx;
        const ey = (y - cy) / ry;
        const e2 = ex * ex + ey * ey;
        if (e2 > reach * reach) return;
        const v = blob.weight * step(outer, inner, Math.sqrt(e2) + rough(x, y));
        if (v > lesion[at]) lesion[at] = v;
      },
      { x: cx, y: cy, width: rx * reach, height: ry * reach },
    );
  }
}

/** A texture over the chest, [-1, 1] by [-1, 1]. */
function texture({ seed }: Scene, name: string, cells: number): (x: number, y: number) => number {
  const read = clouds(random(...seed, name), cells);
  return (x, y) => read((x + 1.2) / 2.4, (y + 1.2) / 2.4);
}

const consolidation: Look = {
  hides: 0.85,
  field(scene) {
    const { lesion, f, disease } = scene;
    const { sides, lobe } = disease;
    const ragged = texture(scene, 'ragged', 20);
    balls(scene, [1.1, 0.5], (x, y) => 0.14 * ragged(x, y));
    const fissure = f.p.apex + (f.base - f.p.apex) * horizontalFissure;
    const right = sides[0] < 0;
    each(f, (at) => {
      const x = f.xs[at];
      const y = f.ys[at];
      if (lesion[at] === 0) return;
      if (x * sides[0] < 0) lesion[at] = 0;
      // the horizontal fissure is met edge on and is a sharp line; the oblique ones are met flat on
      const below = y - fissure - 0.05 * (Math.abs(x) - 0.4);
      const s = (y - f.p.apex) / (f.base - f.p.apex);
      if (lobe === 'upper') lesion[at] *= right ? step(0.01, -0.008, below) : step(0.85, 0.6, s);
      else if (lobe === 'middle') lesion[at] *= step(-0.01, 0.008, below);
      else lesion[at] *= step(0.32, 0.56, s);
    });
  },
  shade({ density, lesion, f, disease: { sides, blobs }, severity, seed }) {
    const strength = 0.12 + 0.22 * severity;
    for (let at = 0; at < lesion.length; at++) density[at] += strength * lesion[at];
    // bronchi with air in them, dark in the dense lung
    const r = random(...seed, 'bronchi');
    const { x: cx, y: cy } = placeOf(blobs[0], f.p, f.base);
    for (let k = 0; k < 5; k++) {
      let [x, y] = [f.film.turn + sides[0] * 0.17, -0.03];
      const [tx, ty] = [cx + r(-0.2, 0.2), cy + r(-0.22, 0.22)];
      for (let s = 0; s < 5; s++) {
        const [nx, ny] = [x + (tx - x) * 0.34 + r(-0.02, 0.02), y + (ty - y) * 0.34 + r(-0.02, 0.02)];
        const line = [...toPixels(f, x, y), ...toPixels(f, nx, ny)];
        stroke(density, f.size, line, (0.014 - 0.0018 * s) / f.unit, -0.07, lesion);
        [x, y] = [nx, ny];
      }
    }
  },
};

const groundGlass: Look = {
  hides: 0.25,
  field(scene) {
    const ragged = texture(scene, 'ragged', 30);
    balls(scene, [1.15, 0.3], (x, y) => 0.2 * ragged(x, y));
  },
  shade(scene) {
    const { density, lesion, f, severity } = scene;
    const grain = texture(scene, 'grain', 44);
    const strength = 0.05 + 0.14 * severity;
    each(f, (at) => {
      const x = f.xs[at];
      const y = f.ys[at];
      if (lesion[at] > 0) density[at] += strength * lesion[at] * (1 + 0.35 * grain(x, y));
    });
  },
};

const reticulation: Look = {
  hides: 0,
  field(scene) {
    const { lesion, f, severity } = scene;
    const ragged = texture(scene, 'ragged', 12);
    const from = 0.98 - 0.6 * severity;
    each(f, (at) => {
      const x = f.xs[at];
      const y = f.ys[at];
      const row = index(y);
      const s = (y - f.p.apex) / (f.base - f.p.apex);
      const depth = f.wall[row] - Math.abs(x);
      if (s <= 0 || depth < 0) return;
      const score = 0.6 * step(0.4, 0, depth) + 0.55 * step(0.1, 1, s) + 0.14 * ragged(x, y);
      lesion[at] = step(from - 0.1, from + 0.1, score);
    });
  },
  shade(scene) {
    const { density, lesion, f, severity } = scene;
    const nets = [38, 54].map((cells, k) => texture(scene, `net ${k}`, cells));
    const strength = 0.05 + 0.1 * severity;
    each(f, (at) => {
      const x = f.xs[at];
      const y = f.ys[at];
      if (lesion[at] === 0) return;
      let line = 0;
      for (const net of nets) {
        const n = net(x, y);
        line = Math.max(line, 1 - (n < 0 ? -n : n) / 0.17);
      }
      density[at] += lesion[at] * (0.02 + 0.03 * severity + strength * line);
    });
  },
};

const nodules: Look = {
  hides: 0.5,
  field(scene) {
    balls(scene, [1.1, 0.7], () => 0);
  },
  shade({ density, lesion, f, disease: { blobs }, severity }) {
    for (const blob of blobs) {
      const radius = blob.radius * growth(blob, severity);
      if (radius === 0) continue;
      const { x: cx, y: cy } = placeOf(blob, f.p, f.base);
      each(
        f,
        (at) => {
          const x = f.xs[at];
          const y = f.ys[at];
          const e2 = square((x - cx) / radius) + square((y - cy) / radius);
          if (e2 < 1.2)
            density[at] += (0.05 + radius) * blob.weight * step(1.1, 0.3, e2) * Math.min(1, 2 * lesion[at]);
        },
        { x: cx, y: cy, width: radius * 1.15, height: radius * 1.15 },
      );
    }
  },
};

const effusion: Look = {
  hides: 1,
  field({ lesion, f, disease: { sides }, severity }) {
    for (const [k, side] of sides.entries()) {
      const amount = k === 0 ? severity : 0.6 * severity; // the other side has less
      const top = f.base - 0.1 - 0.66 * amount;
      each(f, (at) => {
        const x = f.xs[at];
        const y = f.ys[at];
        if (x * side < 0) return;
        const row = index(y);
        const u = clamp((Math.abs(x) - f.inner[row]) / (f.wall[row] - f.inner[row]));
        // the meniscus: highest along the chest wall
        const level = top + (0.12 + 0.1 * amount) * (1 - u * u) - 0.09 * square(square(u * u));
        lesion[at] = step(-0.03, 0.03, y - level);
      });
    }
  },
  shade({ density, lesion, severity }) {
    const strength = 0.27 + 0.08 * severity;
    for (let at = 0; at < lesion.length; at++) density[at] += strength * lesion[at];
  },
};

/** How far the collapsed lung's surface lies inside the chest wall. */
const gapOf = (severity: number): number => 0.03 + 0.32 * severity;

/** The collapsed lung's outer border at height y: the lung's own shape, smaller. */
function surfaceAt(y: number, f: Frame, gap: number): number {
  const apex = f.p.apex + 1.1 * gap;
  const s = (y - apex) / (f.base - apex);
  return s <= 0 ? -s : wallAt(s, f.p) - gap * (1 - 0.45 * s);
}

const pneumothorax: Look = {
  hides: 1,
  field({
    lesion,
    f,
    disease: {
      sides: [side],
    },
    severity,
  }) {
    const gap = gapOf(severity);
    each(f, (at) => {
      const x = f.xs[at];
      const y = f.ys[at];
      if (x * side < 0 || y > f.base) return;
      const s = (y - f.p.apex - 1.1 * gap) / (f.base - f.p.apex - 1.1 * gap);
      lesion[at] = s <= 0 ? 1 : step(-0.008, 0.008, x * side - surfaceAt(y, f, gap));
    });
  },
  shade({
    density,
    lesion,
    air,
    f,
    disease: {
      sides: [side],
    },
    severity,
  }) {
    const gap = gapOf(severity);
    const denser = 0.015 + 0.06 * severity;
    each(f, (at) => {
      if (f.xs[at] * side > 0) density[at] += air[at] * (denser - (0.05 + denser) * lesion[at]);
    });
    // the visceral pleura, a fine bright line
    const apex = f.p.apex + 1.1 * gap;
    let last: [number, number] | undefined;
    for (let k = 0; k <= 40; k++) {
      const y = apex + 0.004 + ((f.base - apex) * k * k) / 1600;
      const place = toPixels(f, side * surfaceAt(y, f, gap), y);
      if (last) stroke(density, f.size, [...last, ...place], 0.007 / f.unit, 0.07, air);
      last = place;
    }
  },
};

const looks: Record<Disease['finding'], Look> = {
  normal: { field: () => undefined, hides: 0, shade: () => undefined },
  consolidation,
  'ground glass': groundGlass,
  reticulation,
  nodules,
  effusion,
  pneumothorax,
};
