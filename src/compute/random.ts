// Random numbers of a step: made by TensorFlow from the step's seed, which is an input of the step when it is compiled.

import type * as tfjs from '@tensorflow/tfjs';
import { attr, run } from './attributes.js';
import { tf } from './tfjs.js';
import { TF } from './types.js';

let seed: tfjs.Scalar | undefined;
let loose = 0;

/** Within `work`, random numbers come from this seed (int32). */
export function withSeed<T>(given: tfjs.Scalar, work: () => T): T {
  const before = seed;
  seed = given;
  try {
    return work();
  } finally {
    seed = before;
  }
}

/**
 * Uniform numbers in 0…1, by the step's seed and a number of the caller's; outside of `withSeed` others at each call.
 */
export function uniform(shape: number[], own: number): tfjs.Tensor {
  const key = own | 0;
  if (tf.getBackend() !== 'tensorflow') {
    const step = seed ? (seed.dataSync() as Int32Array)[0] : ++loose;
    return tf.randomUniform(shape, 0, 1, 'float32', step * 7919 + key);
  }
  return tf.tidy(() => {
    const step = tf.reshape(seed ?? tf.scalar(++loose, 'int32'), [1]);
    const both = tf.concat([step, tf.tensor1d([key], 'int32')]);
    return run(
      'StatelessRandomUniform',
      [attr.type('dtype', TF.FLOAT), attr.type('T', TF.INT32), attr.type('Tseed', TF.INT32)],
      [tf.tensor1d(shape, 'int32'), both],
    );
  });
}
