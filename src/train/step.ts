// One step of training: forward, loss, gradients, update.

import type * as tfjs from '@tensorflow/tfjs';
import { compile, ops, tf, type CompileOptions, type Optimizer } from '../compute/index.js';
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

/** A step of training: forward and backward pass and the update. */
export interface TrainingStep {
  /**
   * @param x `[batch, height, width, channels]`
   * @param y `[batch, classes]`, one-hot
   * @param seed of the step's random numbers
   * @returns the loss before the update, and the number of right answers
   */
  run(x: tfjs.Tensor4D, y: tfjs.Tensor2D, seed: number): { loss: number; right: number };
  dispose(): void;
}

/**
 * Makes the step; batches of a shape run as one TensorFlow function.
 * @param weights of the classes, `[classes]`
 * @param options of `compile`: `onEager` is told why a step can't run as a function
 */
export function trainingStep(
  model: Classifier,
  variables: tfjs.Variable[],
  optimizer: Optimizer,
  { weights, ...options }: { weights?: tfjs.Tensor1D } & Omit<CompileOptions, 'prepared'> = {},
): TrainingStep {
  const compiled = compile(
    (x, y, ...scalars) => {
      const labels = y as tfjs.Tensor2D;
      let logits!: tfjs.Tensor2D;
      const { value, grads } = tf.variableGrads(() => {
        logits = tf.keep(model.net.apply(x, { training: true }) as tfjs.Tensor2D);
        return crossEntropy(logits, labels, weights);
      }, variables);
      const right = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(labels, 1)), 'int32'));
      logits.dispose();
      optimizer.apply(
        variables,
        variables.map((v) => grads[v.name]),
        scalars as tfjs.Scalar[],
      );
      return [value, right];
    },
    { prepared: true, ...options },
  );
  return {
    run(x, y, seed) {
      const scalars = optimizer.begin();
      const results = compiled.run([x, y, ...scalars], seed);
      const [loss, right] = results.map((t) => t.dataSync()[0]);
      tf.dispose([...scalars, ...results]);
      return { loss, right };
    },
    dispose: () => compiled.dispose(),
  };
}
