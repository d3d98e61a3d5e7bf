// Averages of weights, against arithmetic by hand.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { data, models, tf, train } from '../../src/index.js';
import { Ema, emaDecay, Swa } from '../../src/train/averaging.js';
import { changing } from '../../src/train/variables.js';

const SIZE = 32;
const films = data.phantom({ patients: 18, filmsPerPatient: [1, 1], seed: 3, size: SIZE });
const parts = { train: films.split('train'), val: films.split('val') };
const quiet = { ...parts, batch: 16, display: 'quiet' as const, seed: 5, learningRate: 3e-4 };
const create = (name = 'resnet18'): Promise<models.Classifier> =>
  models.create(name, { classes: films.classes, inputShape: [SIZE, SIZE], channels: 1, seed: 1 });
const values = (state: models.StateDict, name: string): number[] => [...state.get(name)!.data];
const near = (got: readonly number[], want: readonly number[], tolerance: number): void =>
  got.forEach((v, i) =>
    assert.ok(Math.abs(v - want[i]) <= tolerance * Math.max(1, Math.abs(want[i])), `${v} is not ${want[i]}`),
  );

describe('the decay of an exponential moving average', () => {
  it('is 0 at the first update, then constant, or grows as in timm 1.0', () => {
    assert.deepEqual(
      [0, 1, 500].map((n) => emaDecay(n, { decay: 0.999 })),
      [0, 0.999, 0.999],
    );
    // ModelEmaV3(decay=0.9999, use_warmup=True).get_decay(n + 1)
    near(
      [1, 2, 10, 1000, 1e7].map((n) => emaDecay(n, { decay: 0.9999, warmup: true })),
      [0.3700394750525634, 0.5192501432308638, 0.7978199917664258, 0.9900066611160449, 0.9999],
      1e-9,
    );
  });
});

describe('an exponential moving average of weights', function () {
  this.timeout(600_000);
  it('is what its recurrence says, of running statistics too, and the model gets its weights back', async () => {
    const model = await create();
    const [first] = changing(model);
    const statistic = changing(model).at(-1)!;
    const tensors = tf.memory().numTensors;
    const ema = new Ema(model, { decay: 0.9 });
    ema.follow();
    const read = (v: tfjs.Variable): number[] => [...v.dataSync()];
    const want = [first, statistic].map(read);
    for (let step = 0; step < 5; step++) {
      for (const v of [first, statistic]) tf.tidy(() => v.assign(tf.add(tf.mul(v, 1.25), 0.5)));
      ema.update();
      [first, statistic].forEach((v, k) => {
        const d = step ? 0.9 : 0;
        read(v).forEach((now, i) => (want[k][i] = d * want[k][i] + (1 - d) * now));
      });
    }
    const own = [first, statistic].map(read);
    await ema.within(async () => [first, statistic].forEach((v, k) => near(read(v), want[k], 1e-6)));
    assert.deepEqual([first, statistic].map(read), own);
    await assert.rejects(
      ema.within(() => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual([first, statistic].map(read), own);
    ema.dispose();
    assert.equal(tf.memory().numTensors, tensors);
    model.dispose();
  });

  it('in fit: the model ends with the averages, the same as those of a training that is followed by hand', async () => {
    const [model, twin] = [await create(), await create()];
    const tensors = tf.memory().numTensors;
    // one step an epoch: the state after each epoch is the state after each step
    const options = { ...quiet, batch: parts.train.length, epochs: 3, monitor: 'loss' as const };
    const name = 'layer1.0.conv1.weight';
    const states: models.StateDict[] = [];
    await train.fit(twin, { ...options, onEpoch: () => states.push(twin.stateDict()) });
    const history = await train.fit(model, { ...options, ema: 0.7 });
    let average = values(states[0], name);
    const averages = states.map((state, i) => {
      const now = values(state, name);
      return (average = i ? average.map((v, k) => 0.7 * v + 0.3 * now[k]) : average);
    });
    near(values(model.stateDict(), name), averages[history.best! - 1], 1e-5);
    assert.equal(tf.memory().numTensors, tensors);
    model.dispose();
    twin.dispose();
  });

  it('follows what gradual unfreezing lets learn', async () => {
    const model = await create();
    const before = model.stateDict();
    const options = { ...quiet, epochs: 3, monitor: 'loss' as const };
    await train.fit(model, {
      ...options,
      ema: { decay: 0.5, warmup: true },
      unfreeze: { 1: 'head', 3: 'all' },
    });
    const after = model.stateDict();
    assert.notDeepEqual(values(after, 'fc.weight'), values(before, 'fc.weight'));
    model.dispose();
  });
});

describe('stochastic weight averaging', function () {
  this.timeout(600_000);
  it('is the mean of the states that are added', async () => {
    const model = await create();
    const swa = new Swa();
    const [variable] = changing(model);
    const states: number[][] = [];
    for (const factor of [1, 3, -2]) {
      tf.tidy(() => variable.assign(tf.mul(variable, factor)));
      states.push([...variable.dataSync()]);
      swa.add(model);
    }
    swa.load(model);
    const got = [...variable.dataSync()];
    near(
      got,
      got.map((_, i) => states.reduce((sum, s) => sum + s[i], 0) / 3),
      1e-6,
    );
    assert.equal(swa.epochs, 3);
    model.dispose();
  });

  it('batch norms get the mean of the statistics of batches', async () => {
    const model = await create();
    const tensors = tf.memory().numTensors;
    const norm = model.layer('bn1') as unknown as { momentum: number };
    await train.updateBatchNorms(model, parts.train, { batch: 8, seed: 2 });
    assert.equal(tf.memory().numTensors, tensors);
    assert.equal(norm.momentum, 0.1);
    const state = model.stateDict();
    // the first batch norm sees the first convolution: its statistics by hand
    const [mean, std] = [model.preprocessing.mean, model.preprocessing.std];
    const sums = { mean: new Array<number>(64).fill(0), variance: new Array<number>(64).fill(0) };
    let batches = 0;
    for await (const b of data.batches(parts.train, {
      size: SIZE,
      channels: 1,
      mean,
      std,
      batch: 8,
      shuffle: true,
      seed: 2,
    })) {
      if (b.n === 1) continue;
      tf.tidy(() => {
        const y = model.layer('conv1').call(tf.tensor(b.x, b.shape), {}) as tfjs.Tensor;
        const rows = tf.reshape(y, [-1, 64]).arraySync() as number[][];
        for (let c = 0; c < 64; c++) {
          const m = rows.reduce((a, r) => a + r[c], 0) / rows.length;
          sums.mean[c] += m;
          sums.variance[c] += rows.reduce((a, r) => a + (r[c] - m) ** 2, 0) / (rows.length - 1);
        }
      });
      batches++;
    }
    assert.ok(batches > 1);
    near(
      values(state, 'bn1.running_mean'),
      sums.mean.map((v) => v / batches),
      1e-4,
    );
    near(
      values(state, 'bn1.running_var'),
      sums.variance.map((v) => v / batches),
      1e-4,
    );
    model.dispose();
  });

  it('in fit: the mean of the epochs from one on, with statistics of its own', async () => {
    const model = await create();
    const states: models.StateDict[] = [];
    const history = await train.fit(model, {
      ...quiet,
      epochs: 4,
      swa: { from: 3, learningRate: 1e-3 },
      onEpoch: () => states.push(model.stateDict()),
    });
    assert.equal(history.swa!.epochs, 2);
    const after = model.stateDict();
    const name = 'fc.weight';
    const want = values(states[2], name).map((v, i) => (v + values(states[3], name)[i]) / 2);
    near(values(after, name), want, 1e-6);
    const { loss } = await train.evaluate(model, parts.val);
    assert.ok(Math.abs(loss - history.swa!.val.loss) < 1e-5);
    model.dispose();
  });

  it('what cannot be is refused', async () => {
    const model = await create();
    const refused = (options: object, words: RegExp): Promise<void> =>
      assert.rejects(train.fit(model, { ...quiet, epochs: 3, ...options }), words);
    await refused({ ema: 1 }, /ema is 1; it must be a decay from 0 up to, but not, 1/);
    await refused({ ema: { decay: -1 } }, /ema is \{"decay":-1\}/);
    await refused({ swa: { from: 4 } }, /swa\.from is 4; it must be an epoch from 1 to 3/);
    await refused({ swa: { from: 1, learningRate: 0 } }, /swa\.learningRate is 0/);
    await refused({ ema: 0.9, swa: { from: 1 } }, /choose one/);
    await refused({ unfreeze: { 4: 'all' } }, /unfreeze is .* by epochs from 1 to 3/);
    await refused({ unfreeze: { 1: 'layer9' } }, /no layer "layer9"/);
    await refused({ stageRates: 0 }, /stageRates is 0/);
    await refused({ stageRates: () => NaN }, /stageRates gives NaN for stage \d/);
    model.dispose();
  });
});
