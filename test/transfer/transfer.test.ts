// Sweeps over degrees of fine-tuning, and twice transfer.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { data, models, tf, train, transfer } from '../../src/index.js';

const SIZE = 32;
const films = data.phantom({ patients: 12, filmsPerPatient: [1, 1], seed: 3, size: SIZE });
const parts = { train: films.split('train'), val: films.split('val') };
const quiet = { display: 'quiet' as const, epochs: 1, batch: 16 };
const create = (seed = 1, classes: readonly string[] = films.classes): Promise<models.Classifier> =>
  models.create('squeezenet1_1', { classes, inputShape: [SIZE, SIZE], channels: 1, seed });

describe('transfer.sweep', function () {
  this.timeout(600_000);
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'cellgrad-sweep-'))));
  after(() => rm(folder, { recursive: true }));

  it('trains each degree with each seed; the table has mean and spread; a second call goes on after the first', async () => {
    const file = join(folder, 'sweep.json');
    const options = { ...parts, ...quiet, degrees: ['head', 'all'], seeds: [1, 2], file };
    const controller = new AbortController();
    const tensors = tf.memory().numTensors;
    const interrupted = transfer.sweep(create, {
      ...options,
      signal: controller.signal,
      onRun: (_, { runs }) => runs.length === 3 && controller.abort(),
    });
    await assert.rejects(interrupted, { name: 'AbortError' });
    let made = 0;
    const sweep = await transfer.sweep((seed) => (made++, create(seed)), options);
    assert.equal(made, 1);
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(
      sweep.runs.map(({ degree, seed }) => [degree, seed]),
      [
        ['head', 1],
        ['head', 2],
        ['all', 1],
        ['all', 2],
      ],
    );
    const [head, all] = sweep.summary();
    assert.ok(head.learning < all.learning);
    const [a, b] = sweep.runs.map(({ loss }) => loss);
    assert.ok(Math.abs(head.loss.mean - (a + b) / 2) < 1e-12);
    assert.ok(Math.abs(head.loss.sd - Math.abs(a - b) / Math.SQRT2) < 1e-12);
    const shown = (sweep as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    assert.match(shown['text/plain'], /^learns +runs +tensors +accuracy .*\nhead +2 .* ± /);
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as { runs: object[] }).runs.length, 4);
    await assert.rejects(
      transfer.sweep(create, { ...options, learningRate: 1e-4 }),
      /holds trainings with other settings/,
    );
    await writeFile(file, 'no');
    await assert.rejects(transfer.sweep(create, options), /sweep\.json is no file of a sweep/);
    await assert.rejects(transfer.sweep(create, { ...options, degrees: [] }), /at least one degree/);
  });

  it('one training is what unfreeze and fit give', async () => {
    const { runs } = await transfer.sweep(create, { ...parts, ...quiet, degrees: ['half'], seeds: [4] });
    const model = await create(4);
    transfer.unfreeze(model, 'half');
    const { val } = await train.fit(model, { ...parts, ...quiet, seed: 4 });
    assert.ok(Math.abs(runs[0].loss - val.loss[0]) < 1e-6);
    model.dispose();
  });
});

describe('transfer.twice', function () {
  this.timeout(600_000);
  const first = data
    .phantom({
      patients: 16,
      filmsPerPatient: [1, 1],
      seed: 5,
      size: SIZE,
      classes: ['normal', 'nodules', 'effusion'],
    })
    .mapLabels({ normal: 'No Finding', nodules: 'Mass', effusion: 'Effusion' });
  const intermediate = { train: first.split('train'), val: first.split('val'), ...quiet };
  const target = { ...parts, ...quiet };

  it('trains on both; kept neurons go into the target as they were, the others anew', async () => {
    const model = await create(1, ['x', 'y']);
    let before!: models.StateDict;
    const { setHead } = model;
    model.setHead = (...given) => {
      before = model.stateDict();
      setHead.apply(model, given);
    };
    const twice = await transfer.twice(model, {
      intermediate,
      // nothing learns: what the head is at the start stays to be looked at
      target: { ...target, optimizer: 'sgd', learningRate: 1e-30 },
      keep: { normal: 'No Finding' },
      seed: 2,
    });
    const after = model.stateDict();
    assert.deepEqual(model.classes, [...films.classes]);
    const row = (state: models.StateDict, unit: number): number[] => [
      ...state.get('classifier.1.weight')!.data.subarray(unit * 512, (unit + 1) * 512),
    ];
    assert.deepEqual(
      row(after, films.classes.indexOf('normal')),
      row(before, first.classes.indexOf('No Finding')),
    );
    assert.equal(
      after.get('classifier.1.bias')!.data[films.classes.indexOf('normal')],
      before.get('classifier.1.bias')!.data[0],
    );
    const fresh = transfer.replaceHead(await create(1, first.classes), films.classes, { seed: 2 });
    for (const unit of [1, 2]) assert.deepEqual(row(after, unit), row(fresh.stateDict(), unit));
    assert.deepEqual([twice.intermediate.epochs, twice.target.epochs], [[1], [1]]);
    assert.ok(Math.abs(twice.start.loss - twice.target.val.loss[0]) < 1e-5);
    model.dispose();
    fresh.dispose();
  });

  it('a class to keep that is not there is refused before the long training', async () => {
    const model = await create(1, ['x', 'y']);
    await assert.rejects(
      transfer.twice(model, { intermediate, target, keep: { normal: 'Normal' } }),
      /keep names "Normal", which is none of the old classes; nearest: /,
    );
    assert.deepEqual(model.classes, ['x', 'y']);
    model.dispose();
  });
});
