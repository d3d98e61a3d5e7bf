// Training: epochs over a data set, judged on another, the best state kept.

import type * as tfjs from '@tensorflow/tfjs';
import { coarserPrecision, ComputeError, tf, trialText, type Precision } from '../compute/index.js';
import type { Skipped } from '../data/index.js';
import { runningCell } from '../cell.js';
import { checkWritable } from '../files.js';
import { save, type Classifier, type InputBatch, type StateDict } from '../models/index.js';
import { Swa } from './averaging.js';
import { trainingDisplay, type Standing } from './display.js';
import { TrainError } from './errors.js';
import { evaluate, figuresOf, isBetter } from './evaluate.js';
import { Feed, filmsOfEpoch, labelsOf } from './feed.js';
import { emptyHistory, record, type Figures, type History } from './history.js';
import { applyDegree, Learner } from './learner.js';
import { peakMemory } from './memory.js';
import { updateBatchNorms } from './norms.js';
import { check, defaults, type Cleaned, type FitOptions } from './options.js';
import { trainingTrial, type TrainingStep } from './step.js';

/**
 * Trains the parts of a model that are not frozen; afterwards it holds the state of its best epoch, or the mean that `swa`
 * asks for.
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
  const feed = new Feed(model, o, signal);
  try {
    applyDegree(model, o, 1); // a trial of precisions is to see what learns
    feed.begin(1); // the threads that decode start while the first step is prepared
    const precision = await chosenPrecision(model, o, signal).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
      const before = 'Training was interrupted before its first step: the model is as it was.';
      throw new TrainError('interrupted', before, { cause: error });
    });
    return await epochs(model, o, precision, feed, signal);
  } finally {
    feed.end();
    release?.();
  }
}

async function epochs(
  model: Classifier,
  o: Cleaned,
  precision: Precision,
  feed: Feed,
  signal: AbortSignal | undefined,
): Promise<History> {
  const peak = peakMemory();
  const swa = new Swa();
  const history = emptyHistory(o.monitor, precision);
  const display = trainingDisplay(o.display);
  let best: StateDict | undefined;
  // batch norms take their statistics from a step even where its loss is no number
  const before = model.stateDict();
  const learner = new Learner(model, o, precision);
  const start = performance.now();
  let trained = 0;
  let seconds = 0;
  let waited = 0;
  const judge = async (): Promise<Figures> => {
    const { batch, workers, cache, onError } = o;
    const options = { batch: Math.max(batch, 32), precision, signal, workers, cache, onError };
    const judged = await evaluate(model, o.val, options);
    noteSkipped(history, judged.skipped, o.display);
    return figuresOf(judged);
  };
  try {
    for (let epoch = 1; epoch <= o.epochs; epoch++) {
      const t = performance.now();
      learner.startEpoch(epoch);
      const sums = await oneEpoch(model, o, epoch, feed, learner, signal, (step, steps, seen) => {
        const rate = (trained + seen) / (seconds + (performance.now() - t) / 1000);
        display.step(standing(epoch, step, steps, rate));
      });
      seconds += (performance.now() - t) / 1000;
      trained += sums.seen;
      waited += sums.waited;
      history.dataWait = waited / seconds;
      noteSkipped(history, sums.skipped, o.display);
      if (epoch < o.epochs) feed.begin(epoch + 1);
      if (o.swa && epoch >= o.swa.from) swa.add(model);
      const val = await learner.judged(async () => {
        const figures = await judge();
        const value = figures[o.monitor];
        const most = history.bestValue;
        if (most === undefined || isBetter(o.monitor, value, most)) {
          history.best = epoch;
          history.bestValue = value;
          best = model.stateDict();
          if (o.checkpoint) await save(model, o.checkpoint, { epoch, val: figures });
        }
        return figures;
      });
      record(history, epoch, { loss: sums.loss / sums.seen, accuracy: sums.right / sums.seen }, val);
      history.imagesPerSecond = trained / seconds;
      history.seconds = (performance.now() - start) / 1000;
      history.peakBytes = peak();
      display.epoch(standing(epoch, 1, 1, history.imagesPerSecond));
      o.onEpoch?.(history);
      if (o.earlyStopping && epoch - history.best! >= o.earlyStopping.patience) {
        history.stopped = 'early';
        break;
      }
    }
    if (swa.epochs) {
      swa.load(model);
      const { batch, augment, workers, onError, seed } = o;
      await updateBatchNorms(model, o.train, { batch, augment, workers, onError, seed, signal });
      history.swa = { epochs: swa.epochs, val: await judge() };
      if (o.checkpoint) await save(model, o.checkpoint, { swa: history.swa });
    } else if (best) model.loadState(best);
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
      const fits = fittingBatch(model, o.batch, learner);
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
    learner.dispose();
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
function ended(history: History): string {
  const { stopped, seconds, best, bestValue, monitor, peakBytes, dataWait, swa } = history;
  const left = history.skipped.length;
  const how = stopped === 'early' ? 'stopped early' : 'finished';
  const kept = swa
    ? `the mean of ${swa.epochs} epochs (${monitor} ${swa.val[monitor].toFixed(4)})`
    : `epoch ${best} (${monitor} ${bestValue?.toFixed(4)})`;
  return `${how} after ${seconds.toFixed(0)} s; kept ${kept}; at most ${(peakBytes / 1e9).toFixed(1)} GB of memory; ${(100 * dataWait).toFixed(1)} % of the time waiting for data${left ? `; ${left} film${left === 1 ? '' : 's'} left out` : ''}`;
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

async function oneEpoch(
  model: Classifier,
  o: Cleaned,
  epoch: number,
  feed: Feed,
  training: TrainingStep,
  signal: AbortSignal | undefined,
  onStep: (step: number, steps: number, seen: number) => void,
): Promise<{ loss: number; right: number; seen: number; waited: number; skipped: Skipped[] }> {
  const steps = Math.ceil(filmsOfEpoch(o) / o.batch);
  const sums = { loss: 0, right: 0, seen: 0, waited: 0 };
  const skipped: (readonly Skipped[])[] = [];
  let step = 0;
  for await (const b of feed.epoch((ms) => (sums.waited += ms / 1000))) {
    signal?.throwIfAborted();
    step++;
    skipped.push(b.skipped);
    // batch statistics of a single film say nothing
    if (b.n === 1 && o.batch > 1 && sums.seen > 0) continue;
    const x = tf.tensor(b.x, b.shape) as InputBatch;
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
  return { ...sums, skipped: skipped.flat() };
}

/** Films that are skipped are told of once. */
function noteSkipped(history: History, skipped: readonly Skipped[], display: FitOptions['display']): void {
  const known = new Set(history.skipped.map(({ row }) => row));
  // a film may come more than once in an epoch
  const fresh = skipped.filter(({ row }) => !known.has(row) && known.add(row));
  if (fresh.length === 0) return;
  history.skipped.push(...fresh);
  if (display !== 'quiet')
    process.stderr.write(
      `${fresh.length} film${fresh.length === 1 ? '' : 's'} could not be read and ${fresh.length === 1 ? 'is' : 'are'} left out: ${fresh[0].reason}\n`,
    );
}
