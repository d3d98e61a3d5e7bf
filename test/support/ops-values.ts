// Values and gradients of the room's ops on the device of CELLGRAD_DEVICE, as JSON, to compare devices.

import type * as tfjs from '@tensorflow/tfjs';
import { ops, tf } from '../../src/compute/index.js';

type T4 = tfjs.Tensor4D;
const random = (shape: number[], seed: number): tfjs.Tensor => {
  let s = seed;
  const n = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Array.from({ length: n }, () => ((s = (s * 16807) % 2147483647) / 2147483647) * 2 - 1),
    shape,
  );
};
const x = random([2, 7, 6, 4], 1);
const w = random([3, 3, 4, 8], 2);
const grouped = random([3, 3, 2, 8], 3);
const depthwise = random([3, 3, 4, 1], 4);
const [gamma, beta] = [random([4], 5), random([4], 6)];
const labels = tf.softmax(random([3, 5], 7) as tfjs.Tensor2D);

const conv = (options: ops.ConvOptions) => (x: tfjs.Tensor, w: tfjs.Tensor) =>
  ops.conv2d(x as T4, w as T4, options);
const volume = random([2, 4, 6, 5, 2], 10);
const conv3d = (options: ops.Conv3dOptions) => (x: tfjs.Tensor, w: tfjs.Tensor) =>
  ops.conv3d(x as tfjs.Tensor5D, w as tfjs.Tensor5D, options);
const cases: Record<string, [(...t: tfjs.Tensor[]) => tfjs.Tensor, tfjs.Tensor[]]> = {
  conv: [conv({}), [x, w]],
  'conv, stride 2, pad 1': [conv({ stride: 2, pad: 1 }), [x, w]],
  'conv, same': [conv({ stride: 2, pad: 'same' }), [x, w]],
  'conv, one-sided pads': [conv({ pad: [0, 1, 2, 1] }), [x, w]],
  // no dilation: tfjs has no gradient for it in JavaScript
  'conv, 2 groups': [conv({ groups: 2, pad: 1 }), [x, grouped]],
  depthwise: [(x, w) => ops.depthwiseConv2d(x as T4, w as T4, { stride: 2, pad: 1 }), [x, depthwise]],
  'depthwise, same': [(x, w) => ops.depthwiseConv2d(x as T4, w as T4, { pad: 'same' }), [x, depthwise]],
  'conv of a volume': [conv3d({ stride: [1, 2, 2], pad: [1, 0, 0] }), [volume, random([3, 3, 3, 2, 3], 11)]],
  'conv of a volume, same': [conv3d({ pad: 1 }), [volume, random([3, 3, 3, 2, 3], 11)]],
  'conv of a volume, gaps': [conv3d({ stride: 2 }), [volume, random([1, 1, 1, 2, 3], 12)]],
  'max pool': [(x) => ops.maxPool(x as T4, { size: 3, stride: 2, pad: 1 }), [x]],
  'batch norm': [
    (x, g, b) => {
      const { y, mean, variance } = ops.batchNormTrain(x as T4, g, b, 1e-3);
      tf.dispose([mean, variance]);
      return y;
    },
    [x, gamma, beta],
  ],
  bias: [ops.biasAdd, [x, beta]],
  swish: [ops.swish, [x]],
  'cross-entropy': [
    (l) => ops.softmaxCrossEntropy(labels as tfjs.Tensor2D, l as tfjs.Tensor2D),
    [random([3, 5], 8)],
  ],
  'global average': [(x) => ops.globalAveragePool(x as T4), [x]],
};
const out: Record<string, number[][]> = {};
for (const [name, [f, inputs]] of Object.entries(cases)) {
  const y = f(...inputs);
  const gradients = tf.grads((...t) => tf.sum(tf.mul(f(...t), random(y.shape, 9))))(inputs);
  out[name] = [y, ...gradients].map((t) => [...t.dataSync()]);
}
const { mean, variance } = ops.batchNormTrain(x as T4, gamma, beta, 1e-3);
out.statistics = [mean, variance].map((t) => [...t.dataSync()]);
process.stdout.write(JSON.stringify(out));
