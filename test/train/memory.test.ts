// Memory over a long training.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as tfjs from '@tensorflow/tfjs';
import { binding, compile, ops, optimizer, tf, uniform } from '../../src/compute/index.js';

describe('a thousand compiled training steps', () => {
  it('leave nothing behind: convolution, batch norm, dropout, Adam', async function () {
    this.timeout(60_000);
    const variable = (shape: number[], scale: number, shift = 0): tfjs.Variable =>
      tf.tidy(() =>
        tf.variable(tf.add(tf.mul(tf.randomNormal(shape as [number], 0, 1, 'float32', 1), scale), shift)),
      );
    const [w, gamma, beta, dense] = [
      variable([3, 3, 3, 16], 0.2),
      variable([16], 0, 1),
      variable([16], 0),
      variable([16, 3], 0.2),
    ];
    const running = [variable([16], 0), variable([16], 0, 1)];
    const learning = [w, gamma, beta, dense];
    const rule = optimizer('adam', { learningRate: 1e-3 });
    const step = compile(
      (x, y, ...scalars) => {
        const { value, grads } = tf.variableGrads(() => {
          const maps = ops.conv2d(x as tfjs.Tensor4D, w as tfjs.Tensor4D, { pad: 1 });
          const { y: normed, ...seen } = ops.batchNormTrain(maps, gamma, beta, 1e-5);
          [seen.mean, seen.variance].forEach((s, i) => {
            running[i].assign(tf.add(tf.mul(running[i], 0.9), tf.mul(s, 0.1)));
            s.dispose();
          });
          const pooled = ops.globalAveragePool(ops.swish(normed) as tfjs.Tensor4D);
          const kept = tf.mul(
            pooled,
            tf.mul(tf.cast(tf.less(uniform(pooled.shape, 1), 0.7), 'float32'), 1 / 0.7),
          );
          const logits = tf.matMul(kept as tfjs.Tensor2D, dense as tfjs.Tensor2D) as tfjs.Tensor2D;
          return tf.mean(ops.softmaxCrossEntropy(y as tfjs.Tensor2D, logits)) as tfjs.Scalar;
        }, learning);
        rule.apply(
          learning,
          learning.map((v) => grads[v.name]),
          scalars as tfjs.Scalar[],
        );
        return [value];
      },
      { prepared: true, onEager: (why) => assert.fail(why) },
    );
    const draw = (i: number): tfjs.Tensor[] => [
      tf.randomUniform([8, 16, 16, 3], -1, 1, 'float32', i),
      tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3), 'float32')),
    ];
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const settle = async (): Promise<void> => {
      // finalisers run after a collection, and what they let go of is collected after them
      for (let i = 0; i < 2; i++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const losses: number[] = [];
    const run = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        const inputs = [...draw(i), ...rule.begin()];
        const [loss] = step.run(inputs, i);
        losses.push(loss.dataSync()[0]);
        tf.dispose([loss, ...inputs]);
        await new Promise(setImmediate); // finalisers have their turn, as between the steps of a training
        if (i % 100 === 0) await settle(); // how much garbage there is at once, and so what stays resident, is no chance
      }
    };
    const taken = async (): Promise<{ tensors: number; handles: number; bytes: number }> => {
      await settle();
      const { rss, heapTotal, heapUsed } = process.memoryUsage();
      return {
        tensors: tf.memory().numTensors,
        handles: binding!.getNumOfTensors(),
        bytes: rss - heapTotal + heapUsed, // without the room that V8 keeps for later
      };
    };
    await run(0, 200);
    const early = await taken();
    await run(200, 1000);
    const late = await taken();
    for (const t of [step, rule, ...learning, ...running]) t.dispose();
    assert.ok(losses.every(Number.isFinite));
    assert.equal(late.tensors, early.tensors, 'tensors');
    assert.equal(late.handles, early.handles, 'handles');
    const grown = (late.bytes - early.bytes) / 1e6;
    // 20 kB a step would be 16 MB
    assert.ok(grown < 8, `${grown.toFixed(1)} MB in 800 steps`);
  });
});
