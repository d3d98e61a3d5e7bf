// Ops of convolutional networks with PyTorch's padding, their gradients single TensorFlow ops where the backend is TensorFlow.
// tfjs composes these gradients from many small ops, pads in a step of its own, and knows no grouped convolution.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend } from './backend.js';
import type { OpAttr as Attr } from './binding.js';
import { tf } from './tfjs.js';

type T4 = tfjs.Tensor4D;
const FLOAT = 1;
const attr = {
  type: (name: string, value: number): Attr => ({ name, type: 4, value }),
  float: (name: string, value: number): Attr => ({ name, type: 2, value }),
  string: (name: string, value: string): Attr => ({ name, type: 0, value }),
  bool: (name: string, value: boolean): Attr => ({ name, type: 3, value }),
  ints: (name: string, value: number[]): Attr => ({ name, type: 1, value }),
};
const run = (op: string, attrs: Attr[], inputs: tfjs.Tensor[]): tfjs.Tensor =>
  nodeBackend().executeSingleOutput(op, attrs, inputs);
const runMany = (op: string, attrs: Attr[], inputs: tfjs.Tensor[], outputs: number): tfjs.Tensor[] =>
  nodeBackend().executeMultipleOutputs(op, attrs, inputs, outputs);
const native = (): boolean => tf.getBackend() === 'tensorflow';

/** tf.customGrad with the save function and arrays typed. */
function custom(
  inputs: tfjs.Tensor[],
  forward: (
    inputs: tfjs.Tensor[],
    save: (t: tfjs.Tensor[]) => void,
  ) => { value: tfjs.Tensor; gradient: (dy: tfjs.Tensor, saved: tfjs.Tensor[]) => tfjs.Tensor[] },
): tfjs.Tensor {
  return tf.customGrad((...args) => {
    const save = args[args.length - 1] as unknown as (t: tfjs.Tensor[]) => void;
    const { value, gradient } = forward(args.slice(0, -1) as tfjs.Tensor[], save);
    return { value, gradFunc: (dy, saved) => gradient(dy as tfjs.Tensor, saved as tfjs.Tensor[]) };
  })(...inputs);
}

/** Replaces tfjs's composed gradients of activations and bias addition by TensorFlow's own ops. */
export function registerNativeGradients(): void {
  const activation = (kernelName: string, op: string): void => {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({ x: () => run(op, [attr.type('T', FLOAT)], [dy as tfjs.Tensor, y]) }),
    });
  };
  activation('Relu', 'ReluGrad');
  activation('Relu6', 'Relu6Grad');
}

/** Padding: one number, `[vertical, horizontal]`, `[top, bottom, left, right]`, or TensorFlow's `same`. */
export type Pad = number | [number, number] | [number, number, number, number] | 'same';
const sides = (pad: Exclude<Pad, 'same'>): [number, number, number, number] =>
  typeof pad === 'number' ? [pad, pad, pad, pad] : pad.length === 2 ? [pad[0], pad[0], pad[1], pad[1]] : pad;

export interface ConvOptions {
  stride?: number;
  pad?: Pad;
  dilation?: number;
  groups?: number;
}

function window(strides: [number, number], pad: Pad): Attr[] {
  const [t, b, l, r] = pad === 'same' ? [0, 0, 0, 0] : sides(pad);
  const none = !(t || b || l || r);
  return [
    attr.type('T', FLOAT),
    attr.ints('strides', [1, ...strides, 1]),
    attr.string('padding', pad === 'same' ? 'SAME' : none ? 'VALID' : 'EXPLICIT'),
    attr.string('data_format', 'NHWC'),
    ...(none ? [] : [attr.ints('explicit_paddings', [0, 0, t, b, l, r, 0, 0])]),
  ];
}
const padded = (x: T4, pad: Pad, value = 0): T4 => {
  if (pad === 'same') return x;
  const [t, b, l, r] = sides(pad);
  return t || b || l || r
    ? tf.pad4d(
        x,
        [
          [0, 0],
          [t, b],
          [l, r],
          [0, 0],
        ],
        value,
      )
    : x;
};

/** A convolution and its two gradients as ops that share their attributes. */
function convolution(
  op: string,
  inputOp: string,
  filterOp: string,
  attrs: Attr[],
  x: T4,
  w: tfjs.Tensor,
): T4 {
  return custom([x, w], ([x, w], save) => {
    save([x, w]);
    return {
      value: run(op, attrs, [x, w]),
      gradient: (dy, [x, w]) => [
        run(inputOp, attrs, [tf.tensor1d(x.shape, 'int32'), w, dy]),
        run(filterOp, attrs, [x, tf.tensor1d(w.shape, 'int32'), dy]),
      ],
    };
  }) as T4;
}

/**
 * 2-D convolution as torch.nn.functional.conv2d computes it.
 * @param x `[batch, height, width, channels]`
 * @param w `[kernelHeight, kernelWidth, channels / groups, filters]`
 */
export function conv2d(
  x: T4,
  w: T4,
  { stride = 1, pad = 0, dilation = 1, groups = 1 }: ConvOptions = {},
): T4 {
  if (groups > 1) {
    // TensorFlow's gradients of a grouped convolution exist only with oneDNN, which it leaves off on older processors
    const ws = tf.split(w, groups, 3) as T4[];
    const parts = tf.split(x, groups, 3) as T4[];
    return tf.concat(
      parts.map((part, i) => conv2d(part, ws[i], { stride, pad, dilation })),
      3,
    );
  }
  if (!native())
    return tf.conv2d(padded(x, pad), w, stride, pad === 'same' ? 'same' : 'valid', 'NHWC', dilation);
  const attrs = [...window([stride, stride], pad), attr.ints('dilations', [1, dilation, dilation, 1])];
  return convolution('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', attrs, x, w);
}

/**
 * Depthwise convolution: each channel with filters of its own.
 * @param x `[batch, height, width, channels]`
 * @param w `[kernelHeight, kernelWidth, channels, multiplier]`
 */
export function depthwiseConv2d(
  x: T4,
  w: T4,
  { stride = 1, pad = 0, dilation = 1 }: Omit<ConvOptions, 'groups'> = {},
): T4 {
  if (!native())
    return tf.depthwiseConv2d(padded(x, pad), w, stride, pad === 'same' ? 'same' : 'valid', 'NHWC', dilation);
  const attrs = [...window([stride, stride], pad), attr.ints('dilations', [1, dilation, dilation, 1])];
  return convolution(
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
    attrs,
    x,
    w,
  );
}

/**
 * Max pooling; what is padded never wins.
 * @param x `[batch, height, width, channels]`
 */
export function maxPool(x: T4, { size, stride, pad = 0 }: { size: number; stride: number; pad?: Pad }): T4 {
  if (!native()) return tf.maxPool(padded(x, pad, -3e38), size, stride, pad === 'same' ? 'same' : 'valid');
  const attrs = [...window([stride, stride], pad), attr.ints('ksize', [1, size, size, 1])];
  return custom([x], ([x], save) => {
    const y = run('MaxPool', attrs, [x]);
    save([x, y]);
    return { value: y, gradient: (dy, [x, y]) => [run('MaxPoolGrad', attrs, [x, y, dy])] };
  }) as T4;
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
  if (!native()) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tfjs.Tensor1D; variance: tfjs.Tensor1D };
    const y = tf.batchNorm4d(x, mean, variance, beta as tfjs.Tensor1D, gamma as tfjs.Tensor1D, epsilon);
    const n = x.size / x.shape[3];
    return { y, mean: tf.keep(mean), variance: tf.keep(tf.mul(variance, n / Math.max(1, n - 1))) };
  }
  const attrs = [
    attr.type('T', FLOAT),
    attr.type('U', FLOAT),
    attr.float('epsilon', epsilon),
    attr.string('data_format', 'NHWC'),
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

/** x + bias over the last axis, with its gradient as one op. */
export function biasAdd(x: tfjs.Tensor, bias: tfjs.Tensor): tfjs.Tensor {
  if (!native()) return tf.add(x, bias);
  const attrs = [attr.type('T', FLOAT), attr.string('data_format', 'NHWC')];
  return custom([x, bias], ([x, bias]) => ({
    value: run('BiasAdd', attrs, [x, bias]),
    gradient: (dy) => [tf.clone(dy), run('BiasAddGrad', attrs, [dy])],
  }));
}

/** Swish (SiLU), x · sigmoid(x). */
export function swish(x: tfjs.Tensor): tfjs.Tensor {
  return custom([x], ([x], save) => {
    const s = tf.sigmoid(x);
    save([x, s]);
    return {
      value: tf.mul(x, s),
      // d/dx x·s = s + x·s·(1 − s)
      gradient: (dy, [x, s]) => [tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s)))))],
    };
  });
}

/**
 * Softmax cross-entropy of each sample.
 * @param labels `[batch, classes]`, one-hot or soft
 * @param logits `[batch, classes]`
 * @returns `[batch]`
 */
export function softmaxCrossEntropy(labels: tfjs.Tensor2D, logits: tfjs.Tensor2D): tfjs.Tensor1D {
  if (!native()) return tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1)) as tfjs.Tensor1D;
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

/** Mean over height and width: `[batch, height, width, channels]` → `[batch, channels]`. */
export function globalAveragePool(x: T4): tfjs.Tensor2D {
  return tf.mean(x, [1, 2]) as tfjs.Tensor2D;
}
