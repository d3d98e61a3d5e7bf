// Ops of convolutional networks with PyTorch's padding, their gradients single TensorFlow ops where the backend is TensorFlow.
// tfjs composes these gradients from many small ops, pads in a step of its own, and knows no grouped convolution.

import type * as tfjs from '@tensorflow/tfjs';
import { direct } from './activations.js';
import { attr, custom, FLOAT, native, run, runMany } from './attributes.js';
import { nodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { padded, sides, type Pad } from './conv.js';
import { tf } from './tfjs.js';
import { TF } from './types.js';

export { gelu, hardSigmoid, hardSwish, registerNativeGradients, sigmoidGate, swish } from './activations.js';
export { conv2d, depthwiseConv2d, same, sides, type ConvOptions, type Pad } from './conv.js';
export { conv3d, three, type Conv3dOptions, type Triple } from './conv3d.js';

type T4 = tfjs.Tensor4D;

/** Attributes of pooling. What is pooled is padded beforehand: oneDNN's kernels, four times as quick in the gradient of the maximum, know no explicit padding. */
const windowed = (size: number, stride: number): OpAttr[] => [
  attr.type('T', FLOAT),
  attr.ints('ksize', [1, size, size, 1]),
  attr.ints('strides', [1, stride, stride, 1]),
  attr.text('padding', 'VALID'),
  attr.text('data_format', 'NHWC'),
];

/**
 * Max pooling; what is padded never wins.
 * @param x `[batch, height, width, channels]`
 */
export function maxPool(x: T4, { size, stride, pad = 0 }: { size: number; stride: number; pad?: Pad }): T4 {
  const lowest = -3e38;
  if (pad === 'same' || !direct()) {
    if (pad === 'same') return tf.maxPool(x, size, stride, 'same');
    return tf.maxPool(padded(x, sides(pad), lowest), size, stride, 'valid');
  }
  const attrs = windowed(size, stride);
  return custom([padded(x, sides(pad), lowest)], ([x], save) => {
    const y = run('MaxPool', attrs, [x]);
    save([x, y]);
    return { value: y, gradient: (dy, [x, y]) => [run('MaxPoolGrad', attrs, [x, y, dy])] };
  }) as T4;
}

export interface AveragePoolOptions {
  size: number;
  stride: number;
  /** TensorFlow's `same` counts no padding. */
  pad?: Pad;
  /** Whether zeros of the padding count, as PyTorch has it unless told otherwise. */
  countPadding?: boolean;
}

/**
 * Average pooling.
 * @param x `[batch, height, width, channels]`
 */
export function averagePool(x: T4, { size, stride, pad = 0, countPadding = true }: AveragePoolOptions): T4 {
  const pool = (x: T4): T4 => {
    if (pad === 'same' || !direct()) return tf.avgPool(x, size, stride, pad === 'same' ? 'same' : 'valid');
    const attrs = windowed(size, stride);
    return custom([x], ([x]) => ({
      value: run('AvgPool', attrs, [x]),
      gradient: (dy) => [run('AvgPoolGrad', attrs, [tf.tensor1d(x.shape, 'int32'), dy])],
    })) as T4;
  };
  if (pad === 'same') return pool(x);
  const border = sides(pad);
  const y = pool(padded(x, border));
  if (countPadding || border.every((n) => n === 0)) return y;
  const [, height, width] = x.shape;
  return tf.div(y, pool(padded(tf.ones([1, height, width, 1]), border)));
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016), with the variance of all its values.
 * @param x `[..., channels]`
 * @param gamma `[channels]`
 * @param beta `[channels]`
 */
export function layerNorm(
  x: tfjs.Tensor,
  gamma: tfjs.Tensor,
  beta: tfjs.Tensor,
  epsilon = 1e-5,
): tfjs.Tensor {
  const normalised = (x: tfjs.Tensor): [tfjs.Tensor, tfjs.Tensor] => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    return [tf.mul(centred, scale), scale];
  };
  if (!direct()) return tf.add(tf.mul(normalised(x)[0], gamma), beta);
  const channels = x.shape[x.rank - 1]!;
  return custom([x, gamma, beta], ([x, gamma, beta], save) => {
    const [unit, scale] = normalised(x);
    save([unit, scale, gamma]);
    return {
      value: tf.add(tf.mul(unit, gamma), beta),
      // with u the normalised x and g = dy · gamma: (g − mean(g) − u · mean(g · u)) · scale; the means are products with gamma
      gradient(dy, [unit, scale, gamma]) {
        const column = tf.reshape(tf.mul(gamma, 1 / channels), [channels, 1]) as tfjs.Tensor2D;
        const mean = (t: tfjs.Tensor): tfjs.Tensor =>
          tf.reshape(tf.matMul(tf.reshape(t, [-1, channels]), column), scale.shape);
        const product = tf.mul(dy, unit);
        const rest = tf.add(tf.mul(unit, mean(product)), mean(dy));
        const sum = (t: tfjs.Tensor): tfjs.Tensor =>
          run('BiasAddGrad', [attr.type('T', FLOAT), attr.text('data_format', 'NHWC')], [t]);
        return [tf.mul(tf.sub(tf.mul(dy, gamma), rest), scale), sum(product), sum(dy)];
      },
    };
  });
}

/**
 * Batch normalisation over the batch's own statistics.
 * @param x `[batch, height, width, channels]`
 * @param gamma `[channels]`
 * @param beta `[channels]`
 * @returns the normalised batch, and its mean and variance with Bessel's correction, each `[channels]`, as PyTorch averages them.
 *   The statistics are kept: the caller disposes of them.
 */
export function batchNormTrain(
  x: T4,
  gamma: tfjs.Tensor,
  beta: tfjs.Tensor,
  epsilon: number,
): { y: T4; mean: tfjs.Tensor1D; variance: tfjs.Tensor1D } {
  if (!direct()) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tfjs.Tensor1D; variance: tfjs.Tensor1D };
    const y = tf.batchNorm4d(x, mean, variance, beta as tfjs.Tensor1D, gamma as tfjs.Tensor1D, epsilon);
    const n = x.size / x.shape[3];
    return { y, mean: tf.keep(mean), variance: tf.keep(tf.mul(variance, n / Math.max(1, n - 1))) };
  }
  const attrs = [
    attr.type('T', FLOAT),
    attr.type('U', FLOAT),
    attr.float('epsilon', epsilon),
    attr.text('data_format', 'NHWC'),
    attr.bool('is_training', true),
  ];
  let mean!: tfjs.Tensor1D;
  let variance!: tfjs.Tensor1D;
  const y = custom([x, gamma, beta], ([x, gamma, beta], save) => {
    const empty = tf.tensor1d([]);
    const o = runMany(
      'FusedBatchNormV3',
      [...attrs, attr.float('exponential_avg_factor', 1)],
      [x, gamma, beta, empty, empty],
      6,
    );
    mean = tf.keep(o[1]) as tfjs.Tensor1D;
    variance = tf.keep(o[2]) as tfjs.Tensor1D;
    save([x, gamma, o[3], o[4], o[5]]);
    return {
      value: o[0],
      gradient: (dy, saved) => runMany('FusedBatchNormGradV3', attrs, [dy, ...saved], 5).slice(0, 3),
    };
  }) as T4;
  return { y, mean, variance };
}

/**
 * Batch normalisation by given statistics.
 * @param x `[batch, height, width, channels]`
 * @param mean `[channels]`, as the others; no gradient flows into the statistics
 */
export function batchNorm(
  x: T4,
  statistics: { mean: tfjs.Tensor1D; variance: tfjs.Tensor1D },
  gamma: tfjs.Tensor1D,
  beta: tfjs.Tensor1D,
  epsilon: number,
): T4 {
  const { mean, variance } = statistics;
  if (!direct()) return tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon);
  const attrs = [
    attr.type('T', FLOAT),
    attr.type('U', FLOAT),
    attr.float('epsilon', epsilon),
    attr.text('data_format', 'NHWC'),
    attr.bool('is_training', false),
  ];
  return custom([x, gamma, beta], ([x, gamma, beta], save) => {
    const average = attr.float('exponential_avg_factor', 1);
    const o = runMany('FusedBatchNormV3', [...attrs, average], [x, gamma, beta, mean, variance], 6);
    save([x, gamma, mean, variance, o[5]]);
    return {
      value: o[0],
      gradient: (dy, saved) => runMany('FusedBatchNormGradV3', attrs, [dy, ...saved], 5).slice(0, 3),
    };
  }) as T4;
}

/** x + bias over the last axis, with its gradient as one op. */
export function biasAdd(x: tfjs.Tensor, bias: tfjs.Tensor): tfjs.Tensor {
  if (!direct()) return tf.add(x, bias);
  const attrs = [attr.type('T', FLOAT), attr.text('data_format', 'NHWC')];
  return custom([x, bias], ([x, bias]) => ({
    value: run('BiasAdd', attrs, [x, bias]),
    gradient: (dy) => [tf.clone(dy), run('BiasAddGrad', attrs, [dy])],
  }));
}

/**
 * Softmax cross-entropy of each sample.
 * @param labels `[batch, classes]`, one-hot or soft
 * @param logits `[batch, classes]`
 * @returns `[batch]`
 */
export function softmaxCrossEntropy(labels: tfjs.Tensor2D, logits: tfjs.Tensor2D): tfjs.Tensor1D {
  if (!direct()) return tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1)) as tfjs.Tensor1D;
  return custom([logits], ([logits], save) => {
    const [loss, gradient] = runMany(
      'SoftmaxCrossEntropyWithLogits',
      [attr.type('T', FLOAT)],
      [logits, labels],
      2,
    );
    save([gradient]);
    return { value: loss, gradient: (dy, [g]) => [tf.mul(g, tf.expandDims(dy, 1))] };
  }) as tfjs.Tensor1D;
}

/** x, once dy is there: what is computed of it isn't taken for what was computed of it before. */
export function waiting(x: tfjs.Tensor, dy: tfjs.Tensor): tfjs.Tensor {
  if (!native()) return x;
  const backend = nodeBackend();
  const [id, before] = backend.getInputTensorIds([x, dy]);
  // not Identity, which TensorFlow would take away
  const attrs = [attr.type('T', FLOAT), attr.shape('shape', x.shape)];
  return backend.createOutputTensor(backend.binding.executeOp('EnsureShape', attrs, [id], 1, [before])[0]);
}

/**
 * Mean over height and width, and depth in volumes: `[batch, …, height, width, channels]` → `[batch, channels]`.
 * @param options.keep leaves them: `[batch, …, 1, 1, channels]`
 */
export function globalAveragePool(x: tfjs.Tensor, { keep = false }: { keep?: boolean } = {}): tfjs.Tensor {
  const places = x.shape.slice(1, -1);
  const axes = places.map((_, i) => i + 1);
  if (!direct()) return tf.mean(x, axes, keep);
  const attrs = [attr.type('T', FLOAT), attr.type('Tidx', TF.INT32)];
  return custom([x], ([x]) => ({
    value: tf.mean(x, axes, keep),
    gradient(dy) {
      const count = places.reduce((a, b) => a * b, 1);
      const share = tf.reshape(tf.div(dy, count), [x.shape[0], ...axes.map(() => 1), x.shape.at(-1)!]);
      return [run('BroadcastTo', attrs, [share, tf.tensor1d(x.shape, 'int32')])];
    },
  }));
}
