// Steps as TensorFlow functions: right in every case, or as they are.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { binding, compile, optimizer, tf, uniform, type OptimizerName } from '../../src/compute/index.js';
import { create, type StateDict } from '../../src/models/index.js';
import { trainingStep, type StepOptions } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';

const values = (t: tfjs.Tensor): number[] => {
  const v = [...t.dataSync()];
  t.dispose();
  return v;
};

const variable = (v: number[], shape: number[]): tfjs.Variable =>
  tf.tidy(() => tf.variable(tf.tensor(v, shape)));

describe('a compiled step', () => {
  let tensors: number;
  let handles: number;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
    handles = binding!.getNumOfTensors();
  });
  afterEach(() => {
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
    assert.ok(binding!.getNumOfTensors() <= handles, 'handles are left');
  });

  it('gives what the step gives, for each shape', () => {
    const step = compile((a, b) => [
      tf.matMul(a as tfjs.Tensor2D, b as tfjs.Tensor2D),
      tf.sum(tf.addN([tf.concat([a, a], 0), tf.stack([a, a]).reshape([-1, a.shape[1]!])])),
    ]);
    for (const n of [2, 3, 2, 3, 2, 3, 2]) {
      const a = tf.tidy(() => tf.range(0, n * 4).reshape([n, 4]));
      const b = tf.ones([4, 2]);
      const [product, sum] = step.run([a, b]);
      assert.deepEqual(values(product), values(tf.matMul(a as tfjs.Tensor2D, b as tfjs.Tensor2D)));
      assert.equal(values(sum)[0], 4 * ((n * 4 * (n * 4 - 1)) / 2));
      tf.dispose([a, b]);
    }
    assert.equal(step.functions, 2);
    step.dispose();
    assert.equal(step.functions, 0);
  });

  it('reads and assigns variables; what others assign in between counts; who shares a value keeps it', () => {
    const v = variable([1, 2], [2]);
    const step = compile((x) => {
      v.assign(tf.add(v, x));
      return [tf.mul(v, 10)];
    });
    const x = tf.scalar(1);
    for (let i = 1; i <= 4; i++) assert.deepEqual(values(step.run([x])[0]), [10 * (1 + i), 10 * (2 + i)]);
    assert.deepEqual([...v.dataSync()], [5, 6]);
    const copy = v.clone();
    tf.tidy(() => void v.assign(tf.tensor1d([100, 200])));
    assert.deepEqual(values(step.run([x])[0]), [1010, 2010]);
    const shared = v.clone();
    assert.deepEqual(values(step.run([x])[0]), [1020, 2020]);
    assert.deepEqual(values(copy), [5, 6]);
    assert.deepEqual(values(shared), [101, 201]);
    step.dispose();
    tf.dispose([v, x]);
  });

  it('takes a tensor from outside that was never used before', () => {
    const outside = tf.tensor1d([1, 2]);
    const step = compile((x) => [tf.mul(x, outside)], { prepared: true });
    const x = tf.scalar(3);
    for (let i = 0; i < 3; i++) assert.deepEqual(values(step.run([x])[0]), [3, 6]);
    assert.equal(step.functions, 1);
    assert.deepEqual([...outside.dataSync()], [1, 2]);
    step.dispose();
    assert.deepEqual(values(tf.add(outside, 1)), [2, 3]);
    tf.dispose([outside, x]);
  });

  it('within another one is a part of it', () => {
    const inner = compile((x) => [tf.mul(x, 2)], { prepared: true });
    const outer = compile((x) => [tf.add(inner.run([x])[0], 1)]);
    const x = tf.scalar(5);
    for (let i = 0; i < 4; i++) assert.deepEqual(values(outer.run([x])[0]), [11]);
    assert.equal(outer.functions, 1);
    inner.dispose();
    outer.dispose();
    x.dispose();
  });

  it('that fails leaves its variables as they were', () => {
    const w = variable([1, 2], [2]);
    const o = optimizer('sgd', { learningRate: 1 });
    const step = compile((index, ...scalars) => {
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(w)) as tfjs.Scalar, [w]);
      const picked = tf.gatherND(tf.range(0, 3), index);
      o.apply([w], [grads[w.name]], scalars as tfjs.Scalar[]);
      return [value, picked];
    });
    const run = (index: number): void => {
      const inputs = [tf.tensor1d([index], 'int32'), ...o.begin()];
      try {
        tf.dispose(step.run(inputs));
      } finally {
        tf.dispose(inputs);
      }
    };
    run(0);
    run(1);
    assert.equal(step.functions, 1);
    assert.throws(() => run(7), /does not index into/);
    const after = [...w.dataSync()];
    assert.ok(after.every(Number.isFinite));
    run(2);
    assert.deepEqual(
      [...w.dataSync()],
      after.map((v) => v - 2 * v),
    );
    step.dispose();
    o.dispose();
    w.dispose();
  });

  it('that reads values runs as it is, and says so once', () => {
    const why: string[] = [];
    const step = compile((x) => [tf.mul(x, x.sum().dataSync()[0] > 2 ? 1 : -1)], {
      onEager: (w) => why.push(w),
    });
    for (const n of [1, 5, 1, 5, 1]) {
      const x = tf.scalar(n);
      assert.deepEqual(values(step.run([x])[0]), [n > 2 ? n : -n]);
      x.dispose();
    }
    assert.equal(why.length, 1);
    assert.match(why[0], /^its values are read on the way \(.*compile\.test\.[jt]s:\d+\)$/);
    assert.equal(step.functions, 0);
  });

  it('with random numbers of JavaScript runs as it is, and says so', () => {
    const why: string[] = [];
    const step = compile((x) => [tf.dropout(x, 0.5)], { onEager: (w) => why.push(w) });
    const x = tf.ones([200]);
    const seen = [1, 2, 3].map(() => values(step.run([x])[0]));
    assert.notDeepEqual(seen[1], seen[2]);
    assert.equal(why.length, 1);
    assert.match(why[0], /random numbers from JavaScript.*compile\.test\.[jt]s/);
    x.dispose();
  });

  it('of tfjs layers and a tfjs optimizer trains as step by step', () => {
    const train = (eager: boolean): number[] => {
      const net = tf.sequential({
        layers: [
          tf.layers.conv2d({
            inputShape: [8, 8, 2],
            filters: 4,
            kernelSize: 3,
            activation: 'relu',
            kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
          }),
          tf.layers.batchNormalization(),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
        ],
      });
      const adam = tf.train.adam(0.01);
      const step = compile(
        (x, y) => {
          const loss = adam.minimize(
            () => tf.losses.softmaxCrossEntropy(y, net.apply(x, { training: true }) as tfjs.Tensor),
            true,
          );
          return [loss!];
        },
        { eager },
      );
      const x = tf.randomNormal([6, 8, 8, 2], 0, 1, 'float32', 3);
      const y = tf.tidy(() => tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3).toFloat());
      const losses = Array.from({ length: 10 }, () => values(step.run([x, y])[0])[0]);
      const scores = net.predict(x) as tfjs.Tensor;
      losses.push(...values(scores));
      assert.equal(step.functions, eager ? 0 : 1);
      step.dispose();
      adam.dispose();
      net.dispose();
      tf.dispose([x, y]);
      return losses;
    };
    const [compiled, plain] = [train(false), train(true)];
    assert.ok(compiled[9] < compiled[0] / 2);
    compiled.forEach((v, i) => assert.ok(Math.abs(v - plain[i]) < 1e-5, `${i}: ${v}, ${plain[i]}`));
  });

  it('has other random numbers at each step, and the same ones for the same seed', () => {
    const step = compile((x) => [tf.add(x, uniform([1000], 7))]);
    const x = tf.zeros([1000]);
    const seen = [1, 2, 3, 4, 3].map((seed) => values(step.run([x], seed)[0]));
    assert.deepEqual(seen[4], seen[2]);
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ])
      assert.notDeepEqual(seen[a], seen[b]);
    const mean = seen[3].reduce((a, b) => a + b) / 1000;
    assert.ok(Math.abs(mean - 0.5) < 0.05 && seen[3].every((v) => v >= 0 && v < 1));
    step.dispose();
    x.dispose();
  });

  for (const name of ['adam', 'adamw', 'sgd'] as OptimizerName[])
    it(`with ${name}: as step by step, also with another learning rate and weights set by hand`, () => {
      const train = (compiled: boolean): number[] => {
        const w = variable([1, -2, 3, 0.5], [2, 2]);
        const o = optimizer(name, { learningRate: 0.1, weightDecay: 0.01, momentum: 0.9 });
        const step = compile((x, ...scalars) => {
          const { value, grads } = tf.variableGrads(
            () => tf.mean(tf.square(tf.matMul(x as tfjs.Tensor2D, w as tfjs.Tensor2D))) as tfjs.Scalar,
            [w],
          );
          o.apply([w], [grads[w.name]], scalars as tfjs.Scalar[]);
          return [value];
        });
        const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
        const losses: number[] = [];
        for (let i = 0; i < 12; i++) {
          if (!compiled) step.dispose();
          if (i === 6) o.learningRate = 0.02;
          if (i === 8) tf.tidy(() => void w.assign(tf.ones([2, 2])));
          const scalars = o.begin();
          losses.push(values(step.run([x, ...scalars])[0])[0]);
          tf.dispose(scalars);
        }
        assert.equal(step.functions, compiled ? 1 : 0);
        losses.push(...w.dataSync());
        step.dispose();
        o.dispose();
        tf.dispose([w, x]);
        return losses;
      };
      assert.deepEqual(train(true), train(false));
    });
});

describe('a compiled step of training', function () {
  this.timeout(300_000);
  for (const name of ['resnet18', 'densenet121', 'efficientnet_b0', 'mobilenet_v2', 'tf_efficientnet_lite0'])
    it(`${name}: 50 losses and the weights after them as step by step, but for rounding`, async () => {
      /** Losses and weights; `nudge` is what all weights are multiplied by before. */
      const train = async (
        { eager = false, checkpointing = false }: StepOptions,
        nudge = 1,
      ): Promise<{ losses: number[]; weights: StateDict }> => {
        const model = await create(name, { classes: 3, inputShape: [32, 32], seed: 1, dropout: 0.3 });
        for (const v of learning(model)) tf.tidy(() => v.assign(tf.mul(v, nudge)));
        const o = optimizer('adam', { learningRate: 1e-5 });
        const step = trainingStep(model, learning(model), o, { eager, checkpointing });
        const losses: number[] = [];
        for (let i = 0; i < 50; i++) {
          // every fifth batch is a smaller one
          const n = i % 5 === 4 ? 6 : 8;
          const x = tf.randomUniform([n, 32, 32, 3], -1, 1, 'float32', i) as tfjs.Tensor4D;
          const labels = Int32Array.from({ length: n }, (_, k) => [0, 1, 2, 1][k % 4]);
          const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), 'float32'));
          losses.push(step.run(x, y as tfjs.Tensor2D, i).loss);
          tf.dispose([x, y]);
        }
        const weights = model.stateDict();
        for (const t of [step, o, model]) t.dispose();
        return { losses, weights };
      };
      const eager = await train({ eager: true });
      const away = (other: typeof eager): { loss: number; weight: number } => ({
        loss: Math.max(...other.losses.map((v, i) => Math.abs(v - eager.losses[i]))),
        weight: Math.max(
          ...[...eager.weights].map(([key, { data }]) =>
            other.weights.get(key)!.data.reduce((most, v, i) => Math.max(most, Math.abs(v - data[i])), 0),
          ),
        ),
      });
      // ops that Grappler rewrites round otherwise: what training makes of that it also makes of weights of another last digit
      const rounded = away(await train({ eager: true }, 1 + 2 ** -22));
      for (const checkpointing of name === 'efficientnet_b0' ? [false, true] : [false]) {
        const compiled = away(await train({ checkpointing }));
        const shown = JSON.stringify({ checkpointing, compiled, rounded });
        assert.ok(compiled.loss <= Math.min(3 * rounded.loss, 0.02), shown);
        assert.ok(compiled.weight <= Math.min(3 * rounded.weight, 1e-3), shown);
      }
    });
});
