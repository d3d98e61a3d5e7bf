// Sweeps over degrees of fine-tuning, and twice transfer.

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { data, models, tf, train, transfer } from '../../src/index.js';
import { imageFolder } from '../data/folder.js';

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
    let trained = 0;
    const sweep = await transfer.sweep(create, { ...options, onRun: () => trained++ });
    assert.equal(trained, 1);
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
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as { sweep: object[] }).sweep.length, 4);
    await writeFile(file, 'no');
    await assert.rejects(transfer.sweep(create, options), /sweep\.json is no file of a sweep/);
    for (const other of ['{"runs": []}', '{"sweep": [null]}']) {
      await writeFile(file, other);
      await assert.rejects(
        transfer.sweep(create, options),
        /it lists no trainings\. Name another file, or remove/,
      );
    }
    await assert.rejects(transfer.sweep(create, { ...options, degrees: [] }), /at least one degree/);
  });

  describe('of a file', () => {
    let file: string;
    beforeEach(async () => {
      file = join(folder, 'one.json');
      await rm(file, { force: true });
    });
    const one = { ...parts, ...quiet, degrees: ['head'], seeds: [1] };
    /** How many trainings it takes, and what is said meanwhile. */
    async function trained(
      options: Partial<transfer.SweepOptions>,
      make: Parameters<typeof transfer.sweep>[0] = create,
    ): Promise<[number, string]> {
      let runs = 0;
      let said = '';
      const { write } = process.stderr;
      process.stderr.write = ((text: string) => Boolean((said += text))) as typeof write;
      try {
        const onRun = (): number => runs++;
        await transfer.sweep(make, { ...one, file, display: 'lines', ...options, onRun });
      } finally {
        process.stderr.write = write;
      }
      return [runs, said.split('\n').find((line) => line.includes('anew')) ?? ''];
    }
    const says = (what: string): string =>
      `${file} holds a training of ${what}, done anew here and kept in the file.`;

    it('trainings of other options, films or networks are not taken, and it says so; its own are, whatever came between', async () => {
      const flips = { augment: [data.augment.flip({ p: 0.5 })], classWeights: [1, 2, 1] };
      assert.deepEqual(await trained(flips), [1, '']);
      const turned = { ...flips, augment: [{ axis: 'horizontal', p: 0.5, op: 'flip' }] };
      assert.deepEqual(await trained({ ...turned, workers: 0, checkpointing: true }), [0, '']);
      assert.deepEqual(await trained({ ...flips, batch: 8 }), [1, says('other options')]);
      assert.deepEqual(await trained({ ...flips, test: parts.val }), [1, says('other test films')]);
      assert.deepEqual(
        await trained(flips, async (seed) => {
          const model = await create(seed);
          const state = model.stateDict();
          state.get('features.0.weight')!.data[5] += 1e-3;
          model.loadState(state);
          return model;
        }),
        [1, says('another network')],
      );
      const darker = async (seed: number): Promise<models.Classifier> => {
        const model = await create(seed);
        model.preprocessing.mean = [0.1];
        return model;
      };
      assert.deepEqual(await trained(flips, darker), [1, says('another network')]);
      for (const again of [flips, { ...flips, batch: 8 }]) assert.deepEqual(await trained(again), [0, '']);
      assert.deepEqual(await trained(flips, darker), [0, '']);
    });

    it('films of the same names and number are others where their rows, files or pixels differ', async () => {
      const other = data.phantom({ patients: 12, filmsPerPatient: [1, 1], seed: 3, size: SIZE, severity: 1 });
      assert.deepEqual(await trained({}), [1, '']);
      assert.deepEqual(await trained({ train: other.split('train') }), [1, says('other training films')]);
      const [first, ...rest] = parts.val.rows;
      const label = films.classes.find((name) => name !== first.label)!;
      const val = new data.Dataset('phantom', films.classes, [{ ...first, label }, ...rest], films.source);
      assert.deepEqual(await trained({ val }), [1, says('other validation films')]);

      // pictures of a source that can't say what they depend on
      const brighter = (by: number): data.Dataset => {
        const source: data.PixelSource = {
          pixels: async (row, options) => (await films.source.pixels(row, options)).map((v) => v + by),
        };
        return new data.Dataset('phantom', films.classes, parts.val.rows, source);
      };
      assert.equal((await trained({ val: brighter(1) }))[0], 1);
      assert.deepEqual(await trained({ val: brighter(1) }), [0, '']);
      assert.deepEqual(await trained({ val: brighter(2) }), [1, says('other validation films')]);

      await rm(file);
      const images = await imageFolder();
      const ofFiles = async (): Promise<[number, string]> => {
        const set = await data.open(images.manifest());
        return trained({ train: set.split('train'), val: set.split('val') }, (seed) =>
          create(seed, set.classes),
        );
      };
      assert.deepEqual(await ofFiles(), [1, '']);
      assert.deepEqual(await ofFiles(), [0, '']);
      await copyFile(images.path('a.png'), images.path('e.png'));
      assert.deepEqual(await ofFiles(), [1, says('other validation films')]);
      images.remove();
    });
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
