// What differs from patient to patient and from film to film of a phantom: numbers only, drawn from the seed.
// Lengths are in half film widths, 180 mm: the film is [-1, 1] by [-1, 1], x to the right, y down.

import { random } from '../random.js';

export interface Patient {
  child: boolean;
  lungWidth: number;
  apex: number;
  base: number;
  domeHeight: number;
  /** How much higher the right dome stands. */
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
}

export interface Film {
  /** From the tube behind the patient ('PA'), or from in front in bed ('AP'). */
  view: 'PA' | 'AP';
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
  leads: number;
}

export function drawPatient(seed: number, person: number, child: boolean): Patient {
  const r = random(seed, 'patient', person);
  const adult: Patient = {
    child,
    lungWidth: r(0.68, 0.82),
    apex: r(-0.82, -0.72),
    base: r(0.48, 0.64),
    domeHeight: r(0.16, 0.26),
    rightDome: r(0.01, 0.08),
    bodyWidth: r(0.92, 1.1),
    thickness: r(0.9, 1.12),
    heart: r(0.75, 1.15),
    heartX: r(-0.02, 0.04),
    aorta: r(0.6, 1.2),
    ribPitch: r(0.135, 0.165),
    ribPhase: r(),
    ribSlope: r(0.16, 0.3),
    ribContrast: r(0.6, 1.25),
    clavicle: r(-0.7, -0.6),
    scoliosis: r(-0.03, 0.03),
    vessels: r(0.7, 1.3),
    breasts: r.chance(0.3) ? r(0.03, 0.07) : 0,
    pacemaker: r.chance(0.06),
  };
  if (!child) return adult;
  // small children: a short, bell-shaped chest with flat ribs and a heart that takes more of it
  return {
    ...adult,
    lungWidth: adult.lungWidth - 0.1,
    apex: adult.apex + 0.16,
    base: adult.base - 0.12,
    bodyWidth: adult.bodyWidth - 0.24,
    heart: adult.heart * 1.2,
    aorta: 0.3 * adult.aorta,
    ribPitch: adult.ribPitch * 0.78,
    ribSlope: adult.ribSlope * 0.5,
    clavicle: adult.clavicle + 0.1,
    breasts: 0,
    pacemaker: false,
  };
}

export function drawFilm(seed: number, person: number, film: number, view: 'PA' | 'AP'): Film {
  const r = random(seed, 'film', person, film);
  const bed = view === 'AP';
  return {
    view,
    shiftX: r(-0.07, 0.07),
    shiftY: r(-0.06, 0.06),
    rotation: r(-0.08, 0.08),
    scale: r(0.92, 1.06),
    inspiration: r(-0.07, 0.05) - (bed ? 0.06 : 0),
    turn: r(-0.05, 0.05),
    exposure: r(-0.08, 0.08),
    contrast: r(0.8, 1.2),
    gamma: r(0.8, 1.25),
    noise: r(0.6, 1.4),
    leads: r.chance(bed ? 0.7 : 0.15) ? 1 + r.int(4) : 0,
  };
}
