// Features of a network, and what is learnt from them.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { data, models, tf, train, transfer } from '../../src/index.js';

const SIZE = 32;
const films = data.phantom({ patients: 24, filmsPerPatient: [1, 1], seed: 3, size: SIZE });
const parts = { train: films.split('train'), val: films.split('val'), test: films.split('test') };
const quiet = { display: 'quiet' as const };

describe('features of a data set', function () {
  this.timeout(600_000);
  let model: models.Classifier;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cellgrad-features-'));
    model = await models.create('resnet18', { classes: 3, inputShape: [SIZE, SIZE], channels: 1, seed: 1 });
  });
  beforeEach(() => transfer.clearFeatures());
  after(async () => {
    model.dispose();
    await rm(folder, { recursive: true });
  });

  it('are what the head is given; the mean or maximum over places; all places', async () => {
    const x = await train.inputs(model, parts.val);
    const { taps } = model.tap(x, ['avgpool', model.stages[2]]);
    const tensors = tf.memory().numTensors;
    const own = await transfer.features(model, parts.val, { ...quiet, batch: 2 });
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(own.shape, [parts.val.length, 512]);
    const same = (got: Float32Array, want: tfjs.Tensor): void =>
      want
        .dataSync()
        .forEach((v, i) =>
          assert.ok(Math.abs(got[i] - v) <= 1e-4 * Math.max(1, Math.abs(v)), `${got[i]} is not ${v}`),
        );
    same(own.x, taps[0]);
    assert.deepEqual(own.truth, [...parts.val.labels()]);
    const most = await transfer.features(model, parts.val, { ...quiet, layer: 2, pool: 'max' });
    tf.tidy(() => same(most.x, tf.max(taps[1], [1, 2])));
    const all = await transfer.features(model, parts.val, { ...quiet, layer: model.stages[2], pool: 'none' });
    same(all.x, taps[1]);
    tf.dispose([x, ...taps]);
  });

  it('are computed once for the same weights and films, and kept in a folder', async () => {
    const asked = { ...quiet, folder };
    const first = await transfer.features(model, parts.val, asked);
    assert.equal((await transfer.features(model, parts.val, asked)).x, first.x);
    transfer.replaceHead(model, ['a', 'b'], { seed: 9 });
    assert.equal((await transfer.features(model, parts.val, asked)).x, first.x, 'the head does not count');
    transfer.clearFeatures();
    const { run } = model;
    model.run = () => assert.fail('it computes');
    const read = await transfer.features(model, parts.val, asked);
    assert.deepEqual([read.x, read.truth, read.shape], [first.x, first.truth, first.shape]);
    model.run = run;
    assert.equal((await readdir(folder)).length, 1);
    const bias = model.parameters().get('bn1.bias')!.variable;
    const before = tf.clone(bias.read());
    tf.tidy(() => void bias.write(tf.add(before, 0.1)));
    assert.notDeepEqual((await transfer.features(model, parts.val, asked)).x, first.x, 'other weights');
    bias.write(before);
    before.dispose();
    assert.notDeepEqual((await transfer.features(model, parts.test, asked)).rows, first.rows, 'other films');

    // merged sets in the folder too; those of a source that can't say what its pictures depend on in memory alone
    const kept = (await readdir(folder)).length;
    const merged = data.merge([parts.val, data.phantom({ patients: 4, seed: 8, size: SIZE })]);
    await transfer.features(model, merged, asked);
    assert.equal((await readdir(folder)).length, kept + 1);
    const source = { pixels: films.source.pixels.bind(films.source) };
    const own = new data.Dataset('own', films.classes, parts.val.rows, source);
    const { x } = await transfer.features(model, own, asked);
    assert.equal((await transfer.features(model, own, asked)).x, x);
    assert.equal((await readdir(folder)).length, kept + 1);
  });

  it('a probe chooses its penalty and can be the head: the model then says what it says', async () => {
    const probe = await transfer.linearProbe(model, { ...parts, ...quiet, l2: [1, 0.01] });
    assert.deepEqual(
      probe.choices.map(({ l2 }) => l2),
      [1, 0.01],
    );
    assert.ok([1, 0.01].includes(probe.best.l2));
    assert.equal(probe.rows.length, parts.test.length);
    const shown = (probe as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    assert.match(shown['text/plain'], /^L2 +accuracy +macro F1 +AUC +loss\n1 /);
    probe.install(model);
    const { scores, report } = await train.evaluate(model, parts.test);
    scores.forEach((row, i) =>
      row.forEach((v, c) =>
        assert.ok(Math.abs(v - probe.scores[i][c]) < 1e-4, `${v} is not ${probe.scores[i][c]}`),
      ),
    );
    assert.deepEqual(report.confusion, probe.report.confusion);
  });

  it('a probe’s head gives a feature that hardly varies no large weight', async () => {
    const other = await models.create('resnet18', {
      ...{ classes: 3, inputShape: [SIZE, SIZE], channels: 1, head: [16], seed: 1 },
    });
    const before = await transfer.features(other, parts.train, quiet);
    const varied = before.x.subarray(0, 16).findIndex((v) => v > 0); // behind a ReLU
    for (const name of ['fc.0.weight', 'fc.0.bias'])
      tf.tidy(() => {
        const { variable } = other.parameters().get(name)!;
        const times = tf.where(tf.equal(tf.range(0, 16), varied), tf.scalar(1e-4), tf.scalar(1));
        variable.write(tf.mul(variable.read(), times));
      });
    const probe = await transfer.linearProbe(other, { ...parts, ...quiet, l2: [0.01] });
    probe.install(other);
    const { data, shape } = other.stateDict().get(`${other.head}.weight`)!;
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    for (let unit = 0; unit < shape[0]; unit++)
      assert.ok(Math.abs(data[unit * shape[1] + varied]) < largest / 10, `class ${unit}`);
    other.dispose();
  });

  for (const metric of ['cosine', 'euclidean'] as const)
    it(`neighbours by ${metric} distance are those found one by one`, async () => {
      const found = await transfer.knn(model, { ...parts, ...quiet, metric, k: [3] });
      const [known, asked] = [
        await transfer.features(model, parts.train, quiet),
        await transfer.features(model, parts.test, quiet),
      ];
      const row = ({ x, shape }: transfer.Features, i: number): number[] => {
        const v = [...x.subarray(i * shape[1], (i + 1) * shape[1])];
        const norm = metric === 'cosine' ? Math.hypot(...v) : 1;
        return v.map((a) => a / norm);
      };
      asked.rows.forEach((_, i) => {
        const own = row(asked, i);
        const distances = known.rows.map((_, k) => Math.hypot(...row(known, k).map((v, j) => v - own[j])));
        const near = distances
          .map((d, k) => [d, known.truth[k]])
          .sort((a, b) => a[0] - b[0])
          .slice(0, 3);
        const want = films.classes.map((_, c) => near.filter(([, label]) => label === c).length / 3);
        found.scores[i].forEach((v, c) => assert.ok(Math.abs(v - want[c]) < 1e-6));
      });
    });

  it('what cannot be is refused', async () => {
    const refused = (promise: Promise<unknown>, words: RegExp): Promise<void> =>
      assert.rejects(promise, words);
    await refused(
      transfer.features(model, parts.val, { pool: 'sum' as never }),
      /pool is "sum"; it must be mean, max, none/,
    );
    await refused(
      transfer.features(model, parts.val, { layer: 9 }),
      /layer is 9; resnet18 has stages from 0 to 4/,
    );
    await refused(
      transfer.features(
        model,
        parts.val.filter(() => false),
      ),
      /has no films/,
    );
    await refused(transfer.linearProbe(model, { ...parts, l2: [-1] }), /l2 is \[-1\]/);
    await refused(transfer.knn(model, { ...parts, k: [0] }), /k is \[0\]/);
    await refused(transfer.knn(model, { ...parts, ...quiet, k: [1000] }), /only \d+ training films/);
    await refused(transfer.knn(model, { ...parts, metric: 'l1' as never }), /metric is "l1"/);
    await refused(
      transfer.linearProbe(model, { ...parts, ...quiet, val: parts.val.mapLabels({ normal: 'healthy' }) }),
      /The classes of phantom/,
    );
  });
});
