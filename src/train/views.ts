// Views of a film for test-time augmentation.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import { TrainError } from './errors.js';

/** Of batches `[n, height, width, channels]`; turns are against the clock, as numpy's rot90. */
const views = {
  identity: (x: tfjs.Tensor4D) => tf.clone(x),
  hflip: (x: tfjs.Tensor4D) => tf.reverse(x, 2),
  vflip: (x: tfjs.Tensor4D) => tf.reverse(x, 1),
  rot90: (x: tfjs.Tensor4D) => tf.reverse(tf.transpose(x, [0, 2, 1, 3]), 1),
  rot180: (x: tfjs.Tensor4D) => tf.reverse(x, [1, 2]),
  rot270: (x: tfjs.Tensor4D) => tf.reverse(tf.transpose(x, [0, 2, 1, 3]), 2),
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
export function viewed(x: tfjs.Tensor4D, view: View): tfjs.Tensor4D {
  return tf.tidy(() => (typeof view === 'function' ? tf.clone(view(x)) : views[view](x)));
}
