// Scores of a model on a data set, and the report on them.

import { tf } from '../compute/index.js';
import { batches, type Dataset, type Row } from '../data/index.js';
import { report, type Report } from '../metrics/index.js';
import type { Classifier } from '../models/index.js';
import { TrainError } from './errors.js';

export interface Scores {
  /** Probabilities, `[sample][class]`. */
  scores: Float32Array[];
  /** Class index of each sample. */
  truth: number[];
  rows: Row[];
}

export interface PredictOptions {
  batch?: number;
  signal?: AbortSignal;
}

/** @throws TrainError `data` when the classes of model and data differ */
export function sameClasses(model: Classifier, dataset: Dataset): void {
  if (dataset.classes.join('\n') !== model.classes.join('\n'))
    throw new TrainError(
      'data',
      `The classes of ${model.name} (${model.classes.join(', ')}) are not those of ${dataset.name} (${dataset.classes.join(', ')}). Create the model with classes: dataset.classes.`,
    );
}

/** Probabilities for every row of a data set, in its order. */
export async function predict(
  model: Classifier,
  dataset: Dataset,
  { batch = 64, signal }: PredictOptions = {},
): Promise<Scores> {
  const [height, , channels] = model.inputShape;
  const { mean, std } = model.preprocessing;
  const out: Scores = { scores: [], truth: [], rows: [] };
  for await (const b of batches(dataset, {
    size: height,
    channels: channels as 1 | 3,
    batch,
    mean,
    std,
    signal,
  })) {
    const x = tf.tensor4d(b.x, [b.n, height, height, channels]);
    out.scores.push(...model.predict(x, { batch }));
    x.dispose();
    out.truth.push(...b.y);
    out.rows.push(...b.rows);
    await new Promise(setImmediate);
  }
  return out;
}

/** The report on a data set, its scores, and the mean cross-entropy. */
export async function evaluate(
  model: Classifier,
  dataset: Dataset,
  options: PredictOptions = {},
): Promise<Scores & { report: Report; loss: number }> {
  sameClasses(model, dataset);
  if (!dataset.rows.length) throw new TrainError('data', `${dataset.name} has no films to judge on.`);
  const s = await predict(model, dataset, options);
  const loss = s.truth.reduce((a, t, i) => a - Math.log(Math.max(s.scores[i][t], 1e-12)), 0) / s.truth.length;
  return { ...s, report: report(s.truth, s.scores, { classes: model.classes }), loss };
}
