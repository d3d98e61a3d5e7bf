// Training: epochs over a data set, judged on another, the best state kept.

import type * as tfjs from '@tensorflow/tfjs';
import {
  coarserPrecision,
  ComputeError,
  optimizer as makeOptimizer,
  tf,
  trialText,
  type OptimizerName,
  type Precision,
} from '../compute/index.js';
import { batches, type Batch, type BatchOptions, type Dataset } from '../data/index.js';
import { runningCell } from '../cell.js';
import { checkWritable } from '../files.js';
import { save, type Classifier, type InputBatch, type StateDict } from '../models/index.js';
import { trainingDisplay, type Standing } from './display.js';
import { TrainError } from './errors.js';
import { batchOptions, checkPrecision, evaluate, sameClasses } from './evaluate.js';
import { emptyHistory, record, type History } from './history.js';
import { peakMemory } from './memory.js';
import { learning, trainingStep, trainingTrial, type TrainingStep } from './step.js';

export type Monitor = 'macroF1' | 'accuracy' | 'auc' | 'loss';

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

const defaults = {
  epochs: 10,
  batch: 32,
  optimizer: 'adam',
  learningRate: 1e-3,
  monitor: 'macroF1',
  precision: 'float32',
  checkpointing: false,
  seed: 0,
} as const;

/**
 * Trains the parts of a model that are not frozen; afterwards it holds the state of its best epoch.
 * In a notebook an interrupt ends the step at hand, restores the best state and throws.
 * @throws TrainError `option`, `data`, `nan` (the loss is no number) and `memory` (the model holds its last good state), or `interrupted`; FileError when the checkpoint can't be written
 */
export async function fit(model: Classifier, options: FitOptions): Promise<History> {
  const o = { ...defaults, ...options };
  check(model, o);
  if (o.checkpoint) checkWritable(o.checkpoint);
  const cell = runningCell();
  const release = cell?.cooperate();
  const signals = [o.signal, cell?.signal].filter((s) => s !== undefined);
  const signal = signals.length ? AbortSignal.any(signals) : undefined;
  const peak = peakMemory();
  // the threads that decode start while the first step is prepared
  let feed = begin(model, o, 1, signal);
  const precision = await chosenPrecision(model, o, signal).catch((error: unknown) => {
    release?.();
    void feed.source.return();
    if (!signal?.aborted) throw error;
    const before = 'Training was interrupted before its first step: the model is as it was.';
    throw new TrainError('interrupted', before, { cause: error });
  });
  const optimizer = makeOptimizer(o.optimizer, { learningRate: o.learningRate, weightDecay: o.weightDecay });
  const weights = classWeights(o.train, o.classWeights);
  const weightTensor = weights && tf.tensor1d(weights);
  const training = trainingStep(model, learning(model), optimizer, {
    weights: weightTensor,
    precision,
    checkpointing: o.checkpointing,
    onEager: (why) => process.stderr.write(`The steps run op by op, which is slower: ${why}.\n`),
  });
  const history = emptyHistory(o.monitor, precision);
  const display = trainingDisplay(o.display);
  let best: StateDict | undefined;
  // batch norms take their statistics from a step even where its loss is no number
  const before = model.stateDict();
  const start = performance.now();
  let trained = 0;
  let seconds = 0;
  let waited = 0;
  try {
    for (let epoch = 1; epoch <= o.epochs; epoch++) {
      const t = performance.now();
      const sums = await oneEpoch(model, o, epoch, feed, training, signal, (step, steps, seen) => {
        const rate = (trained + seen) / (seconds + (performance.now() - t) / 1000);
        display.step(standing(epoch, step, steps, rate));
      });
      seconds += (performance.now() - t) / 1000;
      trained += sums.seen;
      waited += sums.waited;
      history.dataWait = waited / seconds;
      noteSkipped(history, sums.skipped, o.display);
      if (epoch < o.epochs) feed = begin(model, o, epoch + 1, signal);
      const judged = await evaluate(model, o.val, {
        batch: Math.max(o.batch, 32),
        precision,
        signal,
        workers: o.workers,
        onError: o.onError,
      });
      const { accuracy, macroF1, auc } = judged.report;
      const val = { loss: judged.loss, accuracy, macroF1, auc };
      record(history, epoch, { loss: sums.loss / sums.seen, accuracy: sums.right / sums.seen }, val);
      history.imagesPerSecond = trained / seconds;
      history.seconds = (performance.now() - start) / 1000;
      history.peakBytes = peak();
      const value = val[o.monitor];
      const most = history.bestValue;
      const better = most === undefined || (o.monitor === 'loss' ? value < most : value > most);
      if (better) {
        history.best = epoch;
        history.bestValue = value;
        best = model.stateDict();
        if (o.checkpoint) await save(model, o.checkpoint, { epoch, val });
      }
      display.epoch(standing(epoch, 1, 1, history.imagesPerSecond));
      o.onEpoch?.(history);
      if (o.earlyStopping && epoch - history.best! >= o.earlyStopping.patience) {
        history.stopped = 'early';
        break;
      }
    }
    if (best) model.loadState(best);
    display.end({ ...standing(history.epochs.length, 1, 1, history.imagesPerSecond), ended: ended(history) });
    return history;
  } catch (error) {
    if (signal?.aborted) {
      if (best) model.loadState(best);
      const kept = history.best
        ? `the model holds the state of epoch ${history.best} (${o.monitor} ${history.bestValue!.toFixed(4)})`
        : 'no epoch was finished; the model holds the state of the last step';
      const running = history.epochs.length + 1;
      display.end({ ...standing(running, 0, 1, history.imagesPerSecond), ended: 'interrupted' });
      throw new TrainError('interrupted', `Training was interrupted in epoch ${running}: ${kept}.`, {
        cause: error,
      });
    }
    if (error instanceof TrainError && error.code === 'nan') model.loadState(best ?? before);
    if (error instanceof ComputeError && error.code === 'memory') {
      const fits = fittingBatch(model, o.batch, training);
      model.loadState(best ?? before);
      const advice = fits
        ? `A batch of ${fits} fits`
        : 'Not even two films fit: create the model for smaller pictures';
      throw new TrainError(
        'memory',
        `There is not enough memory for a batch of ${o.batch} films of ${model.inputShape.slice(0, -1).join(' × ')}. ${advice}. The model holds its last good state.`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    void feed.source.return();
    release?.();
    training.dispose();
    optimizer.dispose();
    weightTensor?.dispose();
  }

  function standing(epoch: number, step: number, steps: number, rate: number): Standing {
    const left = (o.epochs - epoch + 1 - step / steps) * filmsOfEpoch(o);
    return {
      epoch,
      epochs: o.epochs,
      step,
      steps,
      imagesPerSecond: rate,
      secondsLeft: rate > 0 ? left / rate : 0,
      history,
    };
  }
}

/** The last word on a training: how it ended, how long it took, and what was kept. */
function ended({ stopped, seconds, best, bestValue, monitor, peakBytes, dataWait }: History): string {
  const how = stopped === 'early' ? 'stopped early' : 'finished';
  return `${how} after ${seconds.toFixed(0)} s; kept epoch ${best} (${monitor} ${bestValue?.toFixed(4)}); at most ${(peakBytes / 1e9).toFixed(1)} GB of memory; ${(100 * dataWait).toFixed(1)} % of the time waiting for data`;
}

/** The precision that is asked for, or the quicker one. */
async function chosenPrecision(
  model: Classifier,
  { precision, batch, checkpointing, display }: Cleaned,
  signal?: AbortSignal,
): Promise<Precision> {
  if (precision !== 'auto') return precision;
  const coarse = coarserPrecision();
  if (!coarse) return 'float32';
  const films = Math.min(batch, mostTried);
  try {
    const found = await trainingTrial(model, films, coarse, { checkpointing }, signal);
    if (display !== 'quiet') process.stderr.write(`${trialText(found, films)}.\n`);
    return found.precision;
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'memory') return 'float32'; // and the first step says what fits
    throw error;
  }
}
/** Films of a trial at most. */
const mostTried = 8;

/** The largest half, quarter, … of a batch that a step of training has memory for; 0 where there is none. Changes the model. */
function fittingBatch(model: Classifier, batch: number, training: TrainingStep): number {
  for (let n = batch >> 1; n > 1; n >>= 1) {
    const x = tf.zeros([n, ...model.inputShape]) as InputBatch;
    const y = tf.zeros([n, model.classes.length]) as tfjs.Tensor2D;
    try {
      training.run(x, y, 0);
      return n;
    } catch (error) {
      if (!(error instanceof ComputeError && error.code === 'memory')) throw error;
    } finally {
      tf.dispose([x, y]);
    }
  }
  return 0;
}

type Cleaned = FitOptions & Required<Pick<FitOptions, keyof typeof defaults>>;

async function oneEpoch(
  model: Classifier,
  o: Cleaned,
  epoch: number,
  feed: Feed,
  training: TrainingStep,
  signal: AbortSignal | undefined,
  onStep: (step: number, steps: number, seen: number) => void,
): Promise<{ loss: number; right: number; seen: number; waited: number; skipped: Batch['skipped'] }> {
  const steps = Math.ceil(filmsOfEpoch(o) / o.batch);
  const sums = { loss: 0, right: 0, seen: 0, waited: 0, skipped: [] as Batch['skipped'] };
  let step = 0;
  for await (const b of timed(feed, (ms) => (sums.waited += ms / 1000))) {
    signal?.throwIfAborted();
    step++;
    sums.skipped = [...sums.skipped, ...b.skipped];
    // batch statistics of a single film say nothing
    if (b.n === 1 && o.train.rows.length > 1) continue;
    const x = tf.tensor4d(b.x, b.shape);
    const y = labelsOf(b, model.classes.length);
    const { loss, right } = training.run(x, y, o.seed * 1_000_003 + epoch * 10_007 + step);
    tf.dispose([x, y]);
    if (!Number.isFinite(loss))
      throw new TrainError(
        'nan',
        `The loss is ${loss} in epoch ${epoch}, step ${step} of ${steps} (learning rate ${o.learningRate}). The model holds its last good state. Try a tenth of the learning rate, and look at the films of this batch: ${b.rows
          .slice(0, 3)
          .map((r) => r.file ?? r.index)
          .join(', ')}…`,
      );
    sums.loss += loss * b.n;
    sums.right += right;
    sums.seen += b.n;
    onStep(step, steps, sums.seen);
    await new Promise(setImmediate);
  }
  return sums;
}

/** An epoch's batches, the first of them begun: they are made while something else is done. */
interface Feed {
  source: AsyncGenerator<Batch, void, void>;
  first: Promise<IteratorResult<Batch, void>>;
}

function begin(model: Classifier, o: Cleaned, epoch: number, signal: AbortSignal | undefined): Feed {
  const source = batches(o.train, {
    ...batchOptions(model),
    batch: o.batch,
    shuffle: true,
    seed: o.seed,
    epoch,
    augment: o.augment,
    sampler: o.sampler,
    mixup: o.mixup,
    cutmix: o.cutmix,
    workers: o.workers,
    cache: o.cache,
    onError: o.onError,
    reuse: true,
    signal,
  });
  const first = source.next();
  first.catch(() => undefined); // thrown where it is waited for
  return { source, first };
}

/** Rows of an epoch. */
const filmsOfEpoch = ({ train, sampler }: Cleaned): number =>
  (typeof sampler === 'object' ? sampler.n : undefined) ?? train.rows.length;

/** [n, classes]: one-hot, or the shares of mixed films. */
function labelsOf({ y, soft, n }: Batch, classes: number): tfjs.Tensor2D {
  if (soft) return tf.tensor2d(soft, [n, classes]);
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), classes), 'float32')) as tfjs.Tensor2D;
}

/** The same batches; says how long each was waited for. */
async function* timed(
  { source, first }: Feed,
  waited: (ms: number) => void,
): AsyncGenerator<Batch, void, void> {
  try {
    for (let coming = first; ; coming = source.next()) {
      const asked = performance.now();
      const { value, done } = await coming;
      waited(performance.now() - asked);
      if (done) return;
      yield value;
    }
  } finally {
    await source.return();
  }
}

/** Films that are skipped are told of once. */
function noteSkipped(history: History, skipped: Batch['skipped'], display: FitOptions['display']): void {
  const known = new Set(history.skipped.map(({ row }) => row.index));
  const fresh = skipped.filter(({ row }) => !known.has(row.index));
  if (fresh.length === 0) return;
  history.skipped.push(...fresh);
  if (display !== 'quiet')
    process.stderr.write(
      `${fresh.length} film${fresh.length === 1 ? '' : 's'} could not be read and ${fresh.length === 1 ? 'is' : 'are'} left out: ${fresh[0].reason}\n`,
    );
}

function check(model: Classifier, o: Cleaned): void {
  const bad = (name: string, value: unknown, rule: string): never => {
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
  if (!model.net.trainableWeights.length)
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
