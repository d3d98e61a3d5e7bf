// CT of the chest-film phantoms' patients: slices and volumes in Hounsfield units, drawn from a seed. phantom/README.md documents the recipe.

import { Dataset, type PixelSource, type Row } from './dataset.js';
import { drawPatient } from './phantom/anatomy.js';
import { draw, type Confounders } from './phantom/confounders.js';
import { drawCourse, drawDisease } from './phantom/findings.js';
import { latest } from './phantom/latest.js';
import {
  checkShared,
  phantomRecipe,
  refuse,
  severities,
  shared,
  whole,
  type SharedOptions,
} from './phantom/options.js';
import { drawSlice, prepare, spacingOf, type Scan, type Slice } from './phantom/scan.js';
import { drawnPictures, resizeMask } from './phantom/pixels.js';
import { rowOf } from './phantom/rows.js';
import { random } from './random.js';
import { splitByPatient } from './split.js';
import type { Voxels } from './volume/volume.js';
import { windowed, windowOf, type WindowChoice } from './window.js';

export interface PhantomCTOptions extends SharedOptions {
  /** A row a scan ('volume', the default), or a row a slice. */
  rows?: 'volume' | 'slice';
  /** Slices of a scan that become rows; of ill patients such that show the finding. Default 4. */
  slices?: number;
  /** Fewest and most scans of a patient, over days. Default [1, 1]. */
  scansPerPatient?: readonly [number, number];
  /** Rows and columns of a slice. Default 256. */
  size?: number;
  /** Slices of a scan, from the lungs' base to their apex, some 260 mm. Default 48. */
  depth?: number;
  /** How `pixels` shows Hounsfield units. Default 'lung'. */
  window?: WindowChoice;
  /** `hospital` alone: the second one's scans have a wider field of view and less noise. Default none. */
  confounders?: Pick<Confounders, 'hospital'>;
}

const defaults: Required<PhantomCTOptions> = {
  ...shared,
  rows: 'volume',
  slices: 4,
  scansPerPatient: [1, 1],
  size: 256,
  depth: 48,
  window: 'lung',
  confounders: {},
};

/** A row's scan, and which slice of it `pixels` and `mask` are: one that was chosen, or the one that shows most of the finding. */
interface Place {
  scan: Scan;
  slice?: number;
}

/**
 * CT of phantoms: the patients and diseases of `phantom` with the same seed. `dataset.volume(row)` is the scan in Hounsfield units with
 * its mask, the first slice at the feet; `pixels` and `mask` are a slice: the row's own, or of a volume the one with most of the
 * finding. `extra` is as for films, with the slice's number. The same seed gives the same voxels on any machine; they are drawn when they
 * are asked for. Throws DataError 'option'.
 */
export function phantomCT(options: PhantomCTOptions = {}): Dataset {
  const o = { ...defaults, ...options };
  check(o);
  const { rows, places } = plan(o);
  return new Dataset(
    'phantom-ct',
    [...o.classes],
    splitByPatient(rows, { seed: o.seed }),
    sourceOf(places, o),
  );
}

/** The pixels of `phantomCT(options)`, whose options are all there: what worker threads call. */
export function phantomCTSource(options: Required<PhantomCTOptions>): PixelSource {
  return sourceOf(plan(options).places, options);
}

function plan(o: Required<PhantomCTOptions>): { rows: Row[]; places: Place[] } {
  const { seed, classes, depth, noise, confounders } = o;
  const [fewest, most] = o.scansPerPatient;
  const rows: Row[] = [];
  const places: Place[] = [];
  for (let person = 0; person < o.patients; person++) {
    const label = classes[person % classes.length];
    const r = random(seed, 'visit', person);
    const hospital = draw('hospital', label, classes, confounders, r);
    const patient = drawPatient(seed, person, false);
    const disease = drawDisease(seed, person, label);
    const visits = drawCourse(seed, person, label, fewest + r.int(most - fewest + 1), severities(o.severity));
    for (const [index, visit] of visits.entries()) {
      const scan: Scan = {
        patient,
        disease,
        severity: visit.severity,
        hospital,
        keys: [seed, person, index],
        noise,
        depth,
      };
      for (const slice of o.rows === 'slice' ? chooseSlices(scan, o.slices) : [undefined]) {
        places.push({ scan, slice });
        const extra: Record<string, string> = slice === undefined ? {} : { slice: String(slice) };
        rows.push(rowOf(rows.length, person, label, visit, hospital, 'axial', extra));
      }
    }
  }
  return { rows, places };
}

/** How much of the finding each slice shows; of a normal scan, how much lung. */
function shares(scan: Scan): number[] {
  const prepared = prepare(scan);
  return Array.from({ length: scan.depth }, (_, at) => {
    const { mask, lungs } = drawSlice(prepared, at, 48);
    return (scan.disease.finding === 'normal' ? lungs : mask).reduce((sum, v) => sum + v, 0);
  });
}

/** Slices in order, drawn from those with a third at least of what the fullest shows. */
function chooseSlices(scan: Scan, count: number): number[] {
  const shown = shares(scan);
  const enough = Math.max(1, Math.max(...shown) / 3);
  const fit = shown.flatMap((share, at) => (share >= enough ? [at] : []));
  return random(...scan.keys, 'slices')
    .shuffle(fit)
    .slice(0, count)
    .sort((a, b) => a - b);
}

function sourceOf(places: readonly Place[], options: Required<PhantomCTOptions>): PixelSource {
  const { size, depth, window } = options;
  const prepared = latest(8, 1, (at) => prepare(places[at].scan));
  const fullest = latest(1e5, 1, (at) => {
    const shown = shares(places[at].scan);
    return shown.indexOf(Math.max(...shown));
  });
  const slice = latest(64e6, 4 * size * size, (at): Slice =>
    drawSlice(prepared(at), places[at].slice ?? fullest(at), size),
  );
  return {
    ...drawnPictures(size, (row) => windowed(slice(row.index).hu, window)),
    mask(row, { size: side = size }) {
      return resizeMask(slice(row.index).mask, size, side);
    },
    lungs(row) {
      return slice(row.index).lungs.slice();
    },
    async volume(row): Promise<Voxels & { unit: string }> {
      const data = new Int16Array(depth * size * size);
      const mask = new Uint8Array(data.length);
      for (let at = 0; at < depth; at++) {
        const drawn = drawSlice(prepared(row.index), at, size);
        data.set(drawn.hu, at * size * size);
        mask.set(drawn.mask, at * size * size);
      }
      const spacing = spacingOf(places[row.index].scan, size);
      return { data, shape: [depth, size, size], spacing, mask, unit: 'HU' };
    },
    key: async (row) => ['phantomCTSource', phantomRecipe, options, row.index],
    recipe: { module: import.meta.url, make: 'phantomCTSource', options },
  };
}

function check(o: Required<PhantomCTOptions>): void {
  checkShared(o, Object.keys(defaults), ['hospital']);
  if (o.rows !== 'volume' && o.rows !== 'slice') refuse('rows', "'volume' or 'slice'", o.rows);
  const [fewest, most] = o.scansPerPatient;
  if (!whole(fewest, 1) || !whole(most, fewest))
    refuse('scansPerPatient', '[fewest, most] with 1 <= fewest <= most', o.scansPerPatient);
  if (!whole(o.slices, 1)) refuse('slices', 'a whole number above 0', o.slices);
  if (!whole(o.size, 16, 1024)) refuse('size', 'a whole number from 16 to 1024', o.size);
  if (!whole(o.depth, 4, 512)) refuse('depth', 'a whole number from 4 to 512', o.depth);
  windowOf(o.window);
}
