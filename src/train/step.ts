// One step of training: forward, loss, gradients, update.

import type * as tfjs from '@tensorflow/tfjs';
import {
  compile,
  ops,
  optimizer,
  tf,
  trial,
  type CompileOptions,
  type Optimizer,
  type Precision,
  type Trial,
} from '../compute/index.js';
import { Checkpointed, type Classifier, type InputBatch } from '../models/index.js';
import { LossScale } from './loss-scale.js';
import { learning } from './variables.js';

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
   * @param x `[batch, …inputShape]`
   * @param y `[batch, classes]`, one-hot
   * @param seed of the step's random numbers
   * @returns the loss before the update, and the number of right answers
   * @throws TrainError `nan` where gradients overflow in float16 again and again
   */
  run(x: InputBatch, y: tfjs.Tensor2D, seed: number): { loss: number; right: number };
  dispose(): void;
}

export interface StepOptions extends Omit<CompileOptions, 'prepared'> {
  /** Weights of the classes, `[classes]`. */
  weights?: tfjs.Tensor1D;
  /** Computes parts of the network twice rather than keep their values. */
  checkpointing?: boolean;
  /** Scales the loss while gradients are computed, and leaves a step out whose gradients overflow: what float16 needs. */
  scaled?: boolean;
}

/** Makes the step; batches of a shape run as one TensorFlow function. */
export function trainingStep(
  model: Classifier,
  variables: tfjs.Variable[],
  rule: Optimizer,
  { weights, checkpointing, scaled, ...options }: StepOptions = {},
): TrainingStep {
  const net = checkpointing ? new Checkpointed(model.net) : undefined;
  const forward = (x: tfjs.Tensor): tfjs.Tensor =>
    net ? net.apply(x) : (model.net.apply(x, { training: true }) as tfjs.Tensor);
  const scale = (scaled ?? options.precision === 'float16') ? new LossScale() : undefined;
  const compiled = compile(
    (x, y, factor, ...scalars) => {
      const labels = y as tfjs.Tensor2D;
      let logits!: tfjs.Tensor2D;
      const { value, grads } = tf.variableGrads(() => {
        logits = tf.keep(forward(x) as tfjs.Tensor2D);
        const loss = crossEntropy(logits, labels, weights);
        return scale ? tf.mul(loss, factor) : loss;
      }, variables);
      const right = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(labels, 1)), 'int32'));
      logits.dispose();
      let gradients = variables.map((v) => grads[v.name]);
      if (scale) gradients = gradients.map((g) => tf.div(g, factor));
      const finite = scale && allFinite(gradients);
      rule.apply(variables, gradients, scalars as tfjs.Scalar[], finite);
      return finite ? [tf.div(value, factor), right, finite] : [value, right];
    },
    { prepared: true, ...options },
  );
  return {
    run(x, y, seed) {
      const scalars = [tf.scalar(scale?.value ?? 1), ...rule.begin()];
      const results = compiled.run([x, y, ...scalars], seed);
      const [loss, right, finite] = results.map((t) => t.dataSync()[0]);
      tf.dispose([...scalars, ...results]);
      if (scale && !finite) rule.undo();
      scale?.adapt(!!finite);
      return { loss, right };
    },
    dispose: () => compiled.dispose(),
  };
}

const allFinite = (gradients: tfjs.Tensor[]): tfjs.Scalar =>
  tf.all(tf.stack(gradients.map((g) => tf.isFinite(tf.sum(g)))));

/**
 * Tries which precision trains a model more quickly, with films of noise. The model is as before afterwards.
 * @param films of the trial's batch
 */
export async function trainingTrial(
  model: Classifier,
  films: number,
  coarse: Precision,
  options: Pick<StepOptions, 'checkpointing'>,
  signal?: AbortSignal,
): Promise<Trial> {
  const before = model.stateDict();
  const x = tf.randomUniform([films, ...model.inputShape], -1, 1, 'float32', 1) as InputBatch;
  const y = tf.tidy(() => tf.softmax(tf.zeros([films, model.classes.length]))) as tfjs.Tensor2D;
  const variables = learning(model);
  const sgd = optimizer('sgd', { learningRate: 1e-6 });
  const steps = new Map<Precision, TrainingStep>();
  try {
    return await trial(
      (precision) => {
        if (!steps.has(precision))
          steps.set(precision, trainingStep(model, variables, sgd, { precision, ...options }));
        steps.get(precision)!.run(x, y, 1);
      },
      coarse,
      signal,
    );
  } finally {
    for (const step of steps.values()) step.dispose();
    sgd.dispose();
    tf.dispose([x, y]);
    model.loadState(before);
  }
}
