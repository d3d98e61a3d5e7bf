// The seven findings: what each patient's disease is in numbers, in the lungs' own coordinates, the same for films and CT, and how it
// develops over days. Severity runs from 0 to 1; a disease's places are drawn once, severity decides how much of it is there.

import { square } from './draw.js';
import { random, type Random } from '../random.js';

export const findings = [
  'normal',
  'consolidation',
  'ground glass',
  'reticulation',
  'nodules',
  'effusion',
  'pneumothorax',
] as const;
export type Finding = (typeof findings)[number];

/** Thirds of the severities. */
export const degrees = { mild: [0, 1 / 3], moderate: [1 / 3, 2 / 3], severe: [2 / 3, 1] } as const;
export type Degree = keyof typeof degrees;

export function degreeOf(severity: number): Degree {
  return severity < 1 / 3 ? 'mild' : severity < 2 / 3 ? 'moderate' : 'severe';
}

/** -1 is the patient's right, the image's left. */
export type Side = -1 | 1;
export type Lobe = 'upper' | 'middle' | 'lower';

/** A soft ball of a lesion. */
export interface Blob {
  side: Side;
  /** Place in the lung: 0 at the mediastinum, 1 at the chest wall. */
  across: number;
  /** 0 at the apex, 1 at the diaphragm. */
  down: number;
  /** -1 at the front of the chest, 1 at its back. */
  back: number;
  /** In half film widths (180 mm) where the disease is at its worst. */
  radius: number;
  stretch: number;
  weight: number;
  /** It is there from this severity on. */
  from: number;
  /** The share of its radius that it has yet to gain at severity 0. */
  grows: number;
}

export interface Disease {
  finding: Finding;
  /** The sides concerned. */
  sides: readonly Side[];
  /** Where a consolidation lies. */
  lobe: Lobe;
  blobs: Blob[];
}

export function drawDisease(seed: number, person: number, finding: Finding): Disease {
  const r = random(seed, 'lesion', person);
  const side: Side = r.chance(0.5) ? -1 : 1;
  const both = finding === 'ground glass' || finding === 'reticulation' || finding === 'nodules';
  const lobes: readonly Lobe[] = side < 0 ? ['upper', 'middle', 'lower'] : ['upper', 'lower'];
  const lobe = lobes[r.int(lobes.length)];
  const second = (finding === 'effusion' && r.chance(0.25)) || both;
  return {
    finding,
    sides: second ? [side, -side as Side] : [side],
    lobe,
    blobs: drawBlobs(finding, side, lobe, r),
  };
}

function drawBlobs(finding: Finding, side: Side, lobe: Lobe, r: Random): Blob[] {
  if (finding === 'consolidation') {
    // grows from one place until it fills the lobe; the fissure cuts it off
    const down = { upper: r(0.26, 0.36), middle: r(0.6, 0.68), lower: r(0.66, 0.76) }[lobe];
    const across = lobe === 'middle' ? r(0.35, 0.55) : r(0.45, 0.75);
    const back = { upper: r(-0.2, 0.3), middle: r(-0.6, -0.3), lower: r(0.3, 0.6) }[lobe];
    const radius = r(0.36, 0.44);
    return [{ side, across, down, back, radius, stretch: r(0.85, 1.2), weight: 1, from: 0, grows: 0.7 }];
  }
  if (finding === 'ground glass')
    return Array.from({ length: 12 }, (_, k) => ({
      side: k % 2 ? side : (-side as Side),
      across: r(0.66, 0.98),
      down: 0.92 - 0.75 * square(r()),
      back: r(-0.3, 0.9),
      radius: r(0.15, 0.25),
      stretch: r(0.6, 1.5),
      weight: r(0.75, 1.05),
      from: k < 4 ? 0 : (k - 3) / 12,
      grows: 0.5,
    }));
  if (finding === 'nodules')
    return Array.from({ length: 22 }, (_, k) => {
      const u = r();
      return {
        side: r.chance(0.5) ? side : (-side as Side),
        across: r(0.2, 0.92),
        down: r(0.12, 0.9),
        back: r(-0.6, 0.8),
        radius: 0.028 + 0.055 * u * u,
        stretch: r(0.9, 1.1),
        weight: r(0.85, 1.1),
        from: k < 2 ? 0 : (k - 1) / 22,
        grows: 0.3,
      };
    });
  return [];
}

/** How large a blob is at this severity, as a share of its radius; 0 where it isn't there yet. Never shrinks as severity rises. */
export function growth({ from, grows }: Blob, severity: number): number {
  return severity < from ? 0 : 1 - grows * (1 - severity);
}

export interface Visit {
  /** Days since the first film. */
  day: number;
  severity: number;
}

/**
 * A patient's visits: the disease rises to its peak and goes back, a bell of drawn width on either side, which the first film meets
 * anywhere. Severities stay within [low, high]; where nothing is found they are 0.
 */
export function drawCourse(
  seed: number,
  person: number,
  finding: Finding,
  films: number,
  [low, high]: readonly [number, number],
): Visit[] {
  const r = random(seed, 'course', person);
  const first = r(low, high);
  const peak = r(-6, 14);
  const rise = r(3, 8);
  const fall = r(6, 18);
  const bell = (day: number): number => {
    const t = (day - peak) / (day < peak ? rise : fall);
    return 1 / (1 + t * t);
  };
  let day = 0;
  return Array.from({ length: films }, (_, film) => {
    if (film > 0) day += 1 + r.int(7);
    const severity = Math.min(high, Math.max(low, (first * bell(day)) / bell(0)));
    return { day, severity: finding === 'normal' ? 0 : severity };
  });
}
