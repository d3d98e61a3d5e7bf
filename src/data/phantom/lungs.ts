// The shape of a phantom's lungs, shared by films and CT. Lengths are in half film widths, 180 mm: a film is [-1, 1] by [-1, 1],
// x to the right (the patient's left), y down.

import type { Patient } from './anatomy.js';
import { bump, clamp, step } from './draw.js';
import type { Blob } from './findings.js';

/** Half the lungs' outer width at `s`, 0 at the apex and 1 at the base. */
export function wallAt(s: number, p: Patient): number {
  const t = 1 - clamp(s / 0.8);
  return 0.24 + (p.lungWidth - 0.24) * Math.sqrt(1 - t * t * t);
}

/** How far the mediastinum reaches to either side at `s`: the lung's inner border. */
export function innerAt(s: number): number {
  const t = 1 - clamp(s / 0.22);
  return 0.24 - 0.15 * Math.sqrt(1 - t * t) + 0.08 * Math.max(0, s - 0.5);
}

/** The height of the diaphragm at x. */
export function floorAt(x: number, p: Patient, base: number): number {
  const u = (Math.abs(x) - 0.42 * p.lungWidth) / (p.lungWidth * 0.6);
  return base - (x < 0 ? p.rightDome : 0) - p.domeHeight * (1 - u * u) + 0.02;
}

/** How far the heart and the great vessels reach to the patient's right (side -1) or left at `s`. */
export function silhouetteAt(s: number, side: number, p: Patient): number {
  const trunk = 0.13 * step(-0.25, 0.1, s) + 0.02;
  if (side < 0)
    return (
      trunk + 0.11 * p.heart * bump((s - 0.8) / 0.36) + 0.02 * step(0.35, 0.5, s) + 0.1 * step(0.95, 1.2, s)
    );
  const knob = 0.085 * p.aorta * bump((s - 0.26) / 0.13);
  const pulmonary = 0.05 * bump((s - 0.43) / 0.14);
  const ventricle = 0.3 * p.heart * step(0.42, 0.86, s) * (1 - 0.25 * step(0.92, 1.15, s));
  return trunk + Math.max(knob, pulmonary) + ventricle + p.heartX;
}

/** Where a blob's centre lies on the film. */
export function placeOf(blob: Blob, p: Patient, base: number): { x: number; y: number } {
  const y = p.apex + (base - p.apex) * (0.04 + 0.86 * blob.down);
  const wall = wallAt(blob.down, p);
  return { x: blob.side * (0.12 + (wall - 0.12) * blob.across), y };
}

/** The horizontal fissure of the right lung, as a share of the lung's height, and how far the oblique ones stand at `back`. */
export const horizontalFissure = 0.47;
export function obliqueFissure(back: number): number {
  return 0.6 - 0.34 * back;
}
