// What trainings are fed: mixed, drawn anew, with films that can't be read; and what is left of a training that could not begin.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { data, models, tf, train } from '../../src/index.js';
import { labelsOf } from '../../src/train/feed.js';

const size = 32;
const classes = ['normal', 'consolidation', 'ground glass'] as const;
const create = (inputShape: [number, number] = [size, size]): Promise<models.Classifier> =>
  models.create('resnet18', { classes: [...classes], inputShape, channels: 1, seed: 1 });

describe('train.fit on a folder with a broken film, drawn evenly, with MixUp and CutMix', function () {
  this.timeout(240_000);
  let folder: string;
  let films: data.Dataset;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cellgrad-feed-'));
    const drawn = data.phantom({
      patients: 36,
      classes: [...classes],
      filmsPerPatient: [1, 1],
      size,
      seed: 3,
    });
    // few consolidations, so that an even draw is another than that of the set
    const rows = drawn.rows.filter(({ label, index }) => label !== 'consolidation' || index < 12);
    const lines = ['file,label,patient,split'];
    for (const row of rows) {
      const pixels = await drawn.pixels(row, { size });
      const name = `${row.index}.png`;
      await sharp(pixels, { raw: { width: size, height: size, channels: 1 } }).toFile(join(folder, name));
      lines.push([name, row.label, row.patient, row.index % 4 ? 'train' : 'val'].join());
    }
    for (const name of ['broken.png', 'last.png']) await writeFile(join(folder, name), 'no picture');
    lines.push('broken.png,consolidation,nobody,train', 'last.png,normal,somebody,val');
    await writeFile(join(folder, 'manifest.csv'), lines.join('\n'));
    films = await data.open(join(folder, 'manifest.csv'), { classes: [...classes] });
  });
  after(() => rm(folder, { recursive: true }));

  const settings = (workers: number) => ({
    train: films.split('train'),
    val: films.split('val'),
    ...{ epochs: 3, batch: 8, learningRate: 3e-4, seed: 5, display: 'quiet' as const },
    ...{ augment: [data.augment.rotate(10), data.augment.flip()], workers, cache: 0 },
    ...{ mixup: 0.3, cutmix: 1, sampler: 'balanced' as const, onError: 'skip' as const },
  });
  const fitted = async (workers: number): Promise<train.History> => {
    const model = await create();
    try {
      return await train.fit(model, settings(workers));
    } finally {
      model.dispose();
    }
  };

  it('trains on the others, tells of each broken one once, and has the same losses with 0, 1 and 2 threads', async () => {
    const [own, one, two] = [await fitted(0), await fitted(1), await fitted(2)];
    assert.deepEqual(own.epochs, [1, 2, 3]);
    assert.ok(
      own.train.loss.every((loss) => loss > 0 && Number.isFinite(loss)),
      String(own.train.loss),
    );
    assert.deepEqual(one.train, own.train);
    assert.deepEqual(two.train, own.train);
    assert.deepEqual(two.val, own.val);
    for (const { skipped } of [own, one, two]) {
      assert.deepEqual(skipped.map(({ row }) => row.name).sort(), ['broken.png', 'last.png']);
      for (const { row, reason } of skipped)
        assert.ok(reason.includes(`${row.name} can't be decoded`), reason);
    }
  });

  it('judges the others, and tells of those that were left out', async () => {
    const model = await create();
    const val = films.split('val');
    const { rows, skipped } = await train.predict(model, val, { onError: 'skip', batch: 1 });
    model.dispose();
    assert.equal(rows.length, val.length - 1);
    assert.deepEqual(
      skipped.map(({ row }) => row.name),
      ['last.png'],
    );
  });

  it('learns from shares of two classes, of which each comes as often as the others', async () => {
    const { train: set, seed, batch, mixup, cutmix, sampler, onError, augment } = settings(0);
    const options = { size, seed, batch, mixup, cutmix, sampler, onError, augment, workers: 0 };
    const drawn = new Map<string, number>(classes.map((name) => [name, 0]));
    let mixed = 0;
    for (let epoch = 1; epoch <= 30; epoch++)
      for await (const b of data.batches(set, { ...options, epoch })) {
        const labels = labelsOf(b, 3);
        const shares = (await labels.array()).map((row) => row.filter((v) => v > 0));
        labels.dispose();
        for (const row of shares) assert.ok(Math.abs(row.reduce((a, v) => a + v, 0) - 1) < 1e-6);
        mixed += shares.filter((row) => row.length === 2).length;
        assert.ok(shares.every((row) => row.length <= 2));
        for (const { label, name } of b.rows) {
          assert.notEqual(name, 'broken.png');
          drawn.set(label, drawn.get(label)! + 1);
        }
      }
    const n = [...drawn.values()].reduce((a, v) => a + v, 0);
    const [normal, consolidation] = classes.map((name) => drawn.get(name)! / n);
    // a share of the consolidations drawn is the broken one, which is left out: one of `held`
    const held = set.counts().consolidation;
    const left = (1 / 3) * (1 - 1 / held);
    const wanted = left / (left + 2 / 3);
    assert.ok(Math.abs(consolidation - wanted) < 0.06, `${consolidation} in place of ${wanted}`);
    assert.ok(Math.abs(normal - 1 / 3 / (left + 2 / 3)) < 0.06, String(normal));
    assert.ok(mixed > 0.3 * n, `${mixed} of ${n}`);
  });
});

describe('train.fit with batches of one film', function () {
  this.timeout(60_000);
  it('trains on each', async () => {
    const films = data.phantom({ patients: 12, filmsPerPatient: [1, 1], size, seed: 4 });
    const model = await create();
    const [set, val] = [films.split('train'), films.split('val')];
    const history = await train.fit(model, { train: set, val, batch: 1, epochs: 1, display: 'quiet' });
    model.dispose();
    assert.ok(history.train.loss[0] > 0, String(history.train.loss));
  });
});

describe('train.fit that can not begin', function () {
  this.timeout(240_000);
  const films = data.phantom({ patients: 180, filmsPerPatient: [2, 2], size: 224, seed: 3 });
  const parts = {
    train: films.filter(({ split }) => split !== 'val'),
    val: films.split('val').sample({ n: 8 }),
  };
  const fit = {
    ...parts,
    batch: parts.train.length,
    epochs: 1,
    workers: 1,
    cache: 0,
    seed: 5,
    display: 'quiet' as const,
  };
  const key = Symbol.for('cellgrad.cell');
  let open = 0;
  before(() => {
    const cooperate = (): (() => void) => {
      open++;
      return () => open--;
    };
    Object.assign(globalThis, { [key]: { signal: new AbortController().signal, cooperate } });
  });
  after(() => delete (globalThis as Record<symbol, unknown>)[key]);

  /** Until no thread has anything to do; in ms. */
  const untilIdle = async (): Promise<number> => {
    const start = performance.now();
    while (process.getActiveResourcesInfo().includes('MessagePort'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    return performance.now() - start;
  };

  it('ends the work of its threads, lets the cell go on, and keeps no tensor', async () => {
    const model = await create();
    const others = data.phantom({ patients: 150, filmsPerPatient: [2, 2], size: 224, seed: 4 });
    const iterator = data.batches(others, { size, batch: fit.batch, workers: 1, cache: 0, prefetch: 0 });
    const begun = performance.now();
    await iterator.next();
    const aBatch = performance.now() - begun;
    await iterator.return();
    await untilIdle();
    const tensors = tf.memory().numTensors;
    await assert.rejects(
      train.fit(model, { ...fit, stageRates: () => -1 }),
      /stageRates gives -1 for stage \d of \d/,
    );
    assert.equal(open, 0);
    assert.equal(tf.memory().numTensors, tensors);
    const idle = await untilIdle();
    assert.ok(idle < aBatch / 2, `the threads went on for ${idle} ms; a batch takes ${aBatch} ms`);
    model.dispose();
  });

  it('where films do not fit the input, or weights the classes', async () => {
    const model = await create([size, 2 * size]);
    await assert.rejects(train.fit(model, fit), /Films are square here; resnet18 was created for 32 × 64/);
    model.dispose();
    const other = await create();
    await assert.rejects(train.fit(other, { ...fit, classWeights: [1, 2] }), /classWeights has 2 values/);
    other.dispose();
    assert.equal(open, 0);
    await untilIdle();
  });

  it('and the next one trains as if nothing had been', async () => {
    const small = { ...fit, train: fit.train.sample({ n: 32 }), batch: 16 };
    const losses = async (fails: boolean): Promise<number[]> => {
      const model = await create();
      if (fails) await assert.rejects(train.fit(model, { ...small, stageRates: () => NaN }));
      const { train: figures } = await train.fit(model, small);
      model.dispose();
      return figures.loss;
    };
    assert.deepEqual(await losses(true), await losses(false));
    assert.equal(open, 0);
  });
});
