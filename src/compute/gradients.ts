// Gradients as single TensorFlow ops, where tfjs composes them from many: the difference in training speed is twofold.

import type * as tfjs from '@tensorflow/tfjs';

type Tf = typeof tfjs;
type Attr = { name: string; type: number; value: unknown };
interface NodeBackend {
  executeSingleOutput(op: string, attrs: Attr[], inputs: tfjs.Tensor[]): tfjs.Tensor;
  executeMultipleOutputs(op: string, attrs: Attr[], inputs: tfjs.Tensor[], outputs: number): tfjs.Tensor[];
}
const FLOAT = 1;
const attr = {
  type: (name: string, value: number): Attr => ({ name, type: 4, value }),
  float: (name: string, value: number): Attr => ({ name, type: 2, value }),
  string: (name: string, value: string): Attr => ({ name, type: 0, value }),
  bool: (name: string, value: boolean): Attr => ({ name, type: 3, value }),
};
const node = (tf: Tf): NodeBackend => tf.backend() as unknown as NodeBackend;
const native = (tf: Tf): boolean => tf.getBackend() === 'tensorflow';

/** Replaces tfjs's composed gradients of activations by TensorFlow's own ops. */
export function registerNativeGradients(tf: Tf): void {
  for (const [kernel, op] of [
    ['Relu', 'ReluGrad'],
    ['Relu6', 'Relu6Grad'],
  ]) {
    tf.unregisterGradient(kernel);
    tf.registerGradient({
      kernelName: kernel,
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({
        x: () => node(tf).executeSingleOutput(op, [attr.type('T', FLOAT)], [dy as tfjs.Tensor, y]),
      }),
    });
  }
}

/**
 * Batch normalisation over the batch's own statistics, with its gradient as one op where the backend has it.
 * @param x `[batch, height, width, channels]`
 * @param gamma `[channels]`
 * @param beta `[channels]`
 * @returns the normalised batch, and its mean and biased variance, each `[channels]`
 */
export function batchNormTrain(
  tf: Tf,
  x: tfjs.Tensor4D,
  gamma: tfjs.Tensor,
  beta: tfjs.Tensor,
  epsilon: number,
): [y: tfjs.Tensor4D, mean: tfjs.Tensor1D, variance: tfjs.Tensor1D] {
  if (!native(tf)) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const y = tf.batchNorm4d(
      x,
      mean as tfjs.Tensor1D,
      variance as tfjs.Tensor1D,
      beta as tfjs.Tensor1D,
      gamma as tfjs.Tensor1D,
      epsilon,
    );
    return [y, mean as tfjs.Tensor1D, variance as tfjs.Tensor1D];
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
  const op = tf.customGrad((...args) => {
    const [x, gamma, beta] = args as tfjs.Tensor[];
    const save = args[3] as unknown as tfjs.GradSaveFunc;
    const empty = tf.tensor1d([]);
    const o = node(tf).executeMultipleOutputs(
      'FusedBatchNormV3',
      [...attrs, attr.float('exponential_avg_factor', 1)],
      [x, gamma, beta, empty, empty],
      6,
    );
    mean = tf.keep(o[3]) as tfjs.Tensor1D; // reserve space 1 and 2 on CPU: batch mean and variance without Bessel's correction
    variance = tf.keep(o[4]) as tfjs.Tensor1D;
    save([x, gamma, o[3], o[4], o[5]]);
    return {
      value: o[0],
      gradFunc: (dy, saved) => {
        const s = saved as tfjs.Tensor[];
        return node(tf)
          .executeMultipleOutputs('FusedBatchNormGradV3', attrs, [dy as tfjs.Tensor, ...s], 5)
          .slice(0, 3);
      },
    };
  });
  const y = op(x, gamma, beta) as tfjs.Tensor4D;
  return [y, mean, variance];
}
