// What `fit` takes, and what it refuses.

import { type OptimizerName, type Precision } from '../compute/index.js';
import type { BatchOptions, Dataset } from '../data/index.js';
import { firstOf, type Classifier, type Degree, type FreezeOptions } from '../models/index.js';
import { checkEma, checkSwa, type EmaOptions, type SwaOptions } from './averaging.js';
import { TrainError } from './errors.js';
import { checkPrecision, sameClasses } from './evaluate.js';
import type { History, Monitor } from './history.js';

export interface FitOptions extends Pick<
  BatchOptions,
  'augment' | 'sampler' | 'mixup' | 'cutmix' | 'workers' | 'cache' | 'onError'
> {
  train: Dataset;
  val: Dataset;
  epochs?: number;
  batch?: number;
  optimizer?: OptimizerName;
  learningRate?: number;
  weightDecay?: number;
  /** `balanced` weighs each class by the inverse of its share. */
  classWeights?: 'balanced' | number[];
  /**
   * Gradual unfreezing: from which epoch on the model learns to which degree, as in `{ 1: 'head', 3: 'last stage', 6: 'all' }`.
   * By default what is frozen stays so.
   */
  unfreeze?: Readonly<Record<number, Degree>>;
  /** Which batch norms keep their statistics at each degree of `unfreeze`. */
  batchNorm?: FreezeOptions['batchNorm'];
  /**
   * Discriminative learning rates: with 2.6 each stage learns at 1/2.6 of the rate of the next one (Howard and Ruder 2018), the
   * head at `learningRate`; or a factor for each stage, from 0 for the stem to `last` for the head.
   */
  stageRates?: number | ((stage: number, last: number) => number);
  /** Exponential moving average of the weights: epochs are judged, and the best one kept, with the averaged ones. */
  ema?: number | EmaOptions;
  /** Stochastic weight averaging (Izmailov et al. 2018): the model ends with the mean of the last epochs' weights. */
  swa?: SwaOptions;
  /** What decides which epoch is the best. */
  monitor?: Monitor;
  /** Stops after so many epochs without a better one. */
  earlyStopping?: { patience: number };
  /** A file that holds the best state so far, written whole each time it gets better. */
  checkpoint?: string;
  /**
   * What convolutions and matrix products are computed in; weights, their updates and all else stay float32. `auto` is
   * what a trial on this network finds quicker.
   */
  precision?: Precision | 'auto';
  /** Keeps less in memory and computes parts of the network twice instead; the results are the same. */
  checkpointing?: boolean;
  seed?: number;
  signal?: AbortSignal;
  display?: 'auto' | 'lines' | 'quiet';
  onEpoch?: (history: History) => void;
}

export const defaults = {
  epochs: 10,
  batch: 32,
  optimizer: 'adam',
  learningRate: 1e-3,
  monitor: 'macroF1',
  precision: 'float32',
  checkpointing: false,
  seed: 0,
} as const;

/** With its defaults. */
export type Cleaned = FitOptions & Required<Pick<FitOptions, keyof typeof defaults>>;

/** Says in a sentence what an option is and what it must be. */
export type Refuse = (name: string, value: unknown, rule: string) => never;

export function check(model: Classifier, o: Cleaned): void {
  const bad: Refuse = (name, value, rule) => {
    throw new TrainError('option', `${name} is ${JSON.stringify(value)}; it must be ${rule}.`);
  };
  if (!(Number.isInteger(o.epochs) && o.epochs >= 1)) bad('epochs', o.epochs, 'a whole number from 1 on');
  if (!(Number.isInteger(o.batch) && o.batch >= 1)) bad('batch', o.batch, 'a whole number from 1 on');
  if (!(o.learningRate > 0)) bad('learningRate', o.learningRate, 'above 0');
  if (!['adam', 'adamw', 'sgd'].includes(o.optimizer)) bad('optimizer', o.optimizer, 'adam, adamw or sgd');
  if (!['macroF1', 'accuracy', 'auc', 'loss'].includes(o.monitor))
    bad('monitor', o.monitor, 'macroF1, accuracy, auc or loss');
  checkPrecision(o.precision);
  if (typeof o.checkpointing !== 'boolean') bad('checkpointing', o.checkpointing, 'true or false');
  if (o.earlyStopping && !(o.earlyStopping.patience >= 1))
    bad('earlyStopping.patience', o.earlyStopping.patience, 'from 1 on');
  for (const [name, set] of [
    ['train', o.train],
    ['val', o.val],
  ] as const) {
    sameClasses(model, set);
    if (!set.rows.length) throw new TrainError('data', `The ${name} set has no films.`);
  }
  for (const [epoch, degree] of Object.entries(o.unfreeze ?? {})) {
    if (!(Number.isInteger(Number(epoch)) && Number(epoch) >= 1 && Number(epoch) <= o.epochs))
      bad('unfreeze', o.unfreeze, `by epochs from 1 to ${o.epochs}, as in { 1: 'head', 3: 'all' }`);
    firstOf(model, degree);
  }
  const { stageRates } = o;
  if (stageRates !== undefined && typeof stageRates !== 'function' && !(stageRates > 0))
    bad('stageRates', stageRates, 'a number above 0, such as 2.6, or a function of the stage');
  classWeights(o.train, o.classWeights); // throws
  checkEma(o.ema, bad);
  checkSwa(o.swa, o.epochs, bad);
  if (o.ema !== undefined && o.swa)
    throw new TrainError('option', 'ema and swa are two ways to average weights; choose one.');
  if (!model.net.trainableWeights.length && !o.unfreeze?.[1])
    throw new TrainError('option', `All of ${model.name} is frozen; unfreeze a part of it first.`);
}

/** Weight of each class; classes without films weigh nothing. */
export function classWeights(dataset: Dataset, rule: FitOptions['classWeights']): number[] | undefined {
  if (!rule) return undefined;
  if (Array.isArray(rule)) {
    if (rule.length !== dataset.classes.length || !rule.every((w) => w >= 0))
      throw new TrainError(
        'option',
        `classWeights has ${rule.length} values; it needs one of at least 0 for each of ${dataset.classes.join(', ')}.`,
      );
    return rule;
  }
  const counts = new Array<number>(dataset.classes.length).fill(0);
  for (const label of dataset.labels()) counts[label]++;
  const all = counts.reduce((a, b) => a + b, 0);
  return counts.map((n) => (n ? all / (counts.length * n) : 0));
}
