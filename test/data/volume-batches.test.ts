// Batches of whole scans, and a network of volumes that learns from them.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { data, models, train } from '../../src/index.js';
import { says } from './folder.js';

const { augment, batches, phantomCT } = data;

async function all(set: data.Dataset, options: Partial<data.BatchOptions> = {}): Promise<data.Batch[]> {
  const out: data.Batch[] = [];
  for await (const batch of batches(set, { size: 20, depth: 10, batch: 3, ...options })) out.push(batch);
  return out;
}
const values = (list: data.Batch[]): number[] => list.flatMap(({ x }) => [...x]);

describe('batches of volumes', function () {
  this.timeout(300_000);
  const set = phantomCT({ patients: 5, size: 40, depth: 16, seed: 2, classes: ['normal', 'consolidation'] });

  it('are the scans resampled and windowed, with their masks', async () => {
    const [first, second] = await all(set, { masks: true });
    assert.deepEqual(first.shape, [3, 10, 20, 20, 1]);
    assert.deepEqual(second.shape, [2, 10, 20, 20, 1]);
    const scan = await set.volume(set.rows[1]);
    const [d, h, w] = scan.shape.map((n, i) => (n * scan.spacing[i]) / [10, 20, 20][i]);
    const { data: grey, mask } = scan.resample({ spacing: [d, h, w] }).window('lung');
    const area = 10 * 20 * 20;
    assert.deepEqual(
      [...first.x.subarray(area, 2 * area)],
      Array.from(grey, (v) => Math.fround(v / 255)),
    );
    assert.deepEqual([...first.masks!.subarray(area, 2 * area)], [...mask!]);
    assert.ok(mask!.includes(1));
  });

  it('are the same whatever the number of workers and what is cached, augmented too', async () => {
    const steps = [
      augment.flip(),
      augment.rotate(10, { tilt: 5 }),
      augment.noise(0.05),
      augment.flip({ axis: 'depth' }),
    ];
    const options = { augment: steps, shuffle: true, seed: 4, channels: 3 as const, mean: 0.5, std: 0.25 };
    const own = values(await all(set, { ...options, workers: 0 }));
    assert.deepEqual(values(await all(set, { ...options, workers: 2, cache: 0 })), own);
    assert.deepEqual(values(await all(set, { ...options, workers: 2 })), own);
    assert.notDeepEqual(values(await all(set, { ...options, workers: 0, epoch: 1 })), own);
  });

  it('move masks as they move voxels', async () => {
    const [plain] = await all(set, { masks: true });
    const [mirrored] = await all(set, { masks: true, augment: [augment.flip({ axis: 'depth', p: 1 })] });
    const reversed = (list: ArrayLike<number>): number[] =>
      Array.from({ length: 10 }, (_, z) => Array.from(list).slice((9 - z) * 400, (10 - z) * 400)).flat();
    const area = 4000;
    assert.deepEqual(
      [...mirrored.masks!.subarray(area, 2 * area)],
      reversed(plain.masks!.subarray(area, 2 * area)),
    );
    const [x, y] = [mirrored.x.subarray(0, area), reversed(plain.x.subarray(0, area))];
    assert.ok(x.every((v, i) => Math.abs(v - y[i]) < 1e-6));
  });

  it('are refused of pictures, with boxes that are exchanged, and without slices', async () => {
    const films = data.phantom({ patients: 4, size: 32 });
    await assert.rejects(all(films), says('option', /is a picture, no volume/));
    await assert.rejects(all(set, { cutmix: 1 }), says('option', /cutmix must be left out for volumes/));
    await assert.rejects(all(set, { depth: 0 }), says('option', /depth must be a whole number above 0/));
  });

  it('teach a network of volumes, which then predicts', async () => {
    const scans = phantomCT({
      patients: 10,
      size: 40,
      depth: 16,
      seed: 3,
      classes: ['normal', 'consolidation'],
    });
    const classes = scans.classes;
    const model = await models.create('r3d_18', { classes, inputShape: [8, 24, 24], channels: 1, seed: 1 });
    const history = await train.fit(model, {
      train: scans,
      val: scans,
      epochs: 4,
      batch: 5,
      learningRate: 3e-4,
      augment: [augment.flip()],
      display: 'quiet',
    });
    const { loss } = history.train;
    assert.ok(loss.at(-1)! < loss[0], loss.join());
    const { scores } = await train.evaluate(model, scans, { batch: 4 });
    const x = await train.inputs<tfjs.Tensor5D>(model, scans);
    assert.deepEqual(x.shape, [10, 8, 24, 24, 1]);
    const direct = model.predict(x);
    x.dispose();
    assert.equal(scores.length, 10);
    scores.forEach((row, i) => row.forEach((p, c) => assert.ok(Math.abs(p - direct[i][c]) < 1e-5)));
    assert.ok(Math.abs(scores[0][0] - scores[1][0]) > 1e-4, 'two scans, two answers');
    model.dispose();
  });
});
