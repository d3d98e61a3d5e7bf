// Training on a few phantoms: what is kept, what is written, and what remains after it went wrong.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { data, models, tf, train } from '../../src/index.js';
import type { TrainError } from '../../src/train/index.js';

const SIZE = 32;
const films = data.phantom({ patients: 36, filmsPerPatient: [2, 2], seed: 3, size: SIZE });
const parts = { train: films.split('train'), val: films.split('val') };
const quiet = { ...parts, batch: 16, display: 'quiet' as const, seed: 5 };
const create = (seed = 1): Promise<models.Classifier> =>
  models.create('resnet18', { classes: films.classes, inputShape: [SIZE, SIZE], channels: 1, seed });

const sameState = (a: models.StateDict, b: models.StateDict): boolean =>
  [...a].every(([name, { data }]) => Buffer.from(data.buffer).equals(Buffer.from(b.get(name)!.data.buffer)));

const rejection = async (promise: Promise<unknown>): Promise<TrainError> => {
  try {
    await promise;
  } catch (error) {
    return error as TrainError;
  }
  throw new Error('nothing was thrown');
};

describe('train.fit', function () {
  this.timeout(120_000);
  let folder: string;
  let model: models.Classifier;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'cellgrad-train-'))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(async () => (model = await create()));
  afterEach(() => model.dispose());

  it('lowers the loss; the same seed gives the same history', async () => {
    const settings = { ...quiet, epochs: 6, learningRate: 3e-4 };
    const first = await train.fit(model, settings);
    assert.ok(first.train.loss[5] < 0.7 * first.train.loss[0], `losses ${first.train.loss.join(', ')}`);
    const twin = await create();
    const second = await train.fit(twin, settings);
    twin.dispose();
    assert.deepEqual(second.train, first.train);
    assert.deepEqual(second.val, first.val);
  });

  it('ends with the best epoch in the model and in the checkpoint', async () => {
    const checkpoint = join(folder, 'best.safetensors');
    const history = await train.fit(model, { ...quiet, epochs: 5, monitor: 'loss', checkpoint });
    const best = history.val.loss.indexOf(Math.min(...history.val.loss));
    assert.equal(history.best, best + 1);
    const { loss } = await train.evaluate(model, parts.val);
    assert.ok(Math.abs(loss - history.val.loss[best]) < 1e-6, `${loss} is not ${history.val.loss[best]}`);
    const loaded = await models.load(checkpoint);
    assert.ok(sameState(loaded.stateDict(), model.stateDict()));
    loaded.dispose();
    assert.deepEqual(await readdir(folder), ['best.safetensors'], 'no temporary file stays');
  });

  it('stops early after epochs without a better one', async () => {
    // steps of no size: no epoch after the first is better
    const history = await train.fit(model, {
      ...quiet,
      epochs: 9,
      optimizer: 'sgd',
      learningRate: 1e-30,
      monitor: 'accuracy',
      earlyStopping: { patience: 2 },
    });
    assert.equal(history.stopped, 'early');
    assert.equal(history.epochs.length, history.best! + 2);
  });

  it('leaves frozen parts as they were, the statistics of their batch norms too', async () => {
    models.freeze(model, 'all');
    const start = model.stateDict();
    await train.fit(model, { ...quiet, epochs: 1 });
    const changed = [...model.stateDict()].filter(([n, t]) => !sameState(new Map([[n, t]]), start));
    assert.deepEqual(
      changed.map(([name]) => name),
      ['fc.weight', 'fc.bias'],
    );
  });

  it('a loss that is no number: says where and what to do, and the model is as before', async () => {
    const start = model.stateDict();
    Object.assign(model.preprocessing, { std: [1e-45] });
    const error = await rejection(train.fit(model, { ...quiet, epochs: 1 }));
    assert.equal(error.code, 'nan');
    assert.match(
      error.message,
      /The loss is NaN in epoch 1, step 1 of \d+ .* Try a tenth of the learning rate/,
    );
    assert.ok(sameState(model.stateDict(), start));
  });

  it('an interrupt keeps the best state, in the model and on disk; the model stays usable', async () => {
    const checkpoint = join(folder, 'interrupted.safetensors');
    const controller = new AbortController();
    let epochs = 0;
    const running = train.fit(model, {
      ...quiet,
      epochs: 50,
      checkpoint,
      signal: controller.signal,
      onEpoch: () => ++epochs === 2 && setTimeout(() => controller.abort(), 5),
    });
    const error = await rejection(running);
    assert.equal(error.code, 'interrupted');
    assert.match(
      error.message,
      /interrupted in epoch 3: the model holds the state of epoch [12] \(macroF1 0\.\d{4}\)/,
    );
    const kept = await models.load(checkpoint);
    assert.ok(sameState(kept.stateDict(), model.stateDict()));
    kept.dispose();
    await train.fit(model, { ...quiet, epochs: 1 });
  });

  it("takes the cell's interrupt where it runs in a notebook", async () => {
    const controller = new AbortController();
    let released = false;
    const cell = { signal: controller.signal, cooperate: () => () => (released = true) };
    const key = Symbol.for('cellgrad.cell');
    (globalThis as Record<symbol, unknown>)[key] = cell;
    try {
      const error = await rejection(
        train.fit(model, { ...quiet, epochs: 50, onEpoch: () => controller.abort() }),
      );
      assert.equal(error.code, 'interrupted');
      assert.ok(released);
    } finally {
      delete (globalThis as Record<symbol, unknown>)[key];
    }
  });

  it('keeps the number of tensors over 200 steps', async () => {
    const counts: number[] = [];
    await train.fit(model, {
      ...quiet,
      train: parts.train.sample({ n: 8 }),
      val: parts.val.sample({ n: 4 }),
      batch: 4,
      epochs: 100,
      onEpoch: () => counts.push(tf.memory().numTensors),
    });
    assert.equal(counts.length, 100);
    assert.equal(counts[99], counts[1]);
  });

  it('learns from one film, and skips a last batch of one', async () => {
    await train.fit(model, { ...quiet, train: parts.train.sample({ n: 1 }), epochs: 1 });
    await train.fit(model, { ...quiet, train: parts.train.sample({ n: 17 }), epochs: 1 });
  });

  it('judges a single film', async () => {
    const { report } = await train.evaluate(model, parts.val.sample({ n: 1 }));
    assert.ok(report.accuracy === 0 || report.accuracy === 1);
  });
});

describe('train.fit refuses', function () {
  this.timeout(60_000);
  let model: models.Classifier;
  before(async () => (model = await create()));
  after(() => model.dispose());
  const wrong: Record<string, [object, RegExp]> = {
    'no films': [{ train: parts.train.filter(() => false) }, /The train set has no films/],
    'other classes': [
      { val: parts.val.mapLabels({ normal: 'healthy' }) },
      /The classes of resnet18 \(.*\) are not those of phantom \(healthy\)\. Create the model with classes/,
    ],
    'epochs: 0': [{ epochs: 0 }, /epochs is 0; it must be a whole number from 1 on/],
    'half a batch': [{ batch: 0.5 }, /batch is 0\.5/],
    'a learning rate below 0': [{ learningRate: -1 }, /learningRate is -1; it must be above 0/],
    'an unknown optimizer': [{ optimizer: 'adma' }, /optimizer is "adma"; it must be adam, adamw or sgd/],
    'an unknown monitor': [{ monitor: 'f1' }, /monitor is "f1"/],
    'two weights for three classes': [{ classWeights: [1, 2] }, /classWeights has 2 values/],
  };
  for (const [name, [options, message]] of Object.entries(wrong))
    it(name, async () =>
      assert.match((await rejection(train.fit(model, { ...quiet, ...options }))).message, message),
    );

  it('a checkpoint where no file can be, before it trains', async () => {
    const checkpoint = join(process.execPath, 'best.safetensors');
    const { message } = await rejection(train.fit(model, { ...quiet, checkpoint }));
    assert.equal(message, `${checkpoint} can't be written: a part of the path is a file, not a folder.`);
  });

  it('a model that is frozen as a whole', async () => {
    models.freeze(model, model.head);
    const { message } = await rejection(train.fit(model, quiet));
    assert.match(message, /All of resnet18 is frozen; unfreeze a part of it first/);
  });
});

describe('train.writePredictions', function () {
  this.timeout(60_000);
  it('writes a row a film, quoting what needs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cellgrad-predictions-'));
    const path = join(folder, 'predictions.csv');
    const rows = parts.val.rows.slice(0, 2).map((row, i) => ({ ...row, name: i ? undefined : 'a,"b".png' }));
    const scores = [Float32Array.of(0.25, 0.5, 0.25), Float32Array.of(1, 0, 0)];
    await train.writePredictions(path, { rows, scores, truth: [1, 0] }, ['a', 'b', 'c']);
    const [head, first] = (await readFile(path, 'utf8')).split('\n');
    assert.equal(head, 'file,patient,truth,prediction,p(a),p(b),p(c)');
    assert.equal(first, `"a,""b"".png",${rows[0].patient},b,b,0.250000,0.500000,0.250000`);
    await rm(folder, { recursive: true });
  });
});
