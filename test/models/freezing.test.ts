// Which part of a network learns, and which batch norms follow the batches.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { optimizer, tf } from '../../src/compute/index.js';
import {
  create,
  freeze,
  replaceHead,
  unfreeze,
  type Classifier,
  type Degree,
} from '../../src/models/index.js';
import { trainingStep } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';

const small = { inputShape: [32, 32] as [number, number], classes: ['a', 'b', 'c'] };

/** One step of training; the names of the parameters that changed. */
function changed(model: Classifier): string[] {
  const before = model.stateDict();
  const rule = optimizer('sgd', { learningRate: 0.1 });
  tf.tidy(() => {
    const x = tf.randomUniform([4, 32, 32, 3], -1, 1, 'float32', 5) as tfjs.Tensor4D;
    const y = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), 3), 'float32') as tfjs.Tensor2D;
    const step = trainingStep(model, learning(model), rule);
    step.run(x, y, 1);
    step.dispose();
  });
  rule.dispose();
  const after = model.stateDict();
  return [...before.keys()].filter((k) => before.get(k)!.data.some((v, i) => v !== after.get(k)!.data[i]));
}
/** The first part of each name, once. */
const parts = (names: string[]): string[] => [...new Set(names.map((name) => name.split('.')[0]))];

describe('degrees of fine-tuning', function () {
  this.timeout(600_000);
  let model: Classifier;
  before(async () => (model = await create('resnet18', small)));
  after(() => model.dispose());

  const wanted: Array<[Degree, string[]]> = [
    ['head', ['fc']],
    ['last stage', ['layer4', 'fc']],
    ['half', ['layer3', 'layer4', 'fc']],
    ['all', ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc']],
    [2, ['layer2', 'layer3', 'layer4', 'fc']],
    ['layer2', ['layer2', 'layer3', 'layer4', 'fc']],
    [0, ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc']],
  ];
  for (const [degree, names] of wanted)
    it(`${degree}: ${names.join(', ')} learn`, () => {
      unfreeze(model, degree);
      assert.deepEqual(parts(changed(model)), names);
    });

  it('head: its hidden layers too; without one nothing', async () => {
    const deep = await create('resnet18', { ...small, head: [8] });
    assert.equal(unfreeze(deep, 'head'), 4);
    assert.deepEqual(changed(deep), ['fc.0.weight', 'fc.0.bias', 'fc.2.weight', 'fc.2.bias']);
    deep.dispose();
    const none = await create('squeezenet1_1', { ...small, head: 'none' });
    assert.equal(freeze(none, 'all'), 0);
    none.dispose();
  });
  it('a stage named by its end is the whole stage; a block begins within one', () => {
    unfreeze(model, model.stages[3]);
    assert.deepEqual(parts(changed(model)), ['layer3', 'layer4', 'fc']);
    unfreeze(model, 'layer4.1');
    const names = changed(model);
    assert.ok(names.includes('layer4.1.conv1.weight') && !names.some((n) => n.startsWith('layer4.0')));
  });

  it('freeze takes stages, blocks and layers, up to which nothing learns', () => {
    for (const upTo of [2, 'layer2', model.stages[2]]) {
      freeze(model, upTo);
      assert.deepEqual(parts(changed(model)), ['layer3', 'layer4', 'fc'], String(upTo));
    }
    freeze(model, 'last stage');
    assert.deepEqual(parts(changed(model)), ['layer4', 'fc']);
    freeze(model, 'all');
    assert.deepEqual(parts(changed(model)), ['fc']);
    assert.equal(freeze(model, 'none'), model.net.trainableWeights.length);
  });

  it('statistics of batch norms: with their part, all kept, or all following', () => {
    const statistics = (names: string[]): string[] => parts(names.filter((n) => n.includes('running')));
    unfreeze(model, 'last stage');
    assert.deepEqual(statistics(changed(model)), ['layer4']);
    unfreeze(model, 'last stage', { batchNorm: 'frozen' });
    const learned = changed(model);
    assert.deepEqual(statistics(learned), []);
    assert.ok(learned.includes('layer4.1.bn2.weight') && learned.includes('layer4.0.conv1.weight'));
    unfreeze(model, 'head', { batchNorm: 'moving' });
    const moved = changed(model);
    assert.deepEqual(statistics(moved), ['bn1', 'layer1', 'layer2', 'layer3', 'layer4']);
    assert.deepEqual(parts(moved.filter((n) => !n.includes('running'))), ['fc']);
    unfreeze(model);
    assert.deepEqual(statistics(changed(model)), ['bn1', 'layer1', 'layer2', 'layer3', 'layer4']);
  });

  it('what is not there is refused, with the stages', () => {
    assert.throws(() => unfreeze(model, 'layer5'), /no layer "layer5".*Nearest/);
    assert.throws(() => unfreeze(model, 5), /resnet18 has no stage 5; its stages are 0 \(relu\), 1 \(layer1/);
    assert.throws(() => freeze(model, -1), /no stage -1/);
    assert.throws(
      () => unfreeze(model, 'all', { batchNorm: 'off' as never }),
      /batchNorm is "off"; it must be part, frozen or moving/,
    );
  });
});

describe('a new head keeps output neurons', function () {
  this.timeout(600_000);
  for (const [name, head] of [
    ['resnet18', 'fc'],
    ['squeezenet1_1', 'classifier.1'],
  ] as const)
    it(`bit for bit, of ${name}; the others start anew`, async () => {
      const tensors = tf.memory().numTensors;
      const model = await create(name, { ...small, classes: ['No Finding', 'Effusion', 'Mass'] });
      const fresh = await create(name, { ...small, classes: ['No Finding', 'Effusion', 'Mass'] });
      const old = model.stateDict();
      const keep = { normal: 'No Finding', mass: 'Mass' };
      replaceHead(model, ['covid', 'normal', 'mass', 'other'], { keep, seed: 4 });
      replaceHead(fresh, ['covid', 'normal', 'mass', 'other'], { seed: 4 });
      const [kept, drawn] = [model, fresh].map((m) => m.stateDict());
      for (const part of ['weight', 'bias']) {
        const key = `${head}.${part}`;
        const row = (state: typeof old, unit: number): number[] => {
          const { shape, data } = state.get(key)!;
          const width = data.length / shape[0];
          return [...data.subarray(unit * width, (unit + 1) * width)];
        };
        assert.deepEqual(row(kept, 1), row(old, 0));
        assert.deepEqual(row(kept, 2), row(old, 2));
        for (const unit of [0, 3]) assert.deepEqual(row(kept, unit), row(drawn, unit));
      }
      for (const [key, value] of old) if (!key.startsWith(head)) assert.deepEqual(kept.get(key), value);
      model.dispose();
      fresh.dispose();
      assert.equal(tf.memory().numTensors, tensors);
    });

  it('those of the same name where keep is true; names that are not there are refused', async () => {
    const model = await create('resnet18', small);
    const weight = (unit: number): number[] => [
      ...model
        .stateDict()
        .get('fc.weight')!
        .data.subarray(unit * 512, (unit + 1) * 512),
    ];
    const c = weight(2);
    assert.throws(
      () => replaceHead(model, ['x', 'y'], { keep: { x: 'd' } }),
      /keep names "d", which is none of the old classes; nearest: a, b, c/,
    );
    assert.throws(
      () => replaceHead(model, ['x', 'y'], { keep: { z: 'a' } }),
      /"z", which is none of the new classes/,
    );
    assert.deepEqual(model.classes, ['a', 'b', 'c']);
    replaceHead(model, ['c', 'new'], { keep: true });
    assert.deepEqual(weight(0), c);
    model.dispose();
  });
});
