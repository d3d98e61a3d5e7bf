// The embedded data set: chest-film phantoms, drawn from a seed. Not films of people, and no medical device.

import { Dataset, type PixelSource, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { inColour } from './image.js';
import { drawFilm, drawPatient, findings, type Finding } from './phantom/anatomy.js';
import { drawPicture, type Picture } from './phantom/film.js';
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

/**
 * Chest-film phantoms: ribs, lungs, heart, vessels, several films a patient, with one finding a patient: none, a one-sided dense
 * consolidation, or bilateral, peripheral, patchy ground glass. `dataset.mask(row)` is the lesion. Split by patient, stratified.
 * The same seed gives the same films. Films are drawn when they are first asked for, then kept (size² bytes each).
 * Throws DataError 'option'.
 */
export function phantom({
  patients = 120,
  filmsPerPatient = [1, 4],
  seed = 0,
  size = 224,
  classes = findings,
  noise = 1,
  hospitals = 2,
  confounding = 0,
}: PhantomOptions = {}): Dataset {
  const [fewest, most] = filmsPerPatient;
  const wrong = !(Number.isInteger(patients) && patients > 0)
    ? `patients must be a whole number above 0, not ${patients}`
    : !(Number.isInteger(fewest) && Number.isInteger(most) && fewest >= 1 && most >= fewest)
      ? `filmsPerPatient must be [fewest, most] with 1 <= fewest <= most, not [${filmsPerPatient.join(', ')}]`
      : !(Number.isInteger(size) && size >= 16 && size <= 2048)
        ? `size must be a whole number from 16 to 2048, not ${size}`
        : classes.length === 0 || new Set(classes).size < classes.length
          ? `classes must name each finding once`
          : !(noise >= 0)
            ? `noise must be 0 or more, not ${noise}`
            : !(confounding >= 0 && confounding <= 1)
              ? `confounding must lie between 0 and 1, not ${confounding}`
              : classes.some((c) => !findings.includes(c))
                ? `a phantom has no finding '${classes.find((c) => !findings.includes(c))}': there are ${findings.join(', ')}`
                : undefined;
  if (wrong) throw new DataError('option', `phantom: ${wrong}.`);

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
