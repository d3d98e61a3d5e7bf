// What can be changed about an architecture when it is created, and what can't.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';
import { create, features, ModelError, replaceHead, type Classifier } from '../../src/models/index.js';

const small = { classes: ['a', 'b', 'c'], inputShape: [64, 64] as [number, number] };
const name = 'squeezenet1_1';
const rates = (model: Classifier): number[] =>
  model.net.layers
    .filter((l) => l.getClassName() === 'CellgradStochasticDepth')
    .map((l) => l.getConfig().rate as number);

describe('a model is changed as it is created', function () {
  this.timeout(240_000);
  let tensors: number;
  beforeEach(() => (tensors = tf.memory().numTensors));
  afterEach(() => assert.equal(tf.memory().numTensors, tensors));

  it('pools the last feature map by mean, maximum, both, or one after the other', async () => {
    const pooled: Record<string, number[]> = {};
    for (const pool of ['avg', 'max', 'avgmax', 'catavgmax'] as const) {
      const model = await create('mobilenet_v2', { ...small, pool });
      tf.tidy(() => {
        const x = tf.randomNormal([1, 64, 64, 3], 0, 1, 'float32', 1) as tfjs.Tensor4D;
        const { taps, logits } = model.tap(x, [model.featureMap, 'avgpool']);
        const flat = taps[1].dataSync();
        const mean = tf.mean(taps[0], [1, 2]).dataSync();
        const most = tf.max(taps[0], [1, 2]).dataSync();
        const expected = {
          avg: [...mean],
          max: [...most],
          avgmax: [...mean].map((v, i) => (v + most[i]) / 2),
          catavgmax: [...mean, ...most],
        }[pool];
        assert.equal(flat.length, expected.length);
        expected.forEach((v, i) => assert.ok(Math.abs(v - flat[i]) < 1e-5));
        assert.deepEqual(logits.shape, [1, 3]);
        pooled[pool] = [...flat];
      });
      model.dispose();
    }
    assert.notDeepEqual(pooled.avg, pooled.max);
  });

  it('has hidden layers before the one that classifies, for convolutional heads too', async () => {
    const model = await create('mobilenet_v2', { ...small, head: [16, 8] });
    assert.equal(model.head, 'classifier.1.4');
    const shapes = [...model.parameters()]
      .filter(([n]) => n.startsWith('classifier.1.') && n.endsWith('weight'))
      .map(([n, p]) => `${n} ${p.shape.join('×')}`);
    assert.deepEqual(shapes, [
      'classifier.1.0.weight 16×1280',
      'classifier.1.2.weight 8×16',
      'classifier.1.4.weight 3×8',
    ]);
    replaceHead(model, ['x', 'y']);
    assert.deepEqual(model.parameters().get('classifier.1.4.weight')!.shape, [2, 8]);
    model.dispose();
    const squeeze = await create(name, { ...small, head: [16] });
    tf.tidy(() => assert.equal(squeeze.predict(tf.zeros([1, 64, 64, 3]) as tfjs.Tensor4D)[0].length, 3));
    squeeze.dispose();
  });

  it('without a head it gives features', async () => {
    const model = await create('mobilenet_v2', { ...small, head: 'none' });
    assert.deepEqual([model.head, model.classes], ['', []]);
    tf.tidy(() => {
      const x = tf.randomNormal([3, 64, 64, 3], 0, 1, 'float32', 1) as tfjs.Tensor4D;
      const { taps } = model.tap(x, ['avgpool']);
      const rows = taps[0].arraySync() as number[][];
      model
        .predict(x, { batch: 2 })
        .forEach((row, i) => row.forEach((v, k) => assert.ok(Math.abs(v - rows[i][k]) < 1e-5)));
    });
    assert.throws(() => replaceHead(model, 2), /created without a head/);
    model.dispose();
  });

  it('stochastic depth grows from block to block by each library’s rule, and can be turned off', async () => {
    const options = { classes: 2, inputShape: [32, 32] as [number, number] };
    const efficientnet = await create('efficientnet_b0', options);
    // torchvision: 0.2 · block / 16, blocks with a shortcut
    const shortcuts = [2, 4, 6, 7, 9, 10, 12, 13, 14];
    assert.deepEqual(
      rates(efficientnet).map((r) => r.toFixed(6)),
      shortcuts.map((i) => ((0.2 * i) / 16).toFixed(6)),
    );
    efficientnet.dispose();
    const none = await create('efficientnet_b0', { ...options, dropPath: 0 });
    assert.deepEqual(rates(none), []);
    none.dispose();
    // timm: rate · block / (blocks − 1)
    const resnet = await create('resnet18', { ...options, dropPath: 0.7 });
    assert.deepEqual(
      rates(resnet).map((r) => r.toFixed(6)),
      [1, 2, 3, 4, 5, 6, 7].map((i) => ((0.7 * i) / 7).toFixed(6)),
    );
    resnet.dispose();
  });

  it('gives the outputs of layers and stages beside the logits, as one function', async () => {
    const taps = ['stem', 'stage2', 'features.12.out'];
    const model = await create(name, { ...small, taps });
    const source = features(model);
    tf.tidy(() => {
      const x = tf.randomNormal([3, 64, 64, 3], 0, 1, 'float32', 2) as tfjs.Tensor4D;
      const found = source.run(x);
      assert.deepEqual(Object.keys(found), [...taps, 'logits']);
      const direct = model.tap(x, taps);
      [...direct.taps, direct.logits].forEach((t, i) => {
        const got = Object.values(found)[i];
        assert.deepEqual(got.shape, t.shape);
        assert.ok(tf.max(tf.abs(tf.sub(got, t))).dataSync()[0] < 1e-5);
      });
      assert.deepEqual(source.collect(x, { batch: 2 }).logits.shape, [3, 3]);
    });
    replaceHead(model, 2);
    assert.throws(
      () => tf.tidy(() => source.run(tf.zeros([1, 64, 64, 3]) as tfjs.Tensor4D)),
      /got another head/,
    );
    source.dispose();
    assert.throws(() => features(model, { taps: [] }), /taps is empty; .* stem, stage1/);
    model.dispose();
  });

  it('refuses in a sentence what cannot be', async () => {
    const refused = (model: string, options: object, words: RegExp): Promise<void> =>
      assert.rejects(
        create(model, { ...small, ...options }),
        (e: ModelError) => e instanceof ModelError && words.test(e.message),
      );
    await refused(name, { pool: 'max' }, /^pool can't be set for squeezenet1_1: /);
    await refused(name, { pool: 'median' }, /pool is "median"; it can be avg, max, avgmax, catavgmax/);
    await refused(name, { dropPath: 0.1 }, /dropPath can't be set .* defines no stochastic depth/);
    await refused(name, { dropPath: 1 }, /dropPath is 1/);
    await refused(name, { dropout: NaN }, /dropout is NaN/);
    await refused(name, { head: [8, 0] }, /head is \[8,0\]/);
    await refused(name, { head: 'big' }, /head is "big"/);
    await refused(name, { seed: NaN }, /seed is NaN; it must be a whole number/);
    await refused(name, { channels: 0 }, /channels is 0/);
    await refused(name, { classes: ['a', 'b', 'a'] }, /classes has "a" twice/);
    await refused(name, { taps: ['stage7'] }, /no layer "stage7". Nearest: stage1/);
  });
});
