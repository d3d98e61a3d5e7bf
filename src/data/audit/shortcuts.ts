// How well the class can be guessed from what is no sign of it.

import { kFold } from '../folds.js';
import type { Dataset, Row } from '../dataset.js';
import { random } from '../random.js';
import { fitLogistic, type Table } from './classifier.js';
import { cuesOf, type Cue } from './cues.js';
import type { Examined } from './examine.js';
import { breathe, type Watch } from './progress.js';

export interface Shortcut {
  name: string;
  words: string;
  /** Share of images guessed rightly, in cross-validation by patient, patients with a film in common on one side. */
  accuracy: number;
  /** 95 % interval of it, from resampling patients. */
  interval: [low: number, high: number];
  /** Share of the largest class: what guessing without any cue gets. */
  largestClass: number;
  /** (accuracy - largestClass) / (1 - largestClass): 0 no cue, 1 the class itself. */
  excess: number;
  /** Whether the interval lies above the share of the largest class. */
  telling: boolean;
  /** Learnt on the split 'train', judged on 'test', where the set has both. */
  test?: { images: number; accuracy: number; largestClass: number };
}

/** The most images that guesses are learnt from. */
export const mostImages = 4000;
const resamples = 1000;
/** Cues within this excess of the best count as equally good. */
const tie = 0.03;
/** What looks of a picture must be better by than a named cause, whose trace they may be, to come before it. */
const trace = 0.2;

/** Each cue's score, the best first; the thumbnail, which shows the disease too, last. */
export async function shortcuts(
  set: Dataset,
  all: readonly Examined[],
  { seed, person, watch }: { seed: number; person: (row: Row) => string; watch: Watch },
): Promise<Shortcut[]> {
  const pictures = some(all, seed);
  const labels = pictures.map(({ row }) => set.classes.indexOf(row.label));
  const patients = pictures.map(({ row }) => person(row));
  const k = Math.min(5, new Set(patients).size);
  if (k < 2 || new Set(labels).size < 2) return [];
  const rows = pictures.map(({ row }, index) => ({ ...row, index, patient: patients[index] }));
  const folds = kFold(set.with(rows), { k, seed }).map((fold) => parts(fold, 'train', 'val'));
  const official = parts(set.with(rows), 'train', 'test');
  const cues = cuesOf(set, pictures);
  const steps = cues.length * k;
  const out: Shortcut[] = [];
  for (const [at, cue] of cues.entries()) {
    const right = new Uint8Array(pictures.length);
    for (const [f, { learn, judge }] of folds.entries()) {
      await breathe(watch, 'guessing the class', at * k + f + 1, steps);
      guess(cue, labels, set.classes.length, learn, judge).forEach(
        (label, i) => (right[judge[i]] = label === labels[judge[i]] ? 1 : 0),
      );
    }
    const accuracy = mean(right);
    const largestClass = largest(labels);
    const interval = byPatient(right, patients, seed);
    const { learn, judge } = official;
    out.push({
      name: cue.name,
      words: cue.words,
      accuracy,
      interval,
      largestClass,
      excess: largestClass < 1 ? (accuracy - largestClass) / (1 - largestClass) : 0,
      telling: interval[0] > largestClass + 0.01,
      ...(learn.length > 0 &&
        judge.length > 0 && {
          test: {
            images: judge.length,
            accuracy: mean(
              guess(cue, labels, set.classes.length, learn, judge).map((label, i) =>
                label === labels[judge[i]] ? 1 : 0,
              ),
            ),
            largestClass: largest(judge.map((i) => labels[i])),
          },
        }),
    });
  }
  return ranked(out);
}

/** All pictures, or those of patients drawn until there are enough. */
function some(pictures: readonly Examined[], seed: number): Examined[] {
  if (pictures.length <= mostImages) return [...pictures];
  const counts = new Map<string, number>();
  for (const { row } of pictures) counts.set(row.patient, (counts.get(row.patient) ?? 0) + 1);
  const drawn = new Set<string>();
  let n = 0;
  for (const patient of random(seed, 'audit').shuffle([...counts.keys()].sort())) {
    if (n >= mostImages) break;
    drawn.add(patient);
    n += counts.get(patient)!;
  }
  return pictures.filter(({ row }) => drawn.has(row.patient));
}

interface Parts {
  learn: number[];
  judge: number[];
}

const parts = (fold: Dataset, learn: string, judge: string): Parts => {
  const of = (split: string): number[] =>
    fold.rows.filter((row) => row.split === split).map((row) => row.index);
  return { learn: of(learn), judge: of(judge) };
};

/** Class numbers for the pictures in `judge`. */
function guess(
  { categories, features }: Cue,
  labels: readonly number[],
  classes: number,
  learn: readonly number[],
  judge: readonly number[],
): number[] {
  if (features) {
    const fitted = fitLogistic(
      rowsOf(features, learn),
      learn.map((i) => labels[i]),
      classes,
    );
    return [...fitted.predict(rowsOf(features, judge))];
  }
  const counts = new Map<string, number[]>();
  const all = new Array<number>(classes).fill(0);
  for (const i of learn) {
    const key = categories![i];
    if (!counts.has(key)) counts.set(key, new Array<number>(classes).fill(0));
    counts.get(key)![labels[i]]++;
    all[labels[i]]++;
  }
  return judge.map((i) => {
    const here = counts.get(categories![i]) ?? all;
    return here.indexOf(Math.max(...here));
  });
}

function rowsOf({ values, width }: Table, which: readonly number[]): Table {
  const out = new Float64Array(which.length * width);
  which.forEach((i, to) => out.set(values.subarray(i * width, (i + 1) * width), to * width));
  return { values: out, n: which.length, width };
}

const mean = (right: ArrayLike<number>): number =>
  Array.from(right).reduce((a, b) => a + b, 0) / Math.max(1, right.length);

function largest(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}

/** 95 % of the accuracies that as many patients, drawn with replacement, give. */
function byPatient(right: Uint8Array, patients: readonly string[], seed: number): [number, number] {
  const sums = new Map<string, [right: number, n: number]>();
  patients.forEach((patient, i) => {
    const [r, n] = sums.get(patient) ?? [0, 0];
    sums.set(patient, [r + right[i], n + 1]);
  });
  const each = [...sums.keys()].sort().map((patient) => sums.get(patient)!);
  const draw = random(seed, 'bootstrap');
  const scores = Float64Array.from({ length: resamples }, () => {
    let [r, n] = [0, 0];
    for (let k = 0; k < each.length; k++) {
      const [a, b] = each[draw.int(each.length)];
      r += a;
      n += b;
    }
    return r / n;
  }).sort();
  return [scores[Math.floor(0.025 * resamples)], scores[Math.ceil(0.975 * resamples) - 1]];
}

/** How much a result owes to a cue, for ordering. */
export const weightOf = ({ name, excess }: Shortcut): number =>
  name === 'file' || name === 'borders' ? excess - trace : excess;

/** The best first; of equally good ones the one that comes first in `found`. */
function ranked(found: readonly Shortcut[]): Shortcut[] {
  const rest = found.filter(({ name }) => name !== 'thumbnail');
  const out: Shortcut[] = [];
  while (rest.length > 0) {
    const best = Math.max(...rest.map(weightOf));
    const at = rest.findIndex((one) => weightOf(one) >= best - tie);
    out.push(...rest.splice(at, 1));
  }
  return [...out, ...found.filter(({ name }) => name === 'thumbnail')];
}
