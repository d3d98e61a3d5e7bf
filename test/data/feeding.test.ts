import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { data } from '../../src/index.js';
import { imageFolder, says, type Folder } from './folder.js';

const { augment } = data;
const count = 60;

async function all(set: data.Dataset, options: Partial<data.BatchOptions> = {}): Promise<data.Batch[]> {
  const out: data.Batch[] = [];
  for await (const batch of data.batches(set, { size: 24, batch: 16, cache: 0, ...options })) out.push(batch);
  return out;
}
const values = (list: data.Batch[]): number[] => list.flatMap((b) => [...b.x]);
const indices = (list: data.Batch[]): number[] => list.flatMap((b) => b.rows.map((row) => row.index));

describe('feeding', function () {
  this.timeout(120_000);
  let folder: Folder;
  let set: data.Dataset;
  before(async () => {
    folder = await imageFolder();
    const lines = ['file,label,patient,split'];
    for (let i = 0; i < count; i++) {
      const pixels = Buffer.from(
        Uint8Array.from({ length: 40 * 30 * 3 }, (_, k) => (k * 7 + i * 40 + (k % 3) * 20) % 256),
      );
      const picture = sharp(pixels, { raw: { width: 40, height: 30, channels: 3 } });
      const name = `n${i}.${i % 2 ? 'jpg' : 'png'}`;
      await (i % 2 ? picture.jpeg() : picture.png()).toFile(folder.path(name));
      lines.push(`${name},${i % 4 ? 'normal' : 'covid'},p${i},train`);
    }
    set = await data.open(folder.manifest(lines));
  });
  after(() => folder.remove());

  const everything = (): Partial<data.BatchOptions> => ({
    channels: 3,
    shuffle: true,
    seed: 3,
    augment: [
      augment.crop({ scale: [0.4, 1] }),
      augment.flip(),
      augment.affine({ degrees: 20, translate: 0.1, scale: [0.9, 1.1], shear: 5 }),
      augment.elastic({ p: 0.3, sigma: 3 }),
      augment.noise(0.05),
      augment.contrast(0.2),
      augment.blur({ p: 0.5 }),
      augment.erasing(),
    ],
  });

  it('gives the same batches whatever the number of workers and what is cached', async () => {
    const own = await all(set, { ...everything(), workers: 0 });
    assert.equal(own.length, 4);
    for (const workers of [1, 2, 3]) {
      const other = await all(set, { ...everything(), workers });
      assert.deepEqual(indices(other), indices(own));
      assert.deepEqual(values(other), values(own), `${workers} workers`);
    }
    const cached = { ...everything(), cache: 1e8, workers: 2 };
    assert.deepEqual(values(await all(set, cached)), values(own));
    assert.deepEqual(values(await all(set, cached)), values(own), 'from the cache');
    assert.deepEqual(values(await all(set, { ...cached, reuse: false, prefetch: 0 })), values(own));
    assert.notDeepEqual(values(await all(set, { ...cached, epoch: 1 })), values(own));
    data.clearCache(set);
  });

  it('gives what a network on one thread would see: Resize, CenterCrop, mean and deviation', async () => {
    const options = { resize: 28, size: 24, channels: 3 as const };
    const [batch] = await all(set, { ...options, workers: 2, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] });
    const want = await data.loadImage(set.rows[5].file!, options);
    const area = 24 * 24 * 3;
    want.forEach((v, i) => {
      const c = i % 3;
      const scaled = (v - [0.4, 0.5, 0.6][c]) / [0.2, 0.3, 0.4][c];
      assert.ok(Math.abs(batch.x[5 * area + i] - scaled) < 1e-5);
    });
  });

  it('a source that is no files is augmented in threads too, its masks with it', async () => {
    const films = data.phantom({ patients: 8, filmsPerPatient: [1, 1], size: 32 });
    const options = { size: 32, masks: true, augment: [augment.rotate(30), augment.flip()] };
    const [own] = await all(films, { ...options, workers: 0 });
    const [other] = await all(films, { ...options, workers: 2 });
    assert.deepEqual(other.x, own.x);
    assert.deepEqual(other.masks, own.masks);
    const [plain] = await all(films, { size: 32, masks: true });
    assert.deepEqual(plain.masks!.subarray(0, 1024), films.mask(films.rows[0], { size: 32 }));
    assert.ok(own.masks!.includes(1));
    assert.notDeepEqual(own.masks, plain.masks);
  });

  it('a broken picture in the middle stops it, naming file and line; or is left out and told of', async () => {
    const file = folder.path('broken.jpg');
    writeFileSync(file, 'no picture');
    const lines = [
      'file,label,patient,split',
      ...Array.from(
        { length: 9 },
        (_, i) =>
          `${i === 5 ? 'broken.jpg' : `n${i}.png`.replace(/(\d+)\.png/, (_m, n: string) => `${n}.${Number(n) % 2 ? 'jpg' : 'png'}`)},${i % 2 ? 'a' : 'b'},p${i},train`,
      ),
    ];
    writeFileSync(folder.path('with-broken.csv'), lines.join('\n'));
    const broken = await data.open(folder.path('with-broken.csv'));
    for (const workers of [0, 2]) {
      await assert.rejects(
        all(broken, { workers }),
        says('image', /with-broken\.csv, line 7: .*broken\.jpg can't be decoded/),
      );
      const list = await all(broken, { workers, onError: 'skip', batch: 4 });
      assert.deepEqual(indices(list), [0, 1, 2, 3, 4, 6, 7, 8]);
      assert.deepEqual(
        list.map((b) => b.skipped.length),
        [0, 1, 0],
      );
      assert.match(list[1].skipped[0].reason, /broken\.jpg/);
      const good = await all(set, { workers: 0, batch: 9 });
      assert.deepEqual(
        list[1].x.subarray(24 * 24, 2 * 24 * 24),
        good[0].x.subarray(6 * 24 * 24, 7 * 24 * 24),
        'the rest moves up',
      );
    }
    const [last] = await all(
      broken.filter((row) => row.index >= 3 && row.index <= 5),
      { onError: 'skip', batch: 2 },
    );
    assert.deepEqual([last.n, last.skipped.length], [2, 1], 'nothing after the last batch is lost');
    const none = await data
      .open(folder.path('with-broken.csv'))
      .then((s) => s.filter((row) => row.index === 5));
    await assert.rejects(
      all(none, { onError: 'skip' }),
      says('image', /None of the pictures can be read.*broken\.jpg/),
    );
  });

  it('ends with a sentence where a thread ends, also what waits for it', async () => {
    // a thread holds some pieces of a batch; of so large a batch others wait
    const module = folder.write(
      'ends.mjs',
      'export const make = () => ({ pixels: async ({ index }) => (index === 0 ? process.exit(3) : new Uint8Array(64)) });',
    );
    const source: data.PixelSource = {
      pixels: () => Promise.resolve(new Uint8Array(64)),
      recipe: { module: pathToFileURL(module).href, make: 'make', options: {} },
    };
    const rows = Array.from({ length: 160 }, (_, index) => ({ ...set.rows[0], file: undefined, index }));
    const ends = new data.Dataset('ends', set.classes, rows, source);
    await assert.rejects(
      all(ends, { size: 8, batch: 160, workers: 1 }),
      says('image', /A thread that reads pictures ended \(exit code 3\) over row 0/),
    );
    assert.equal((await all(set, { workers: 1 })).length, 4);
  });

  it('stops at once when it is aborted', async () => {
    const control = new AbortController();
    const source = data.batches(set, {
      size: 400,
      batch: 16,
      cache: 0,
      workers: 2,
      prefetch: 4,
      signal: control.signal,
    });
    await source.next();
    const asked = source.next();
    const start = performance.now();
    control.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
    assert.ok(performance.now() - start < 500);
  });

  it('leaves the process free to end, in the middle of an epoch and after one', async () => {
    const script = join(folder.path('.'), 'script.mjs');
    const build = new URL('../../src/index.js', import.meta.url).href;
    const loop = (rest: string): string =>
      `import { data } from '${build}'; const set = await data.open(${JSON.stringify(folder.path('manifest.csv'))});` +
      `for await (const b of data.batches(set, { size: 64, batch: 4, workers: 2 })) { ${rest} } console.log('ended');`;
    for (const rest of ['break;', '']) {
      writeFileSync(script, loop(rest));
      const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 60_000 });
      assert.equal(stdout, 'ended\n');
    }
  });

  it('keeps its memory over three epochs', async function () {
    const epoch = async (number: number): Promise<number> => {
      for (let i = 0; i < 6; i++)
        for await (const batch of data.batches(set, {
          ...everything(),
          size: 96,
          batch: 16,
          cache: 0,
          epoch: number,
          workers: 2,
          reuse: true,
        }))
          assert.ok(batch.n > 0);
      return process.memoryUsage().rss;
    };
    await epoch(0);
    const after = [await epoch(1), await epoch(2), await epoch(3)];
    assert.ok(after[2] - after[0] < 60e6, `${after.map((v) => Math.round(v / 1e6)).join(', ')} MB`);
  });
});

describe('samplers', () => {
  const rows: data.Row[] = Array.from({ length: 100 }, (_, index) => ({
    index,
    label: index < 90 ? 'common' : 'rare',
    patient: `p${index}`,
    split: 'train',
    source: '',
  }));
  const set = new data.Dataset('rows', ['common', 'rare'], rows, { pixels: async () => new Uint8Array(1) });
  const drawn = async (sampler: data.Sampler, more: Partial<data.BatchOptions> = {}): Promise<number[]> =>
    indices(await all(set, { size: 1, sampler, ...more }));

  it('sequential and shuffled take each row once', async () => {
    assert.deepEqual(
      await drawn('sequential'),
      rows.map((row) => row.index),
    );
    const shuffled = await drawn('shuffle', { seed: 2 });
    assert.deepEqual(shuffled, indices(await all(set, { size: 1, shuffle: true, seed: 2 })));
    assert.deepEqual(
      [...shuffled].sort((a, b) => a - b),
      rows.map((row) => row.index),
    );
  });

  it('balanced takes each class as often', async () => {
    let rare = 0;
    for (let epoch = 0; epoch < 20; epoch++) {
      const got = await drawn('balanced', { epoch });
      assert.equal(got.length, 100);
      rare += got.filter((i) => i >= 90).length;
    }
    assert.ok(rare > 900 && rare < 1100, `${rare} of 2000`);
  });

  it('weighted takes rows in proportion, or none twice', async () => {
    const weights = rows.map((_, i) => (i < 2 ? i + 1 : 0));
    const got = await drawn({ weights, n: 3000 });
    const ones = got.filter((i) => i === 1).length;
    assert.ok(ones > 1900 && ones < 2100, `${ones} of 3000`);
    const once = await drawn({ weights: (row) => (row.index % 2 ? 5 : 1), replacement: false, n: 50 });
    assert.equal(new Set(once).size, 50);
    assert.ok(once.filter((i) => i % 2).length > 32);
    // the first is drawn in proportion
    let first = 0;
    for (let epoch = 0; epoch < 400; epoch++)
      first += Number((await drawn({ weights, replacement: false, n: 1 }, { epoch }))[0] === 1);
    assert.ok(first > 235 && first < 300, `${first} of 400`);
  });

  it('with weights that cannot be are refused', async () => {
    const refuses = (sampler: unknown, part: RegExp): Promise<void> =>
      assert.rejects(drawn(sampler as data.Sampler), says('option', part));
    await refuses('random', /'sequential', 'shuffle', 'balanced' or \{ weights \}; it is "random"/);
    await refuses({ weights: [1, 2] }, /100 numbers from 0 on, one a row; there are 2/);
    await refuses({ weights: rows.map(() => -1) }, /the first wrong one -1/);
    await refuses({ weights: rows.map((_, i) => Number(i < 3)), replacement: false, n: 4 }, /up to 3/);
    await refuses({ weights: rows.map(() => 0) }, /a weight above 0/);
  });
});

describe('MixUp and CutMix', () => {
  const size = 16;
  const rows: data.Row[] = Array.from({ length: 4 }, (_, index) => ({
    index,
    label: ['a', 'b'][index % 2],
    patient: `p${index}`,
    split: 'train',
    source: '',
  }));
  // every picture has one value, so that shares can be read from it
  const set = new data.Dataset('flat', ['a', 'b'], rows, {
    pixels: async (row, o) => new Uint8Array(o.size * o.size * o.channels).fill(51 * row.index),
  });

  it('mix pictures and labels in the same shares', async () => {
    let spread = 0;
    for (let epoch = 0; epoch < 30; epoch++) {
      const [{ x, soft, y }] = await all(set, { size, batch: 4, mixup: 0.4, epoch });
      assert.deepEqual([...y], [0, 1, 0, 1]);
      const share = soft![0]; // of a; the one before is b
      spread += Math.abs(share - 0.5);
      [0, 1, 2, 3].forEach((i) => {
        assert.ok(Math.abs(soft![2 * i] + soft![2 * i + 1] - 1) < 1e-6);
        assert.ok(Math.abs(soft![2 * i + (i % 2)] - share) < 1e-6);
        const want = (share * i + (1 - share) * ((i + 3) % 4)) / 5;
        assert.ok(Math.abs(x[i * size * size] - want) < 1e-5);
      });
    }
    assert.ok(spread / 30 > 0.25, 'alpha 0.4 is far from even');
  });

  it('exchange a box, and labels by its area', async () => {
    for (let epoch = 0; epoch < 30; epoch++) {
      const [{ x, soft }] = await all(set, { size, batch: 4, cutmix: 1, epoch });
      const third = [...x.subarray(2 * size * size, 3 * size * size)].map((v) => Math.round(v * 5));
      assert.ok(third.every((v) => v === 2 || v === 1));
      const kept = third.filter((v) => v === 2).length / size ** 2;
      assert.ok(Math.abs(soft![4] - kept) < 1e-6);
    }
  });

  it('with an alpha that cannot be are refused', async () => {
    await assert.rejects(all(set, { mixup: -1 }), says('option', /mixup must be a number from 0 on/));
  });
});
