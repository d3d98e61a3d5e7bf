// What differs from patient to patient and from film to film of a phantom: numbers only, drawn from the seed.
// Lengths are in half film widths: the film is [-1, 1] by [-1, 1], x to the right, y down.

import { random, type Random } from '../random.js';

export const findings = ['normal', 'consolidation', 'ground glass'] as const;
export type Finding = (typeof findings)[number];

/** A soft disc of a lesion; `side` -1 is the image's left, the patient's right. */
export interface Blob {
  side: -1 | 1;
  /** Place in the lung: 0 at the mediastinum, 1 at the chest wall. */
  across: number;
  /** 0 at the apex, 1 at the diaphragm. */
  down: number;
  radius: number;
  stretch: number;
  weight: number;
}

export interface Patient {
  finding: Finding;
  hospital: number;
  lungWidth: number;
  apex: number;
  base: number;
  domeHeight: number;
  rightDome: number;
  bodyWidth: number;
  thickness: number;
  heart: number;
  heartX: number;
  aorta: number;
  ribPitch: number;
  ribPhase: number;
  ribSlope: number;
  ribContrast: number;
  clavicle: number;
  scoliosis: number;
  vessels: number;
  breasts: number;
  pacemaker: boolean;
  blobs: Blob[];
}

export interface Film {
  shiftX: number;
  shiftY: number;
  /** Radians. */
  rotation: number;
  scale: number;
  /** Moves the diaphragm: more is a deeper breath. */
  inspiration: number;
  /** Sideways shift of the mediastinum when the patient is turned. */
  turn: number;
  exposure: number;
  contrast: number;
  gamma: number;
  noise: number;
  /** How dense the lesion is on this film. */
  severity: number;
  growth: number;
  leads: number;
  letter: 'L' | 'R' | '';
}

export function drawPatient(seed: number, index: number, finding: Finding, hospital: number): Patient {
  const r = random(seed, 'patient', index);
  const breasts = r.chance(0.3) ? r(0.03, 0.07) : 0;
  return {
    finding,
    hospital,
    lungWidth: r(0.6, 0.76),
    apex: r(-0.76, -0.62),
    base: r(0.44, 0.62),
    domeHeight: r(0.16, 0.28),
    rightDome: r(0.0, 0.08),
    bodyWidth: r(0.88, 1.08),
    thickness: r(0.9, 1.12),
    heart: r(0.82, 1.2),
    heartX: r(0.04, 0.14),
    aorta: r(0.6, 1.2),
    ribPitch: r(0.135, 0.175),
    ribPhase: r(),
    ribSlope: r(0.25, 0.5),
    ribContrast: r(0.6, 1.3),
    clavicle: r(-0.62, -0.5),
    scoliosis: r(-0.03, 0.03),
    vessels: r(0.6, 1.3),
    breasts,
    pacemaker: random(seed, 'pacemaker', index).chance(0.06),
    blobs: drawBlobs(finding, random(seed, 'lesion', index)),
  };
}

export function drawFilm(seed: number, patient: number, film: number): Film {
  const r = random(seed, 'film', patient, film);
  return {
    shiftX: r(-0.09, 0.09),
    shiftY: r(-0.08, 0.08),
    rotation: r(-0.09, 0.09),
    scale: r(0.9, 1.08),
    inspiration: r(-0.07, 0.05),
    turn: r(-0.05, 0.05),
    exposure: r(-0.08, 0.08),
    contrast: r(0.8, 1.2),
    gamma: r(0.8, 1.25),
    noise: r(0.6, 1.4),
    severity: r(0.85, 1.15),
    growth: r(0.9, 1.1),
    leads: r.chance(0.3) ? 1 + r.int(4) : 0,
    letter: r.chance(0.1) ? '' : r.chance(0.5) ? 'L' : 'R',
  };
}

function drawBlobs(finding: Finding, r: Random): Blob[] {
  if (finding === 'consolidation') {
    const side = r.chance(0.5) ? -1 : 1;
    // a lobe: upper, middle or lower; some discs that overlap, clear of diaphragm and heart
    const zone = r.int(3);
    const down = [r(0.18, 0.36), r(0.4, 0.55), r(0.58, 0.7)][zone];
    const across = side > 0 && zone > 0 ? r(0.7, 0.88) : r(0.45, 0.78);
    const size = r(0.16, 0.22);
    return Array.from({ length: 4 }, (_, i) => ({
      side,
      across: across + (i ? r(-0.25, 0.25) : 0),
      down: down + (i ? r(-0.1, 0.1) : 0),
      radius: size * (i ? r(0.55, 0.95) : 1),
      stretch: r(0.75, 1.3),
      weight: r(0.85, 1.05),
    }));
  }
  if (finding === 'ground glass') {
    const each = (side: -1 | 1): Blob[] =>
      Array.from({ length: 3 + r.int(3) }, () => ({
        side,
        across: r(0.68, 0.98),
        down: 1 - r() ** 1.4 * 0.8 - 0.06,
        radius: r(0.11, 0.2),
        stretch: r(0.6, 1.5),
        weight: r(0.7, 1.1),
      }));
    return [...each(-1), ...each(1)];
  }
  return [];
}
