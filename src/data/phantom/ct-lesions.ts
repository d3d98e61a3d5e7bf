// A CT phantom's findings: where each lies in the chest, as a field of 0 to 1 that also makes the mask, and what it does to the voxels.

import type { Patient } from './anatomy.js';
import { clamp, square, step } from './draw.js';
import { growth, type Blob, type Disease } from './findings.js';
import { horizontalFissure, obliqueFissure, placeOf } from './lungs.js';
import { backOf, levelAt, type Level } from './torso.js';

/** What a field is made from. */
interface Illness {
  disease: Disease;
  severity: number;
  /** A cloudy texture in space. */
  ragged: (x: number, y: number, z: number) => number;
}

/** Where a blob's centre lies in the chest. */
export function centreOf(blob: Blob, p: Patient): { x: number; y: number; z: number } {
  const { x, y } = placeOf(blob, p, p.base);
  return { x, y, z: 0.8 * blob.back * levelAt(p, y).deep };
}

/** How much of the finding is at (x, z) of a level, `inside` being how far that is from the pleura; none where it isn't at this height. */
type Field = (x: number, z: number, inside: number) => number;
type MakeField = (illness: Illness, level: Level) => Field | undefined;

/** Soft balls in space, as on the films. */
function balls(
  { disease, severity, ragged }: Illness,
  { y, p }: Level,
  outer: number,
  inner: number,
  rough: number,
): Field | undefined {
  const near = disease.blobs.flatMap((blob) => {
    const radius = blob.radius * growth(blob, severity);
    const centre = centreOf(blob, p);
    const ry = radius / blob.stretch;
    return radius > 0 && Math.abs(y - centre.y) < ry * outer * 1.2
      ? [{ ...centre, radius, rx: radius * blob.stretch, ry, blob }]
      : [];
  });
  if (near.length === 0) return undefined;
  return (x, z) => {
    let most = 0;
    for (const { x: cx, y: cy, z: cz, radius, rx, ry, blob } of near) {
      const e2 = square((x - cx) / rx) + square((y - cy) / ry) + square((z - cz) / radius);
      if (e2 > square(outer * 1.2) || x * blob.side < 0) continue;
      const v = blob.weight * step(outer, inner, Math.sqrt(e2) + rough * ragged(x, y, z));
      if (v > most) most = v;
    }
    return most;
  };
}

export const fields: Record<Disease['finding'], MakeField> = {
  normal: () => undefined,
  consolidation(illness, level) {
    const ball = balls(illness, level, 1.1, 0.6, 0.16);
    const { lobe, sides } = illness.disease;
    return (
      ball &&
      ((x, z, inside) => {
        const lower = level.s - obliqueFissure(backOf(z, level));
        const fall = lobe === 'lower' ? step(-0.004, 0.004, lower) : step(0.004, -0.004, lower);
        const minor = level.s - horizontalFissure;
        const part =
          sides[0] > 0 || lobe === 'lower'
            ? 1
            : lobe === 'upper'
              ? step(0.004, -0.004, minor)
              : step(-0.004, 0.004, minor);
        return fall * part * ball(x, z, inside);
      })
    );
  },
  'ground glass': (illness, level) => balls(illness, level, 1.15, 0.4, 0.22),
  nodules: (illness, level) => balls(illness, level, 1.05, 0.85, 0),
  reticulation({ severity, ragged }, level) {
    const from = 0.98 - 0.6 * severity;
    return (x, z, inside) => {
      const score = 0.6 * step(0.3, 0, inside) + 0.55 * step(0.1, 1, level.s) + 0.14 * ragged(x, level.y, z);
      return step(from - 0.1, from + 0.1, score);
    };
  },
  effusion({ disease, severity }, level) {
    // the patient lies on the back: fluid settles behind
    const { sides } = disease;
    return (x, z) => {
      const k = sides.indexOf(x < 0 ? -1 : 1);
      if (k < 0) return 0;
      const amount = (k === 0 ? 1 : 0.6) * severity * (0.25 + 0.75 * clamp(level.s));
      const surface = level.deep * (0.86 - 1.15 * amount) - 0.1 * square(x / level.wall);
      return step(-0.012, 0.012, z - surface);
    };
  },
  pneumothorax({ disease, severity }, level) {
    // air rises to the front
    const side = disease.sides[0];
    return (x, z, inside) => {
      if (x * side < 0) return 0;
      const gap = (0.05 + 0.3 * severity) * (1.1 - 0.4 * clamp(level.s));
      const surface = -level.deep * 0.8 + 1.5 * gap - 0.45 * square(x / level.wall - side * 0.45);
      return Math.max(step(0.006, -0.006, z - surface), z < 0 ? step(0.004, -0.004, inside - 0.25 * gap) : 0);
    };
  },
};

/** What a finding does to a voxel's Hounsfield units, `grain` being a fine texture in [-1, 1], and how much of a vessel it hides. */
interface Look {
  hides: number;
  shade: (hu: number, lesion: number, severity: number, grain: number) => number;
}

export const looks: Record<Disease['finding'], Look> = {
  normal: { hides: 0, shade: (hu) => hu },
  consolidation: { hides: 0, shade: (hu, l, severity) => hu + (20 + 20 * severity - hu) * l * 0.97 },
  'ground glass': {
    hides: 0,
    shade: (hu, l, severity, grain) =>
      hu + Math.max(0, -350 - hu) * l * (0.3 + 0.5 * severity) * (1 + 0.35 * grain),
  },
  reticulation: {
    hides: 0,
    // septa stand out where the texture changes its sign
    shade(hu, l, severity, grain) {
      const line = Math.max(0, 1 - Math.abs(grain) / 0.22);
      return hu + Math.max(0, 20 - hu) * l * (0.05 + 0.08 * severity + (0.4 + 0.3 * severity) * line);
    },
  },
  nodules: { hides: 0, shade: (hu, l) => hu + (35 - hu) * l },
  effusion: { hides: 1, shade: (hu, l) => hu + (12 - hu) * l },
  // beyond the visceral pleura, which is a fine line
  pneumothorax: { hides: 1, shade: (hu, l) => hu + (-995 - hu) * l + 900 * l * (1 - l) },
};
