// The batches of epoch after epoch, made while something else is done.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import { batches, type Batch } from '../data/index.js';
import type { Classifier } from '../models/index.js';
import { batchOptions } from './evaluate.js';
import type { Cleaned } from './options.js';

export class Feed {
  private source?: AsyncGenerator<Batch, void, void>;
  private first?: Promise<IteratorResult<Batch, void>>;
  private readonly over = new AbortController();
  private readonly signal: AbortSignal;

  constructor(
    private readonly model: Classifier,
    private readonly o: Cleaned,
    signal: AbortSignal | undefined,
  ) {
    this.signal = signal ? AbortSignal.any([signal, this.over.signal]) : this.over.signal;
  }

  /** Has an epoch's first batches made, for `epoch` to give; the epoch before must be over. */
  begin(epoch: number): void {
    const { model, o, signal } = this;
    this.source = batches(o.train, {
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
    this.first = this.source.next();
    this.first.catch(() => undefined); // thrown where it is waited for
  }

  /** The batches of the epoch that was begun; says how long each was waited for. */
  async *epoch(waited: (ms: number) => void): AsyncGenerator<Batch, void, void> {
    const source = this.source!;
    try {
      for (let coming = this.first!; ; coming = source.next()) {
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

  /** Nobody will take the batches that were begun: they are made no further. */
  end(): void {
    this.over.abort();
    void this.source?.return();
  }
}

/** Rows of an epoch. */
export const filmsOfEpoch = ({ train, sampler }: Cleaned): number =>
  (typeof sampler === 'object' ? sampler.n : undefined) ?? train.rows.length;

/** [n, classes]: one-hot, or the shares of mixed films. */
export function labelsOf({ y, soft, n }: Batch, classes: number): tfjs.Tensor2D {
  if (soft) return tf.tensor2d(soft, [n, classes]);
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), classes), 'float32')) as tfjs.Tensor2D;
}
