// The statistics of batch norms, computed again over a data set, for weights that no step of training has seen.

import type * as tfjs from '@tensorflow/tfjs';
import { compile, tf } from '../compute/index.js';
import { batches, type BatchOptions, type Dataset } from '../data/index.js';
import { movingNorms, type Classifier, type InputBatch } from '../models/index.js';
import { TrainError } from './errors.js';
import { batchOptions } from './evaluate.js';

export interface UpdateNormsOptions extends Pick<BatchOptions, 'augment' | 'workers' | 'onError'> {
  batch?: number;
  seed?: number;
  signal?: AbortSignal;
}

/**
 * Gives each batch norm that isn't frozen the mean over batches of their means and variances, as PyTorch's `update_bn` does.
 * @throws TrainError `data` where there are no films; the statistics stay as they are when it fails
 */
export async function updateBatchNorms(
  model: Classifier,
  dataset: Dataset,
  { batch = 32, seed = 0, signal, ...options }: UpdateNormsOptions = {},
): Promise<void> {
  if (!dataset.rows.length)
    throw new TrainError('data', `${dataset.name} has no films to take statistics of.`);
  const norms = movingNorms(model);
  if (!norms.length) return;
  const variables = norms.flatMap((norm) => norm.running());
  const before = variables.map((v) => (v.read().dataSync() as Float32Array).slice());
  const sums = before.map((values) => new Float64Array(values.length));
  const momenta = norms.map((norm) => norm.momentum);
  // the running statistics are those of the last batch
  for (const norm of norms) norm.momentum = 1;
  const step = compile(
    (x) => {
      tf.dispose(model.net.apply(x, { training: true }) as tfjs.Tensor);
      return [];
    },
    { prepared: true },
  );
  const write = (values: ArrayLike<number>[]): void =>
    variables.forEach((v, i) => tf.tidy(() => void v.write(tf.tensor1d(Float32Array.from(values[i])))));
  let seen = 0;
  let means: ArrayLike<number>[] = before;
  try {
    const source = batches(dataset, {
      ...options,
      ...batchOptions(model),
      batch,
      shuffle: true,
      seed,
      signal,
      reuse: true,
    });
    for await (const b of source) {
      // batch statistics of a single film say nothing
      if (b.n === 1 && dataset.rows.length > 1) continue;
      const x = tf.tensor(b.x, b.shape) as InputBatch;
      step.run([x], seed + seen);
      x.dispose();
      seen++;
      variables.forEach((v, i) => {
        const values = v.read().dataSync();
        for (let k = 0; k < values.length; k++) sums[i][k] += values[k];
      });
      await new Promise(setImmediate);
    }
    means = sums.map((sum) => sum.map((v) => v / seen));
  } finally {
    write(means);
    norms.forEach((norm, i) => (norm.momentum = momenta[i]));
    step.dispose();
  }
}
