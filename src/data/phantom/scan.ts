// CT of a phantom: the chest's slices in Hounsfield units, with the same disease as on the films, continuous from slice to slice.

import { random } from '../random.js';
import type { Patient } from './anatomy.js';
import { centreOf, fields, looks } from './ct-lesions.js';
import { addNoise, clamp, clouds3, step, stroke } from './draw.js';
import type { Disease } from './findings.js';
import { levelAt, lungDepth, tissueAt } from './torso.js';
import { airways, clip, tree, type Tube } from './tubes.js';

export interface Scan {
  patient: Patient;
  disease: Disease;
  severity: number;
  hospital: 'hospital-a' | 'hospital-b';
  /** The data set's seed, the patient's and the scan's number. */
  keys: readonly [seed: number, person: number, scan: number];
  noise: number;
  /** Slices from the lungs' base to their apex. */
  depth: number;
}

export interface Slice {
  /** [size, size], Hounsfield units. */
  hu: Int16Array;
  /** [size, size], 1 where the lesion is. */
  mask: Uint8Array;
  /** [size, size], 1 where the lungs are, or would be. */
  lungs: Uint8Array;
}

const millimetres = 180;
/** Half the field of view: the second hospital's is wider. */
const reachOf = ({ hospital }: Scan): number => (hospital === 'hospital-b' ? 1.14 : 1.02);

/** Between the first slice, below the lungs' base, and the last, above their apex. */
const extentOf = ({ patient }: Scan): { top: number; bottom: number } => ({
  top: patient.apex + 0.03,
  bottom: patient.base + 0.04,
});

/** Millimetres between slices, rows and columns. */
export function spacingOf(scan: Scan, size: number): [number, number, number] {
  const { top, bottom } = extentOf(scan);
  const pixel = (2 * reachOf(scan) * millimetres) / size;
  return [((bottom - top) * millimetres) / scan.depth, pixel, pixel];
}

/** What all slices of a scan share. */
export interface Prepared {
  scan: Scan;
  vessels: readonly Tube[];
  bronchi: readonly Tube[];
  ragged: (x: number, y: number, z: number) => number;
  fine: (x: number, y: number, z: number) => number;
}

export function prepare(scan: Scan): Prepared {
  const seed = scan.keys.slice(0, 2);
  const space = (name: string, cells: number): Prepared['ragged'] => {
    const read = clouds3(random(...seed, name), cells);
    return (x, y, z) => read((x + 1.2) / 2.4, (y + 1.2) / 2.4, (z + 1.2) / 2.4);
  };
  return {
    scan,
    vessels: tree(scan.patient, random(...seed, 'ct vessels')),
    bronchi:
      scan.disease.finding === 'consolidation'
        ? airways(
            scan.patient,
            scan.disease.sides[0],
            centreOf(scan.disease.blobs[0], scan.patient),
            random(...seed, 'ct bronchi'),
          )
        : [],
    ragged: space('ct ragged', 18),
    fine: space('ct fine', 56),
  };
}

/** Slice `at`, 0 at the feet. */
export function drawSlice(prepared: Prepared, at: number, size: number): Slice {
  const { scan } = prepared;
  const { patient: p, disease, severity, depth } = scan;
  const { top, bottom } = extentOf(scan);
  const thick = (bottom - top) / depth;
  const level = levelAt(p, bottom - (at + 0.5) * thick);
  const reach = reachOf(scan);
  const unit = (2 * reach) / size;
  const hu = new Float32Array(size * size);
  const air = new Float32Array(size * size);
  const lesion = new Float32Array(size * size);
  const grain = new Float32Array(size * size);
  const field = fields[disease.finding]({ disease, severity, ragged: prepared.ragged }, level);
  for (let j = 0, k = 0; j < size; j++)
    for (let i = 0; i < size; i++, k++) {
      const x = (i + 0.5) * unit - reach;
      const z = (j + 0.5) * unit - reach;
      hu[k] = tissueAt(x, z, level);
      const inside = lungDepth(x, z, level);
      if (inside < -0.01) continue;
      air[k] = step(-0.006, 0.008, inside);
      lesion[k] = field ? field(x, z, inside) * air[k] : 0;
      if (lesion[k] > 0) grain[k] = prepared.fine(x, level.y, z);
    }
  const { hides, shade } = looks[disease.finding];
  const tubes = (list: readonly Tube[], value: number, weight: Float32Array): void => {
    for (const [x0, y0, z0, x1, y1, z1, radius] of list) {
      const [from, to] = clip(y0, y1, level.y - thick / 2 - radius, level.y + thick / 2 + radius);
      if (from >= to) continue;
      const place = (x: number, z: number): [number, number] => [
        (x + reach) / unit - 0.5,
        (z + reach) / unit - 0.5,
      ];
      const [a, b] = [
        place(x0 + (x1 - x0) * from, z0 + (z1 - z0) * from),
        place(x0 + (x1 - x0) * to, z0 + (z1 - z0) * to),
      ];
      stroke(hu, size, [...a, ...b], radius / unit, value, weight);
    }
  };
  const shown = air.map((v, k) => v * (1 - hides * lesion[k]));
  tubes(prepared.vessels, 760, shown);
  for (let k = 0; k < hu.length; k++) {
    if (air[k] > 0) hu[k] = Math.min(hu[k], 55 + 1000 * (1 - air[k])); // vessels that cross don't add
    if (lesion[k] > 0) hu[k] = shade(hu[k], lesion[k], severity, grain[k]);
  }
  tubes(prepared.bronchi, -900, lesion);
  const smooth = scan.hospital === 'hospital-b' ? 0.6 : 1;
  addNoise(hu, random(...scan.keys, 'ct noise', at), size, 24 * smooth * scan.noise);
  const out: Slice = {
    hu: new Int16Array(hu.length),
    mask: new Uint8Array(hu.length),
    lungs: new Uint8Array(hu.length),
  };
  for (let k = 0; k < hu.length; k++) {
    out.hu[k] = Math.round(clamp(hu[k], -1024, 3071));
    if (air[k] <= 0.5) continue;
    out.lungs[k] = 1;
    if (lesion[k] > 0.35) out.mask[k] = 1;
  }
  return out;
}
