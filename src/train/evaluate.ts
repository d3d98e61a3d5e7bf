// Scores of a model on a data set, and the report on them.

import type * as tfjs from '@tensorflow/tfjs';
import {
  coarserPrecision,
  precisionFault,
  precisions,
  tf,
  trialText,
  type Precision,
} from '../compute/index.js';
import { batches, type BatchOptions, type Dataset, type Row, type Skipped } from '../data/index.js';
import { report, type Report } from '../metrics/index.js';
import type { Classifier, InputBatch } from '../models/index.js';
import { checkRule, combined, type CombineRule } from './combine.js';
import type { Ensemble } from './ensemble.js';
import { TrainError } from './errors.js';
import type { Figures, Monitor } from './history.js';
import { checkViews, viewed, type View } from './views.js';

export interface Scores {
  /** Probabilities, `[sample][class]`. */
  scores: Float32Array[];
  /** Class index of each sample. */
  truth: number[];
  rows: Row[];
}

/** Scores of the films that could be read. */
export interface Predicted extends Scores {
  /** Those that could not, where `onError` is 'skip'. */
  skipped: Skipped[];
}

export interface PredictOptions extends Pick<BatchOptions, 'workers' | 'cache' | 'onError'> {
  batch?: number;
  signal?: AbortSignal;
  /** What the network computes in; `auto` is what a trial on the first batch finds quicker, where there are enough batches for one. */
  precision?: Precision | 'auto';
  /** Test-time augmentation: views of each film that are all asked about. Default: the film as it is. */
  tta?: readonly View[];
  /** How the answers about the views become one. Default: the mean of `probabilities`. */
  by?: CombineRule;
}
/** Batches that make a trial worth its time. */
const enough = 16;

/** @throws TrainError `option` when a precision is none, or can't be had here */
export function checkPrecision(precision: Precision | 'auto'): void {
  if (precision === 'auto') return;
  if (!precisions.includes(precision))
    throw new TrainError(
      'option',
      `precision is ${JSON.stringify(precision)}; it must be ${precisions.join(', ')} or auto.`,
    );
  const fault = precisionFault(precision);
  if (fault) throw new TrainError('option', `precision is ${precision}, but ${fault}. Use float32 or auto.`);
}

/** @throws TrainError `data` when the classes of model and data differ */
export function sameClasses(model: Classifier | Ensemble, dataset: Dataset): void {
  if (dataset.classes.join('\n') !== model.classes.join('\n'))
    throw new TrainError(
      'data',
      `The classes of ${model.name} (${model.classes.join(', ')}) are not those of ${dataset.name} (${dataset.classes.join(', ')}). Create the model with classes: dataset.classes.`,
    );
}

/**
 * All films of a small data set as a model's input, `[film, height, width, channels]`, for `explain` and `model.predict`; for a network of
 * volumes all scans, `[scan, depth, height, width, channels]`. The caller disposes it.
 */
export async function inputs<T extends InputBatch = tfjs.Tensor4D>(
  model: Classifier,
  dataset: Dataset,
): Promise<T> {
  if (!dataset.rows.length) throw new TrainError('data', `${dataset.name} has no films.`);
  const { value: b } = await batches(dataset, { ...batchOptions(model), batch: dataset.rows.length }).next();
  return tf.tensor(b!.x, b!.shape) as T;
}

/** How `batches` makes a model's input. */
export function batchOptions(model: Classifier): Pick<
  BatchOptions,
  'depth' | 'channels' | 'channelOrder' | 'mean' | 'std' | 'interpolation' | 'resize'
> & {
  size: number;
} {
  const depth = model.inputShape.length === 4 ? model.inputShape[0] : undefined;
  const [height, width, channels] = model.inputShape.slice(-3);
  if (height !== width)
    throw new TrainError(
      'option',
      `Films are square here; ${model.name} was created for ${height} × ${width}.`,
    );
  const { size, mean, std, channelOrder, interpolation, resize, crop } = model.preprocessing;
  return {
    ...{ size: height, depth, channels: channels as 1 | 3, channelOrder, mean, std },
    interpolation: depth === undefined ? interpolation : undefined,
    // at another size than the weights' the same part of the picture
    resize: crop && resize ? Math.floor((resize * height) / size) : undefined,
  };
}

/**
 * Probabilities for every row of a data set, in its order.
 * @throws TrainError `option`; DataError for a film that can't be read
 */
export async function predict(
  model: Classifier | Ensemble,
  dataset: Dataset,
  options: PredictOptions = {},
): Promise<Predicted> {
  const { tta = ['identity'], by = 'probabilities', precision = 'float32' } = options;
  checkPrecision(precision);
  checkViews(tta);
  checkRule(by);
  if (!('models' in model)) return predictOne(model, dataset, { ...options, tta, by, precision });
  const answers: Predicted[] = [];
  for (const member of model.models) answers.push(await predict(member, dataset, options));
  return {
    ...answers[0],
    scores: combined(
      answers.map(({ scores }) => scores),
      model.by,
    ),
  };
}

type Cleaned = PredictOptions & Required<Pick<PredictOptions, 'tta' | 'by' | 'precision'>>;

async function predictOne(
  model: Classifier,
  dataset: Dataset,
  { batch = 64, signal, precision: asked, workers, cache, onError, tta, by }: Cleaned,
): Promise<Predicted> {
  const out: Scores = { scores: [], truth: [], rows: [] };
  const skipped: (readonly Skipped[])[] = [];
  let precision = asked === 'auto' ? undefined : asked;
  const coarse = coarserPrecision();
  if (!coarse || dataset.rows.length < enough * batch) precision ??= 'float32';
  const how = { ...batchOptions(model), batch, signal, workers, cache, onError, reuse: true };
  const source = batches(dataset, how);
  for await (const b of source) {
    const x = tf.tensor(b.x, b.shape) as InputBatch;
    precision ??= await quicker(model, x, coarse!, signal);
    const answers = tta.map((view) => {
      const seen = viewed(x, view);
      const scores = model.predict(seen, { batch, precision });
      seen.dispose();
      return scores;
    });
    x.dispose();
    out.scores.push(...combined(answers, by));
    out.truth.push(...b.y);
    out.rows.push(...b.rows);
    skipped.push(b.skipped);
    await new Promise(setImmediate);
  }
  return { ...out, skipped: skipped.flat() };
}

async function quicker(
  model: Classifier,
  x: InputBatch,
  coarse: Precision,
  signal?: AbortSignal,
): Promise<Precision> {
  const found = await model.trial(x, coarse, signal);
  process.stderr.write(`${trialText(found, x.shape[0])}.\n`);
  return found.precision;
}

/** The report on a data set, its scores, and the mean cross-entropy. */
export async function evaluate(
  model: Classifier | Ensemble,
  dataset: Dataset,
  options: PredictOptions = {},
): Promise<Predicted & { report: Report; loss: number }> {
  sameClasses(model, dataset);
  if (!dataset.rows.length) throw new TrainError('data', `${dataset.name} has no films to judge on.`);
  const scored = await predict(model, dataset, options);
  return { ...scored, ...judge(scored, model.classes) };
}

/** The report on scores, and their mean cross-entropy. */
export function judge(
  { scores, truth }: Pick<Scores, 'scores' | 'truth'>,
  classes: readonly string[],
): { report: Report; loss: number } {
  const loss = truth.reduce((a, t, i) => a - Math.log(Math.max(scores[i][t], 1e-12)), 0) / truth.length;
  return { report: report(truth, scores, { classes }), loss };
}

/** What models are compared by. */
export function figuresOf({ report, loss }: { report: Report; loss: number }): Figures {
  return { loss, accuracy: report.accuracy, macroF1: report.macroF1, auc: report.auc };
}

/** Whether a figure is better than another one. */
export const isBetter = (figure: Monitor, value: number, than: number): boolean =>
  figure === 'loss' ? value < than : value > than;
