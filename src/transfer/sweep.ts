// How much of a network is to be fine-tuned: a training for each degree and seed, and a table of what came out.

import type { Dataset } from '../data/index.js';
import { unfreeze, type Classifier, type Degree } from '../models/index.js';
import { progress } from '../progress/index.js';
import { figureTable } from '../table/figures.js';
import { evaluate, figuresOf, fit, type Figures, type FitOptions } from '../train/index.js';
import { TransferError } from './errors.js';
import { Journal, keyOfNetwork } from './journal.js';

export interface SweepOptions extends Omit<FitOptions, 'unfreeze' | 'checkpoint' | 'onEpoch' | 'seed'> {
  /** What the table's figures are of. Default: the validation films. */
  test?: Dataset;
  /** Default: head, last stage, half, all. */
  degrees?: readonly Degree[];
  /** A training of each degree with each of them. Default: 0, 1, 2. */
  seeds?: readonly number[];
  /**
   * A JSON file of finished trainings: a sweep that was interrupted goes on after them. Those of other options, films or networks stay in
   * it and are not taken; films are known by their rows and the sizes and times of files, networks by the weights that they begin with.
   */
  file?: string;
  /** Called after each training. */
  onRun?: (run: SweepRun, sweep: Sweep) => void;
}

export interface SweepRun extends Figures {
  degree: Degree;
  seed: number;
  /** The epoch whose state was judged. */
  epoch: number;
  /** Parameter tensors that learnt. */
  learning: number;
  seconds: number;
}

/** Mean and standard deviation (of a sample, by n − 1) over the seeds. */
export type Spread = Record<keyof Figures, { mean: number; sd: number }>;

/** A notebook shows it as a table, a row a degree. */
export interface Sweep {
  runs: SweepRun[];
  summary(): Array<{ degree: Degree; runs: number; learning: number; seconds: number } & Spread>;
}

/**
 * Trains a network anew for each degree and seed and judges each. An interrupt ends the training at hand; with `file`, the
 * same call then goes on with it.
 * @param create makes the network, the same from the same seed
 * @throws TransferError `option`; `file` where the file is none of a sweep; TrainError as `fit`
 */
export async function sweep(
  create: (seed: number) => Promise<Classifier> | Classifier,
  options: SweepOptions,
): Promise<Sweep> {
  const {
    degrees = ['head', 'last stage', 'half', 'all'],
    seeds = [0, 1, 2],
    file,
    test,
    onRun,
    ...rest
  } = options;
  if (!degrees.length || !seeds.length)
    throw new TransferError('option', 'A sweep needs at least one degree and one seed.');
  const plan = degrees.flatMap((degree) => seeds.map((seed) => ({ degree, seed })));
  const journal = file ? await Journal.open(file, options) : undefined;
  const runs = (await journal?.finished(plan, create, options.display === 'quiet')) ?? [];
  const result = sweepOf(runs, degrees);
  const bar = progress(plan.length, { label: 'sweep', display: options.display });
  try {
    for (const { degree, seed } of plan) {
      bar.label = `sweep: ${degree}, seed ${seed}`;
      if (!runs.some((run) => run.degree === degree && run.seed === seed)) {
        rest.signal?.throwIfAborted();
        const model = await create(seed);
        const network = journal && keyOfNetwork(model);
        const run = await train(model, degree, seed, { ...rest, test });
        runs.push(run);
        await journal?.add(run, network!);
        onRun?.(run, result);
      }
      bar.update();
    }
    return result;
  } finally {
    bar.close();
  }
}

/** Trains and judges a network, which is disposed of then. */
async function train(
  model: Classifier,
  degree: Degree,
  seed: number,
  { test, ...options }: Omit<FitOptions, 'seed'> & { test?: Dataset },
): Promise<SweepRun> {
  try {
    const { batchNorm, signal, workers, onError } = options;
    const learning = unfreeze(model, degree, { batchNorm });
    const history = await fit(model, { ...options, seed, display: 'quiet' });
    const judged = await evaluate(model, test ?? options.val, { signal, workers, onError });
    const { best: epoch, seconds } = history;
    return { degree, seed, epoch: epoch!, learning, seconds, ...figuresOf(judged) };
  } finally {
    model.dispose();
  }
}

function sweepOf(runs: SweepRun[], degrees: readonly Degree[]): Sweep {
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const spread = (values: number[]): { mean: number; sd: number } => {
    const middle = mean(values);
    const squares = values.reduce((sum, v) => sum + (v - middle) ** 2, 0);
    return { mean: middle, sd: Math.sqrt(squares / (values.length - 1)) };
  };
  const summary: Sweep['summary'] = () =>
    degrees.flatMap((degree) => {
      const own = runs.filter((run) => run.degree === degree);
      if (!own.length) return [];
      const of = (figure: keyof Figures): { mean: number; sd: number } =>
        spread(own.map((run) => run[figure]));
      return {
        degree,
        runs: own.length,
        learning: own[0].learning,
        seconds: mean(own.map((run) => run.seconds)),
        accuracy: of('accuracy'),
        macroF1: of('macroF1'),
        auc: of('auc'),
        loss: of('loss'),
      };
    });
  return Object.defineProperty({ runs, summary }, Symbol.for('Jupyter.display'), {
    value: () => sweepTable(summary()),
  });
}

function sweepTable(rows: ReturnType<Sweep['summary']>): Record<string, string> {
  const figure = ({ mean, sd }: { mean: number; sd: number }): string =>
    mean.toFixed(3) + (Number.isNaN(sd) ? '' : ` ± ${sd.toFixed(3)}`);
  return figureTable(
    ['learns', 'runs', 'tensors', 'accuracy', 'macro F1', 'AUC', 'loss', 's a run'],
    rows.map((row) => [
      String(row.degree),
      String(row.runs),
      String(row.learning),
      ...[row.accuracy, row.macroF1, row.auc, row.loss].map(figure),
      row.seconds.toFixed(0),
    ]),
    'mean ± standard deviation over the seeds',
  );
}
