import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { optimizer, tf } from '../../src/compute/index.js';
import {
  create,
  freeze,
  load,
  ModelError,
  replaceHead,
  save,
  unfreeze,
  type Classifier,
} from '../../src/models/index.js';
import { trainingStep } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';

const small = { inputShape: [32, 32] as [number, number], classes: ['a', 'b', 'c'] };
const picture = (n: number, channels = 3): tfjs.Tensor4D =>
  tf.randomUniform([n, 32, 32, channels], -1, 1, 'float32', 5);

/** One step of training; the names of the parameters that changed. */
function changed(model: Classifier): string[] {
  const before = model.stateDict();
  const o = optimizer('sgd', { learningRate: 0.1 });
  tf.tidy(() => {
    const y = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), model.classes.length), 'float32');
    const step = trainingStep(model, learning(model), o);
    step.run(picture(4), y as tfjs.Tensor2D, 1);
    step.dispose();
  });
  o.dispose();
  const after = model.stateDict();
  return [...before.keys()].filter((k) =>
    Buffer.compare(Buffer.from(before.get(k)!.data.buffer), Buffer.from(after.get(k)!.data.buffer)),
  );
}

describe('models are made as asked', () => {
  it('classes, size and channels', async () => {
    const model = await create('resnet18', { classes: 4, inputShape: [40, 56], channels: 1 });
    assert.deepEqual(model.classes, ['class 0', 'class 1', 'class 2', 'class 3']);
    assert.deepEqual(model.inputShape, [40, 56, 1]);
    assert.deepEqual(model.parameters().get('conv1.weight')!.shape, [64, 1, 7, 7]);
    const y = tf.tidy(() => model.net.apply(tf.zeros([2, 40, 56, 1])) as tfjs.Tensor);
    assert.deepEqual(y.shape, [2, 4]);
    y.dispose();
    model.dispose();
  });
  it('the same seed gives the same weights, another seed others', async () => {
    const models = await Promise.all([1, 1, 2].map((seed) => create('mobilenet_v2', { ...small, seed })));
    const [a, b, c] = models.map((m) => m.stateDict().get('classifier.1.weight')!.data);
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
    models.forEach((m) => m.dispose());
  });
  it('pictures that do not fit are refused, a mistake deep in the network names the layer', async () => {
    const model = await create('resnet18', { classes: 2, inputShape: [32, 32] });
    const [grey, flat] = [tf.zeros([1, 32, 32, 1]), tf.zeros([1, 32])];
    for (const x of [grey, flat])
      assert.throws(
        () => model.predict(x as tfjs.Tensor4D),
        /x is \[1, 32(, 32, 1)?\]; resnet18 takes \[batch, 32, 32, 3\]/,
      );
    const other = tf.tidy(() => tf.variable(tf.zeros([3, 3, 48, 64])));
    const layer = model.layer('layer1.0.conv2') as unknown as { weight: { val: tfjs.Variable } };
    const kept = layer.weight.val;
    layer.weight.val = other;
    const x = tf.zeros([1, 32, 32, 3]);
    assert.throws(
      () => model.predict(x as tfjs.Tensor4D),
      /^ComputeError: In layer "layer1\.0\.conv2": Conv2D .*64 vs 48/,
    );
    layer.weight.val = kept;
    tf.dispose([grey, flat, other, x]);
    model.dispose();
  });
  it('what cannot be is refused, with the nearest names', async () => {
    const refused = (name: string, options: object, words: RegExp): Promise<void> =>
      assert.rejects(
        create(name, options),
        (e: ModelError) => e instanceof ModelError && words.test(e.message),
      );
    await refused('resnet-18', {}, /no model "resnet-18". Nearest: resnet18,/);
    await refused('efficientnet', {}, /Nearest: efficientnet_b0/);
    await refused('resnet18', { classes: 0 }, /classes is 0/);
    await refused('resnet18', { classes: [] }, /classes is \[\]/);
    await refused('resnet18', { channels: 1.5 }, /channels is 1.5/);
    await refused('densenet121', { inputShape: [16, 224] }, /inputShape is \[16, 224\].*at least 29 × 29/);
    await refused('resnet18', { inputShape: 224 }, /inputShape is 224; resnet18 needs \[height, width\]/);
    await refused(
      'resnet18',
      { classes: 'normal' },
      /classes is "normal"; it must be a list of names, or how many there are/,
    );
    await refused('resnet18', { weights: 'imagnet' }, /no weights "imagnet" of resnet18. Nearest: /);
  });
});

describe('a model is looked into and changed', () => {
  let model: Classifier;
  let tensors: number;
  beforeEach(async () => {
    tensors = tf.memory().numTensors;
    model = await create('resnet18', small);
  });
  afterEach(() => {
    model.dispose();
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('taps give the outputs of layers, a hook may change them', () =>
    tf.tidy(() => {
      const x = picture(2);
      const { taps, logits } = model.tap(x, ['layer1.1.out', 'layer4.1.out', 'avgpool']);
      assert.deepEqual(
        taps.map((t) => t.shape),
        [
          [2, 8, 8, 64],
          [2, 1, 1, 512],
          [2, 512],
        ],
      );
      const direct = (model.net.apply(x, { training: false }) as tfjs.Tensor).dataSync();
      assert.deepEqual(logits.dataSync(), direct);
      const zeroed = model.run(x, (layer, y) => (layer === 'avgpool' ? tf.zerosLike(y) : y));
      const bias = [...model.stateDict().get('fc.bias')!.data];
      assert.deepEqual([...zeroed.dataSync()], [...bias, ...bias]);
      assert.throws(
        () => model.tap(x, ['layer4.1.relu2']),
        /no layer "layer4.1.relu2". Nearest: layer4.1.relu/,
      );
    }));

  it('frozen parameters and statistics do not change, the rest does', () => {
    freeze(model, 'layer3.1.out');
    const learned = changed(model);
    assert.ok(learned.includes('layer4.0.conv1.weight') && learned.includes('layer4.0.bn1.running_mean'));
    assert.ok(
      learned.every((n) => /^(layer4|fc)\./.test(n)),
      learned.join(),
    );
    freeze(model, 'all');
    assert.deepEqual(changed(model), ['fc.weight', 'fc.bias']);
    unfreeze(model);
    assert.equal(changed(model).length, model.parameters().size);
    assert.throws(
      () => freeze(model, 'layer9'),
      /Nearest: .*its stages end at relu \(stem\), layer1\.1\.out \(stage1\)/,
    );
  });

  it('dropout is another one at each step, and none outside of training', async () => {
    const model = await create('mobilenet_v2', { ...small, dropout: 0.5 });
    const layer = model.layer('classifier.0');
    const dropped = (training: boolean): number[] =>
      tf.tidy(() => [...(layer.call(tf.ones([4, 1280]), { training }) as tfjs.Tensor).dataSync()]);
    const masks = [1, 2, 3].map(() => dropped(true));
    for (const mask of masks) {
      assert.ok(mask.every((v) => v === 0 || v === 2));
      const share = mask.filter((v) => v === 0).length / mask.length;
      assert.ok(Math.abs(share - 0.5) < 0.05, `${share} are dropped`);
    }
    assert.notDeepEqual(masks[0], masks[1]);
    assert.notDeepEqual(masks[1], masks[2]);
    assert.ok(dropped(false).every((v) => v === 1));
    model.dispose();
  });
  it('a new head leaves the rest as it is, and learns', () => {
    const before = model.stateDict();
    freeze(model, 'all');
    assert.equal(replaceHead(model, ['x', 'y'], { seed: 3 }), model);
    assert.deepEqual(model.classes, ['x', 'y']);
    const after = model.stateDict();
    assert.deepEqual([...after.keys()], [...before.keys()]);
    assert.deepEqual(after.get('fc.weight')!.shape, [2, 512]);
    for (const [name, t] of before) if (!name.startsWith('fc.')) assert.deepEqual(after.get(name), t);
    assert.deepEqual(changed(model), ['fc.weight', 'fc.bias']);
    tf.tidy(() => assert.equal(model.predict(picture(1))[0].length, 2));
    assert.throws(() => replaceHead(model, 0), /classes is 0/);
  });
});

describe('a model that nothing names any more', () => {
  const x = picture(1);
  const used = async (): Promise<Classifier> => {
    const model = await create('mobilenet_v2', small);
    model.predict(x);
    return model;
  };
  it('is given back when the next one is created, also after a new head', async () => {
    (await used()).dispose(); // what tfjs makes once
    const before = tf.memory().numTensors;
    await (async () => replaceHead(await used(), ['d', 'e']))();
    await (async () => void (await used()))();
    const last = await used();
    const one = last.parameters().size;
    last.dispose();
    assert.ok(
      tf.memory().numTensors - before <= one,
      `${tf.memory().numTensors - before} of ${one} are left`,
    );
    (await used()).dispose();
    assert.equal(tf.memory().numTensors, before);
  });
  it('lives on where a part of it is held', async () => {
    const layer = await (async () => (await used()).net.layers[1])();
    (await used()).dispose();
    assert.ok(layer.getWeights().every((w) => !w.isDisposed));
    layer.dispose();
  });
});

describe('weights on disk', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-weights-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('saved and loaded they are the same bit for bit, after a new head too', async () => {
    const model = replaceHead(await create('efficientnet_b0', small), ['p', 'q'], { seed: 1 });
    const path = join(folder, 'model.safetensors');
    await save(model, path);
    const again = await load(path);
    assert.deepEqual(again.stateDict(), model.stateDict());
    assert.deepEqual([again.name, again.classes, again.inputShape], [model.name, ['p', 'q'], [32, 32, 3]]);
    for (const end of [4, 100, readFileSync(path).length - 10]) {
      writeFileSync(path, readFileSync(path).subarray(0, end));
      await assert.rejects(load(path), /model\.safetensors was refused: .* not fit into it/);
    }
    await assert.rejects(load(join(folder, 'none')), /none can't be read: ENOENT/);
    model.dispose();
    again.dispose();
  });

  it('that do not fit are listed: missing, surplus, of another shape; nothing is changed', async () => {
    const model = await create('resnet18', small);
    const before = model.stateDict();
    const state = new Map(before);
    state.delete('fc.bias');
    state.set('fc.weight', { shape: [1000, 512], data: new Float32Array(512_000) });
    state.set('extra.weight', { shape: [1], data: new Float32Array(1) });
    state.set('conv1.weight', { shape: [64, 3, 7, 7], data: new Float32Array(9408) });
    assert.throws(
      () => model.loadState(state),
      /missing fc\.bias; unexpected extra\.weight; of another shape fc\.weight \[1000, 512\] instead of \[3, 512\]\. The model is unchanged/,
    );
    assert.deepEqual(model.stateDict(), before);
    model.dispose();
  });
});
