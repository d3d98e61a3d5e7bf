// One step of training: forward, loss, gradients, update.

import type * as tfjs from '@tensorflow/tfjs';
import { ops, tf, type Optimizer } from '../compute/index.js';
import type { Classifier } from '../models/index.js';

/** The variables of a model that learn, in the order of its layers. */
export function learning(model: Classifier): tfjs.Variable[] {
  return model.net.trainableWeights.map((w) => (w as unknown as { val: tfjs.Variable }).val);
}

/**
 * Cross-entropy as PyTorch weighs it: the sum of weighted losses over the sum of their weights.
 * @param logits `[batch, classes]`
 * @param labels `[batch, classes]`, one-hot
 * @param weights `[classes]`
 */
export function crossEntropy(
  logits: tfjs.Tensor2D,
  labels: tfjs.Tensor2D,
  weights?: tfjs.Tensor1D,
): tfjs.Scalar {
  const each = ops.softmaxCrossEntropy(labels, logits);
  if (!weights) return tf.mean(each) as tfjs.Scalar;
  const w = tf.sum(tf.mul(labels, weights), 1);
  return tf.div(tf.sum(tf.mul(each, w)), tf.sum(w)) as tfjs.Scalar;
}

/**
 * Forward and backward pass and the update.
 * @param x `[batch, height, width, channels]`
 * @param y `[batch, classes]`, one-hot
 * @returns the loss before the update, and the number of right answers; a loss that is no number changes no weight
 */
export function trainStep(
  model: Classifier,
  variables: tfjs.Variable[],
  optimizer: Optimizer,
  x: tfjs.Tensor4D,
  y: tfjs.Tensor2D,
  weights?: tfjs.Tensor1D,
): { loss: number; right: number } {
  return tf.tidy(() => {
    let logits!: tfjs.Tensor2D;
    const { value, grads } = tf.variableGrads(() => {
      logits = tf.keep(model.net.apply(x, { training: true }) as tfjs.Tensor2D);
      return crossEntropy(logits, y, weights);
    }, variables);
    const right = (
      tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(y, 1)), 'int32')).dataSync() as Int32Array
    )[0];
    logits.dispose();
    const loss = (value.dataSync() as Float32Array)[0];
    if (Number.isFinite(loss))
      optimizer.apply(
        variables,
        variables.map((v) => grads[v.name]),
      );
    return { loss, right };
  });
}
