// Multinomial logistic regression with an L2 penalty, by L-BFGS (Liu and Nocedal 1989).

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';

export interface LogisticOptions {
  /** Half of it times the sum of squared weights is added to the mean cross-entropy; biases are free. scikit-learn's C is 1 / (films · l2). */
  l2: number;
  /** Where the search begins, of an earlier result. */
  start?: Float64Array;
  /** Steps at most. Default 500. */
  iterations?: number;
  signal?: AbortSignal;
}

/** Weights, a row a feature, then the biases: `[(features + 1) · classes]`. */
export type Coefficients = Float64Array;

/**
 * @param x `[film, feature]`, of similar spread
 * @param y `[film, class]`, one-hot
 */
export async function logistic(
  x: tfjs.Tensor2D,
  y: tfjs.Tensor2D,
  { l2, start, iterations = 500, signal }: LogisticOptions,
): Promise<Coefficients> {
  const size = (x.shape[1] + 1) * y.shape[1];
  let point = start?.slice() ?? new Float64Array(size);
  let { loss, gradient } = objective(x, y, point, l2);
  const steps: Array<{ s: Float64Array; g: Float64Array; curvature: number }> = [];
  for (let i = 0; i < iterations && Math.sqrt(dot(gradient, gradient)) > 1e-5; i++) {
    signal?.throwIfAborted();
    const direction = descent(gradient, steps);
    const slope = dot(gradient, direction);
    let next = point;
    let at = { loss, gradient };
    // halves the step until the loss falls (Armijo); where float32 sees no fall any more, this is the minimum
    let length = steps.length ? 1 : Math.min(1, 1 / Math.sqrt(-slope));
    for (; length > 1e-6; length /= 2) {
      next = point.map((v, k) => v + length * direction[k]);
      at = objective(x, y, next, l2);
      if (at.loss <= loss + 1e-4 * length * slope) break;
    }
    if (length <= 1e-6) break;
    const s = next.map((v, k) => v - point[k]);
    const g = at.gradient.map((v, k) => v - gradient[k]);
    const curvature = dot(s, g);
    if (curvature > 0) steps.push({ s, g, curvature });
    if (steps.length > 10) steps.shift();
    point = next;
    ({ loss, gradient } = at);
    if (i % 20 === 19) await new Promise(setImmediate);
  }
  return point;
}

/** Logits of films, `[film, class]`. The caller disposes them. */
export function logitsOf(x: tfjs.Tensor2D, coefficients: Coefficients, classes: number): tfjs.Tensor2D {
  return tf.tidy(() => {
    const { weight, bias } = parts(coefficients, classes);
    return tf.add(tf.matMul(x, weight), bias) as tfjs.Tensor2D;
  });
}

function parts(coefficients: Coefficients, classes: number): { weight: tfjs.Tensor2D; bias: tfjs.Tensor1D } {
  const values = Float32Array.from(coefficients);
  const end = values.length - classes;
  return {
    weight: tf.tensor2d(values.subarray(0, end), [end / classes, classes]),
    bias: tf.tensor1d(values.subarray(end)),
  };
}

function objective(
  x: tfjs.Tensor2D,
  y: tfjs.Tensor2D,
  point: Coefficients,
  l2: number,
): { loss: number; gradient: Float64Array } {
  const [films, classes] = y.shape;
  const [entropies, slope, shift] = tf.tidy(() => {
    const { weight, bias } = parts(point, classes);
    const log = tf.logSoftmax(tf.add(tf.matMul(x, weight), bias));
    const error = tf.div(tf.sub(tf.exp(log), y), films) as tfjs.Tensor2D;
    const values = [tf.sum(tf.mul(y, log)), tf.matMul(x, error, true), tf.sum(error, 0)];
    return values.map((t) => t.dataSync() as Float32Array);
  });
  const gradient = new Float64Array(point.length);
  gradient.set(slope);
  gradient.set(shift, slope.length);
  let squares = 0;
  for (let i = 0; i < slope.length; i++) {
    gradient[i] += l2 * point[i];
    squares += point[i] ** 2;
  }
  return { loss: -entropies[0] / films + (l2 / 2) * squares, gradient };
}

/** The quasi-Newton direction, by the two-loop recursion. */
function descent(
  gradient: Float64Array,
  steps: Array<{ s: Float64Array; g: Float64Array; curvature: number }>,
): Float64Array {
  const q = gradient.map((v) => -v);
  const back = [...steps].reverse().map(({ s, g, curvature }) => {
    const alpha = dot(s, q) / curvature;
    addTo(q, g, -alpha);
    return alpha;
  });
  const newest = steps.at(-1);
  if (newest) {
    const scale = newest.curvature / dot(newest.g, newest.g);
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  steps.forEach(({ s, g, curvature }, i) => addTo(q, s, back[steps.length - 1 - i] - dot(g, q) / curvature));
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addTo(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i] += times * what[i];
}
