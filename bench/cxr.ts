// What the two benchmarks on the shared chest X-rays have in common: arguments, data, run, and the JSON they print.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as data from '../src/data/index.js';
import { evaluate, fit, type FitOptions } from '../src/train/index.js';
import type { Classifier } from '../src/models/index.js';

/** Options of the command line: --seed N, --data FOLDER (with manifest.csv), --epochs N, --precision NAME. */
export function options(): {
  seed: number;
  root: string;
  epochs?: number;
  precision?: FitOptions['precision'];
} {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      data: { type: 'string' },
      epochs: { type: 'string' },
      precision: { type: 'string' },
    },
  });
  const shared = fileURLToPath(new URL('../../../shared/data/cxr', import.meta.url));
  return {
    seed: Number(values.seed ?? 0),
    root: values.data ?? shared,
    epochs: values.epochs === undefined ? undefined : Number(values.epochs),
    precision: values.precision as FitOptions['precision'],
  };
}

export const openCxr = (root: string): Promise<data.Dataset> =>
  data.open(`${root}/manifest.csv`, { label: 'label3' });

/** Trains, judges on the test split, and prints one JSON object. */
export async function run(
  name: string,
  model: Classifier,
  set: data.Dataset,
  settings: Omit<FitOptions, 'train' | 'val'>,
): Promise<void> {
  const start = performance.now();
  const history = await fit(model, {
    train: set.split('train'),
    val: set.split('val'),
    classWeights: 'balanced',
    augment: { flip: true },
    monitor: 'macroF1',
    display: 'lines',
    ...settings,
    precision: settings.precision ?? 'float32',
  });
  const { report } = await evaluate(model, set.split('test'), { precision: history.precision });
  console.log(
    JSON.stringify({
      bench: name,
      model: model.name,
      size: model.inputShape[0],
      seed: settings.seed,
      precision: history.precision,
      epochs: history.epochs.length,
      bestEpoch: history.best,
      macroF1: report.macroF1,
      accuracy: report.accuracy,
      auc: report.auc,
      confusion: report.confusion,
      imagesPerSecond: history.imagesPerSecond,
      seconds: (performance.now() - start) / 1000,
    }),
  );
}
