// Groups of variables with rates of their own, against torch 2.9 in float64:
//   groups = [{'params': [a]}, {'params': [b], 'lr': 0.02 / 2.6}]; lr = 0.02; at the fourth of six steps
//   add_param_group({'params': [c], 'lr': 0.02 / 4}); Adam and AdamW with weight_decay 0.1, SGD with momentum 0.9;
//   loss of step s from 0: ((a - 0.3)**2).sum() * (1 + s) + (b**3).sum() + sin(2 * c).sum()

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { compile, optimizer, tf, type OptimizerName } from '../../src/compute/index.js';

const torch: Record<OptimizerName, number[][]> = {
  adam: [
    [0.38100095064054545, -0.8829731965036184, 1.8829663738560172],
    [0.9539393753820337, -0.296400068330789],
    [-0.76443820192305],
  ],
  adamw: [
    [0.37591956494487455, -0.8717490895535204, 1.8598668803813254],
    [0.9494333427535672, -0.295146129213849],
    [-0.7637494002476939],
  ],
  sgd: [
    [0.245224672896, 0.6560396261760001, -0.16559028038400003],
    [0.6438978193193882, -0.2767445954213048],
    [-0.753900893861286],
  ],
};
const options = { adam: { weightDecay: 0.1 }, adamw: { weightDecay: 0.1 }, sgd: { momentum: 0.9 } };

describe('groups of parameters learn as in PyTorch', () => {
  for (const eager of [false, true])
    for (const name of ['adam', 'adamw', 'sgd'] as const)
      it(`${name}, ${eager ? 'op by op' : 'compiled'}`, () => {
        const before = tf.memory().numTensors;
        const [a, b, c] = [[0.5, -1, 2], [1, -0.25], [-0.75]].map((v) =>
          tf.tidy(() => tf.variable(tf.tensor1d(v))),
        );
        const rule = optimizer(name, { learningRate: 0.02, ...options[name] });
        rule.addGroup([b], { rate: 1 / 2.6 });
        const stepOf = (variables: tfjs.Variable[]) =>
          compile(
            (factor, ...scalars) => {
              const { grads } = tf.variableGrads(() => {
                const first = tf.mul(tf.sum(tf.square(tf.sub(a, 0.3))), factor);
                const rest = tf.add(tf.sum(tf.pow(b, 3)), tf.sum(tf.sin(tf.mul(c, 2))));
                return tf.add(first, rest) as tfjs.Scalar;
              }, variables);
              rule.apply(
                variables,
                variables.map((v) => grads[v.name]),
                scalars as tfjs.Scalar[],
              );
              return [];
            },
            { prepared: true, eager },
          );
        let step = stepOf([a, b]);
        for (let s = 0; s < 6; s++) {
          if (s === 3) {
            rule.addGroup([c], { rate: 0.25 });
            step.dispose();
            step = stepOf([a, b, c]);
          }
          const inputs = [tf.scalar(1 + s), ...rule.begin()];
          step.run(inputs);
          tf.dispose(inputs);
        }
        [a, b, c].forEach((v, i) =>
          v
            .dataSync()
            .forEach((got, k) =>
              assert.ok(Math.abs(got - torch[name][i][k]) < 2e-6, `${got} is not ${torch[name][i][k]}`),
            ),
        );
        step.dispose();
        rule.dispose();
        tf.dispose([a, b, c]);
        assert.equal(tf.memory().numTensors, before);
      });
});
