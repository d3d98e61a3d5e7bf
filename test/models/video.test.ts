// Networks of volumes: what is asked of any network, with a depth.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { optimizer, tf } from '../../src/compute/index.js';
import { create, freeze, load, save, type Classifier } from '../../src/models/index.js';
import { trainingStep } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';
import { evaluate } from '../../src/train/index.js';
import { DataError, phantom } from '../../src/data/index.js';

/** Volumes whose class is how bright the later slices are. */
function volumes(n: number): { x: tfjs.Tensor5D; y: tfjs.Tensor2D } {
  return tf.tidy(() => {
    const labels = tf.tensor1d(
      Array.from({ length: n }, (_, i) => i % 2),
      'int32',
    );
    const later = tf.mul(
      tf.reshape(labels, [n, 1, 1, 1, 1]),
      tf.reshape(tf.tensor1d([0, 0, 1, 1, 1]), [1, 5, 1, 1, 1]),
    );
    const x = tf.add(tf.randomNormal([n, 5, 16, 12, 1], 0, 0.5, 'float32', 3), tf.cast(later, 'float32'));
    return { x: x as tfjs.Tensor5D, y: tf.cast(tf.oneHot(labels, 2), 'float32') as tfjs.Tensor2D };
  });
}
const small = {
  inputShape: [5, 16, 12] as [number, number, number],
  channels: 1,
  classes: ['well', 'ill'],
  seed: 1,
};

describe('networks of volumes', () => {
  it('have a depth, by default that of the published weights', async () => {
    const model = await create('mc3_18', { classes: 2 });
    assert.deepEqual(model.inputShape, [16, 112, 112, 3]);
    assert.deepEqual(model.preprocessing.mean, [0.43216, 0.394666, 0.37645]);
    model.dispose();
    await assert.rejects(
      create('r3d_18', { inputShape: [112, 112] }),
      /inputShape is \[112, 112\]; r3d_18 needs \[depth, height, width\] of at least 1 × 1 × 1/,
    );
    await assert.rejects(
      create('resnet18', { inputShape: [16, 112, 112] }),
      /resnet18 needs \[height, width\]/,
    );
  });

  it('learn from grey volumes, op by op as compiled, and are the same from disk', async () => {
    const before = tf.memory().numTensors;
    const model = await create('mc3_18', small);
    assert.equal(model.parameters().get('stem.0.weight')!.shape[1], 1);
    const { x, y } = volumes(8);
    const start = model.stateDict();
    const [eager, compiled] = [2, 6].map((steps) => {
      model.loadState(start);
      const sgd = optimizer('sgd', { learningRate: 0.02, momentum: 0.9 });
      const onEager = (why: string): never => assert.fail(why);
      const step = trainingStep(model, learning(model), sgd, { eager: steps === 2, onEager });
      const losses = Array.from({ length: steps }, (_, i) => step.run(x, y, i).loss);
      step.dispose();
      sgd.dispose();
      return losses;
    });
    assert.ok(compiled.at(-1)! < 0.5 * compiled[0], `losses ${compiled.join(', ')}`);
    eager.forEach((loss, i) => assert.ok(Math.abs(loss / compiled[i] - 1) < 1e-3, `${loss}, ${compiled[i]}`));
    await sameFromDisk(model, x);
    tf.dispose([x, y]);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  }).timeout(120_000);

  it('score many batches alike, when their weights are compiled in', async () => {
    const model = await create('mc3_18', small);
    const { x, y } = volumes(2);
    const scores = Array.from({ length: 9 }, () => model.predict(x));
    scores
      .at(-1)!
      .forEach((row, i) =>
        row.forEach((p, j) =>
          assert.ok(Math.abs(p - scores[0][i][j]) < 1e-5, `${p}, before ${scores[0][i][j]}`),
        ),
      );
    const films = tf.zeros([1, 16, 12, 1]) as tfjs.Tensor4D;
    assert.throws(() => model.predict(films), /x is \[1, 16, 12, 1\]; mc3_18 takes \[batch, 5, 16, 12, 1\]/);
    assert.ok(freeze(model, 'layer3.1.out') < freeze(model, 'none'));
    tf.dispose([x, y, films]);
    model.dispose();
  });

  it('are not fed with pictures', async () => {
    const films = phantom({ patients: 2, size: 16, classes: ['normal', 'nodules'] });
    const model = await create('mc3_18', { ...small, inputShape: [5, 16, 16], classes: films.classes });
    await assert.rejects(
      evaluate(model, films),
      (e) => e instanceof DataError && /depth is 5, but .* is a picture, no volume/.test(e.message),
    );
    model.dispose();
  });
});

async function sameFromDisk(model: Classifier, x: tfjs.Tensor5D): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'video-'));
  try {
    const file = join(folder, 'model.safetensors');
    await save(model, file);
    const again = await load(file);
    assert.deepEqual(again.inputShape, model.inputShape);
    assert.deepEqual(again.predict(x), model.predict(x));
    again.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
