// Logistic regression against torch 2.9 in float64: LBFGS with strong_wolfe on cross_entropy(x @ W + b, y) + l2 / 2 * (W ** 2).sum(),
// x[i, j] = sin(1.7 n) + 0.3 cos(0.31 n) with n = 5 i + j.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';
import { logistic, logitsOf } from '../../src/transfer/logistic.js';

const labels = [...'2111111211011121111112111111211011121101'].map(Number);
const want: Record<number, { weight: number[][]; bias: number[] }> = {
  1: {
    weight: [
      [-0.01642112702120399, 0.003102480953558087, 0.013318646067645925],
      [-0.036013776103817174, 0.025057635359144056, 0.010956140744673137],
      [-0.008998938341537635, 0.011559374533029989, -0.002560436191492359],
      [0.008340148439871116, -0.015658829536509534, 0.007318681096638406],
      [-0.015575641087346942, -0.00506812535237975, 0.020643766439726714],
    ],
    bias: [-1.0102644637684242, 1.3262059506702968, -0.3159414869018727],
  },
  0.01: {
    weight: [
      [-0.6863590239198225, 0.5428035976269119, 0.14355542629291038],
      [-0.7886787667812838, 0.4047040088691716, 0.38397475791211166],
      [-0.6303358313478247, 0.25897316670687504, 0.37136266464095014],
      [-0.2133343830257207, -0.04952458208802048, 0.26285896511374107],
      [-0.012639310058895634, -0.34867010252663283, 0.3613094125855285],
    ],
    bias: [-1.1931957665445854, 1.4281651726955888, -0.23496940615100362],
  },
};

describe('logistic regression finds what torch finds', () => {
  let x: tfjs.Tensor2D;
  let y: tfjs.Tensor2D;
  before(() => {
    const values = Float32Array.from({ length: 200 }, (_, n) => Math.sin(1.7 * n) + 0.3 * Math.cos(0.31 * n));
    x = tf.tensor2d(values, [40, 5]);
    y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), 'float32')) as tfjs.Tensor2D;
  });
  after(() => tf.dispose([x, y]));

  for (const l2 of [1, 0.01])
    it(`with an L2 penalty of ${l2}, from zero and from elsewhere`, async () => {
      const tensors = tf.memory().numTensors;
      for (const start of [undefined, Float64Array.from({ length: 18 }, (_, i) => (i % 3) - 1)]) {
        const found = await logistic(x, y, { l2, start });
        const biases = [...found.subarray(15)];
        const mean = biases.reduce((a, b) => a + b, 0) / 3; // biases are free but for a summand
        const { weight, bias } = want[l2];
        [...weight.flat(), ...bias].forEach((v, i) => {
          const got = i < 15 ? found[i] : found[i] - mean;
          assert.ok(Math.abs(got - v) < 2e-3, `${got} is not ${v}`);
        });
        const logits = logitsOf(x, found, 3);
        assert.deepEqual(logits.shape, [40, 3]);
        logits.dispose();
      }
      assert.equal(tf.memory().numTensors, tensors);
    });
});
