// The embedded data set: chest-film phantoms, drawn from a seed. Not films of people, and no medical device.

import { Dataset, type PixelSource, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { drawFilm, drawPatient, findings, type Finding } from './phantom/anatomy.js';
import { drawPicture, type Picture } from './phantom/film.js';
import { inColour } from './picture.js';
import { random } from './random.js';
import { resize } from './resize.js';
import { splitByPatient } from './split.js';

export interface PhantomOptions {
  /** Default 120. */
  patients?: number;
  /** Fewest and most films of a patient. Default [1, 4]. */
  filmsPerPatient?: readonly [number, number];
  seed?: number;
  /** Side of the film in pixels. Default 224. */
  size?: number;
  /** Default normal, consolidation, ground glass. */
  classes?: readonly Finding[];
  /** Factor on the films' noise. Default 1. */
  noise?: number;
  /** 1 or 2 (default) hospitals, whose films differ in contrast, borders and letters. */
  hospitals?: 1 | 2;
  /** 0 (default): the hospital says nothing about the class; 1: one hospital has all the normals, the other all the findings. */
  confounding?: number;
}

const defaults: Required<PhantomOptions> = {
  patients: 120,
  filmsPerPatient: [1, 4],
  seed: 0,
  size: 224,
  classes: findings,
  noise: 1,
  hospitals: 2,
  confounding: 0,
};

/**
 * Chest-film phantoms: ribs, lungs, heart, vessels, several films a patient, with one finding a patient: none, a one-sided dense
 * consolidation, or bilateral, peripheral, patchy ground glass. `dataset.mask(row)` is the lesion. Split by patient, stratified.
 * The same seed gives the same films. Films are drawn when they are first asked for, then kept (size² bytes each).
 * Throws DataError 'option'.
 */
export function phantom(options: PhantomOptions = {}): Dataset {
  const o = { ...defaults, ...options };
  check(o);
  const { patients, seed, size, classes, noise, hospitals, confounding } = o;
  const [fewest, most] = o.filmsPerPatient;
  const rows: (Row & { film: number; person: number })[] = [];
  for (let person = 0; person < patients; person++) {
    const r = random(seed, 'visit', person);
    const label = classes[person % classes.length];
    const hospital = hospitals === 1 ? 0 : r() < confounding ? (label === 'normal' ? 0 : 1) : r.int(2);
    const films = fewest + r.int(most - fewest + 1);
    for (let film = 0; film < films; film++)
      rows.push({
        index: rows.length,
        label,
        patient: `phantom-${String(person).padStart(4, '0')}`,
        split: '',
        source: hospital === 0 ? 'hospital-a' : 'hospital-b',
        view: 'PA',
        licence: 'CC0-1.0',
        film,
        person,
      });
  }
  const pictures = new Map<number, Picture>();
  const draw = (row: Row): Picture => {
    let picture = pictures.get(row.index);
    if (!picture) {
      const { person, film, label, source } = rows[row.index];
      const patient = drawPatient(seed, person, label as Finding, source === 'hospital-b' ? 1 : 0);
      picture = drawPicture(patient, drawFilm(seed, person, film), size, [seed, person, film], noise);
      pictures.set(row.index, picture);
    }
    return picture;
  };
  const square = { width: size, height: size };
  const pixelSource: PixelSource = {
    async pixels(row, { size: side, channels }) {
      const grey = resize(draw(row).pixels, square, { width: side, height: side });
      if (channels === 1) return grey.slice();
      return inColour(grey);
    },
    mask(row, { size: side = size }) {
      const { mask } = draw(row);
      if (side === size) return mask.slice();
      const soft = resize(
        mask.map((v) => v * 255),
        square,
        { width: side, height: side },
      );
      return soft.map((v) => (v >= 128 ? 1 : 0));
    },
    lungs(row) {
      return draw(row).lungs.slice();
    },
  };
  const split = splitByPatient(rows, { seed }).map(({ film: _film, person: _person, ...row }) => row);
  return new Dataset('phantom', [...classes], split, pixelSource);
}

function check(o: Required<PhantomOptions>): void {
  const bad = (name: keyof PhantomOptions, rule: string): never => {
    throw new DataError('option', `phantom: ${name} must be ${rule}, not ${JSON.stringify(o[name])}.`);
  };
  const whole = (value: number, low: number, high = Infinity): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  if (!whole(o.patients, 1)) bad('patients', 'a whole number above 0');
  const [fewest, most] = o.filmsPerPatient;
  if (!whole(fewest, 1) || !whole(most, fewest))
    bad('filmsPerPatient', '[fewest, most] with 1 <= fewest <= most');
  if (!whole(o.size, 16, 2048)) bad('size', 'a whole number from 16 to 2048');
  const unknown = o.classes.find((c) => !findings.includes(c));
  if (unknown !== undefined)
    throw new DataError(
      'option',
      `phantom: there is no finding '${unknown}' in classes; there are ${findings.join(', ')}.`,
    );
  if (o.classes.length === 0 || new Set(o.classes).size < o.classes.length)
    bad('classes', 'a list that names each finding once');
  if (!(o.noise >= 0)) bad('noise', '0 or more');
  if (!whole(o.hospitals, 1, 2)) bad('hospitals', '1 or 2');
  if (!(o.confounding >= 0 && o.confounding <= 1)) bad('confounding', 'between 0 and 1');
}
