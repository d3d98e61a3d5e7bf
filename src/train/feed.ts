// The batches of an epoch, made while something else is done.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import { batches, type Batch } from '../data/index.js';
import type { Classifier } from '../models/index.js';
import { batchOptions } from './evaluate.js';
import type { Cleaned } from './options.js';

/** An epoch's batches, the first of them begun: they are made while something else is done. */
export interface Feed {
  source: AsyncGenerator<Batch, void, void>;
  first: Promise<IteratorResult<Batch, void>>;
}

export function begin(model: Classifier, o: Cleaned, epoch: number, signal: AbortSignal | undefined): Feed {
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
export const filmsOfEpoch = ({ train, sampler }: Cleaned): number =>
  (typeof sampler === 'object' ? sampler.n : undefined) ?? train.rows.length;

/** [n, classes]: one-hot, or the shares of mixed films. */
export function labelsOf({ y, soft, n }: Batch, classes: number): tfjs.Tensor2D {
  if (soft) return tf.tensor2d(soft, [n, classes]);
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), classes), 'float32')) as tfjs.Tensor2D;
}

/** The same batches; says how long each was waited for. */
export async function* timed(
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
