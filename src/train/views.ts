// Views of a film for test-time augmentation.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import type { InputBatch } from '../models/index.js';
import { TrainError } from './errors.js';

/** Height and width change places. */
const transposed = (x: InputBatch): InputBatch => {
  const [height, width] = [x.rank - 3, x.rank - 2];
  const order = x.shape.map((_, axis) => (axis === height ? width : axis === width ? height : axis));
  return tf.transpose(x, order);
};

/** Of batches `[n, height, width, channels]`, or each slice of `[n, depth, height, width, channels]`; turns are against the clock, as numpy's rot90. */
const views = {
  identity: (x: InputBatch) => tf.clone(x),
  hflip: (x: InputBatch) => tf.reverse(x, -2),
  vflip: (x: InputBatch) => tf.reverse(x, -3),
  rot90: (x: InputBatch) => tf.reverse(transposed(x), -3),
  rot180: (x: InputBatch) => tf.reverse(x, [-3, -2]),
  rot270: (x: InputBatch) => tf.reverse(transposed(x), -2),
};

/** A view's name, or a function from a batch of preprocessed films to another one of the same shape. */
export type View = keyof typeof views | ((x: tfjs.Tensor4D) => tfjs.Tensor4D);

/** @throws TrainError `option` */
export function checkViews(tta: readonly View[]): void {
  const names = Object.keys(views);
  const known = (view: View): boolean => typeof view === 'function' || names.includes(view);
  if (!Array.isArray(tta) || !tta.length || !tta.every(known))
    throw new TrainError(
      'option',
      `tta is ${JSON.stringify(tta)}; it must be a list of ${names.join(', ')} and functions of a batch.`,
    );
}

/** The caller disposes it. */
export function viewed(x: InputBatch, view: View): InputBatch {
  return tf.tidy(() => (typeof view === 'function' ? tf.clone(view(x as tfjs.Tensor4D)) : views[view](x)));
}
