// The embedded data set: chest-film phantoms, drawn from a seed. Not films of people, and no medical device.
// phantom/README.md documents the recipe.

import { Dataset, type PixelSource, type Row } from './dataset.js';
import { drawFilm, drawPatient } from './phantom/anatomy.js';
import { draw, traits, type Confounders, type Trait } from './phantom/confounders.js';
import { drawPicture, type Shot } from './phantom/film.js';
import { drawCourse, drawDisease } from './phantom/findings.js';
import type { Marks } from './phantom/marks.js';
import {
  checkShared,
  phantomRecipe,
  refuse,
  severities,
  shared,
  whole,
  type SharedOptions,
} from './phantom/options.js';
import { latest } from './phantom/latest.js';
import { drawnPictures, resizeMask } from './phantom/pixels.js';
import { rowOf } from './phantom/rows.js';
import { random } from './random.js';
import { splitByPatient } from './split.js';

export interface PhantomOptions extends SharedOptions {
  /** Fewest and most films of a patient, taken over days: the same chest, another position, the disease at another stage. Default [1, 4]. */
  filmsPerPatient?: readonly [number, number];
  /** Side of the film in pixels. Default 224. */
  size?: number;
  /**
   * What goes along with a class, and how strongly: hospital, age, view, letters, marker, each a strength from 0 to 1 or
   * { strength, class, values }. Default none.
   */
  confounders?: Confounders;
}

const defaults: Required<PhantomOptions> = {
  ...shared,
  filmsPerPatient: [1, 4],
  size: 224,
  confounders: {},
};

/**
 * Chest-film phantoms: several films a patient, one finding a patient, in seven kinds and any severity, and `dataset.mask(row)` of each.
 * Rows say in `extra` what was drawn: finding, severity and degree, day of the film, age, side letter, caption. `source` is one of two
 * hospitals, whose films look different. Split by patient, stratified. The same seed gives the same films on any machine. Films are
 * drawn when they are asked for. Throws DataError 'option'.
 */
export function phantom(options: PhantomOptions = {}): Dataset {
  const o = { ...defaults, ...options };
  check(o);
  const { rows, shots } = plan(o);
  return new Dataset('phantom', [...o.classes], splitByPatient(rows, { seed: o.seed }), sourceOf(shots, o));
}

/** The pixels of `phantom(options)`, whose options are all there: what worker threads call. */
export function phantomSource(options: Required<PhantomOptions>): PixelSource {
  return sourceOf(plan(options).shots, options);
}

function plan(o: Required<PhantomOptions>): { rows: Row[]; shots: Shot[] } {
  const { patients, seed, classes, noise, confounders } = o;
  const range = severities(o.severity);
  const [fewest, most] = o.filmsPerPatient;
  const rows: Row[] = [];
  const shots: Shot[] = [];
  for (let person = 0; person < patients; person++) {
    const label = classes[person % classes.length];
    const r = random(seed, 'visit', person);
    const hospital = draw('hospital', label, classes, confounders, r);
    const age = draw('age', label, classes, confounders, random(seed, 'age', person));
    const patient = drawPatient(seed, person, age === 'child');
    const disease = drawDisease(seed, person, label);
    const films = fewest + r.int(most - fewest + 1);
    for (const [film, visit] of drawCourse(seed, person, label, films, range).entries()) {
      const chance = random(seed, 'marks', person, film);
      const trait = <T extends Trait>(name: T) => draw(name, label, classes, confounders, chance);
      const [view, letters, side] = [trait('view'), trait('letters'), trait('marker')];
      const marker = confounders.marker === undefined && chance.chance(0.1) ? 'none' : side;
      const keys = [seed, person, film] as const;
      const marks: Marks = { hospital, marker, letters };
      shots.push({
        patient,
        disease,
        severity: visit.severity,
        film: drawFilm(seed, person, film, view),
        marks,
        keys,
        noise,
      });
      rows.push(rowOf(rows.length, person, label, visit, hospital, view, { age, marker, letters }));
    }
  }
  return { rows, shots };
}

function sourceOf(shots: readonly Shot[], options: Required<PhantomOptions>): PixelSource {
  const { size } = options;
  const draw = latest(64e6, 3 * size * size, (at) => drawPicture(shots[at], size));
  return {
    ...drawnPictures(size, (row) => draw(row.index).pixels.slice()),
    mask(row, { size: side = size }) {
      return resizeMask(draw(row.index).mask, size, side);
    },
    lungs(row) {
      return draw(row.index).lungs.slice();
    },
    key: async (row) => ['phantomSource', phantomRecipe, options, row.index],
    recipe: { module: import.meta.url, make: 'phantomSource', options },
  };
}

function check(o: Required<PhantomOptions>): void {
  checkShared(o, Object.keys(defaults), Object.keys(traits) as Trait[]);
  const [fewest, most] = o.filmsPerPatient;
  if (!whole(fewest, 1) || !whole(most, fewest))
    refuse('filmsPerPatient', '[fewest, most] with 1 <= fewest <= most', o.filmsPerPatient);
  if (!whole(o.size, 16, 2048)) refuse('size', 'a whole number from 16 to 2048', o.size);
}
