// Pictures kept on disk between runs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import * as data from '../../src/data/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';
import { imageFolder, says, type Folder } from './folder.js';

const { augment, batches, clearCache, merge, open, phantom } = data;

async function all(set: data.Dataset, options: Partial<data.BatchOptions> = {}): Promise<data.Batch[]> {
  const out: data.Batch[] = [];
  for await (const batch of batches(set, { size: 8, batch: 4, ...options })) out.push(batch);
  return out;
}
const values = (list: data.Batch[]): number[] => list.flatMap(({ x }) => [...x]);

/** The bytes of each kept file, by name. */
const kept = (folder: string): Map<string, Buffer> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
const total = (files: Map<string, Buffer>): number => [...files.values()].reduce((n, b) => n + b.length, 0);

/** Another picture of the same file size and, unless `changed`, with the same time. */
async function replace(file: string, changed: boolean): Promise<void> {
  const { atime, mtime, size } = statSync(file);
  const pixels = Buffer.alloc(12 * 10, 200);
  const bytes = await sharp(pixels, { raw: { width: 12, height: 10, channels: 1 } })
    .png()
    .toBuffer();
  assert.ok(bytes.length <= size);
  writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]));
  if (!changed) utimesSync(file, atime, mtime);
}

describe('pictures kept on disk', function () {
  this.timeout(60_000);
  let films: Folder;
  let set: data.Dataset;
  let disk: string;
  let cache: data.CacheOptions;
  beforeEach(async () => {
    films = await imageFolder();
    for (const { file } of (await open(films.manifest())).rows) utimesSync(file!, 1e9, 1e9); // a time without fractions
    set = await open(films.manifest());
    disk = mkdtempSync(join(tmpdir(), 'cellgrad-kept-'));
    cache = { memory: 0, disk };
  });
  afterEach(() => {
    films.remove();
    rmSync(disk, { recursive: true, force: true });
  });

  it('give the same batches, in threads and without, in another opening too, and are not decoded again', async () => {
    const options = { channels: 3 as const, shuffle: true, augment: [augment.crop(), augment.rotate(20)] };
    const plain = values(await all(set, { ...options, cache: 0 }));
    for (const workers of [2, 0]) {
      assert.deepEqual(values(await all(set, { ...options, cache, workers })), plain);
      assert.equal(kept(disk).size, 6);
    }
    for (const { file } of set.rows) await replace(file!, false);
    const again = await open(films.manifest());
    for (const workers of [2, 0])
      assert.deepEqual(values(await all(again, { ...options, cache, workers })), plain, 'from the disk');
    assert.equal(kept(disk).size, 6);
  });

  it('are made anew where the file, its window or the size is another', async () => {
    const before = values(await all(set, { cache }));
    await replace(set.rows[2].file!, true);
    const after = values(await all(set, { cache }));
    assert.deepEqual(after, values(await all(set, { cache: 0 })));
    assert.notDeepEqual(after, before);
    assert.equal(kept(disk).size, 7);
    const other = await open(films.manifest(), { window: 'lung' });
    await all(other, { cache });
    assert.equal(kept(disk).size, 13);
    await all(set, { cache, size: 9 });
    assert.equal(kept(disk).size, 19);
  });

  it('that are damaged are noticed and made anew', async () => {
    const plain = values(await all(set, { cache }));
    const whole = kept(disk);
    const names = [...whole.keys()];
    const spoilt = [
      (b: Buffer) => b.subarray(0, b.length - 1),
      (b: Buffer) => Buffer.concat([b, b]),
      (b: Buffer) => b.map((v, i) => (i === b.length - 5 ? v ^ 1 : v)),
      (b: Buffer) => b.map((v, i) => (i === 20 ? v ^ 1 : v)),
      (b: Buffer) => b.map((v, i) => (i === 8 ? 255 : v)),
      () => Buffer.alloc(0),
    ];
    names.forEach((name, i) => writeFileSync(join(disk, name), spoilt[i](whole.get(name)!)));
    assert.deepEqual(values(await all(set, { cache })), plain);
    assert.deepEqual(kept(disk), whole);
  });

  it('stay within the limit: the least recently used go, but none of the same epoch', async () => {
    const limited = { ...cache, limit: 3000 };
    const one = async (size: number): Promise<void> => void (await all(set, { cache: limited, size }));
    await one(8);
    const first = [...kept(disk).keys()];
    await one(12);
    const second = [...kept(disk).keys()].filter((name) => !first.includes(name));
    assert.equal(second.length, 6);
    await one(8); // used again
    await one(16);
    const names = [...kept(disk).keys()];
    assert.ok(total(kept(disk)) <= 3000, `${total(kept(disk))} bytes`);
    const [left8, left12] = [first, second].map((list) => list.filter((name) => names.includes(name)).length);
    assert.ok(
      left12 < 6 && (left8 === 6 || left12 === 0),
      `${left8} of 8 × 8, ${left12} of 12 × 12 are left`,
    );

    const large = { ...cache, disk: join(disk, 'small'), limit: 3000 };
    const plain = values(await all(set, { size: 30, cache: 0 }));
    assert.deepEqual(values(await all(set, { size: 30, cache: large })), plain);
    const some = kept(join(disk, 'small'));
    assert.ok(total(some) <= 3000 && some.size >= 2, `${some.size} files`);
    assert.deepEqual(values(await all(set, { size: 30, cache: large })), plain);
    assert.deepEqual(kept(join(disk, 'small')), some);
  });

  it('are given up, with one line, where they cannot be written', async () => {
    const file = join(disk, 'a file');
    writeFileSync(file, '');
    const lines: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => !!lines.push(String(text));
    try {
      const plain = values(await all(set, { cache: 0 }));
      for (const workers of [0, 2])
        assert.deepEqual(
          values(await all(set, { cache: { ...cache, disk: file }, workers, batch: 1 })),
          plain,
        );
    } finally {
      process.stderr.write = write;
    }
    assert.equal(lines.length, 1);
    assert.match(
      lines[0],
      /^No more pictures are kept on disk, as .*a file can't be written \(.*\); free .*\.\n$/,
    );
  });

  it('are shared by processes that write at once', async () => {
    const script = `
      const data = await import(${JSON.stringify(new URL('../../src/data/index.js', import.meta.url).href)});
      const set = await data.open(${JSON.stringify(films.manifest())});
      const options = { size: 300, batch: 2, workers: 2, cache: { memory: 0, disk: ${JSON.stringify(disk)} } };
      let sum = 0;
      for (let epoch = 0; epoch < 5; epoch++)
        for await (const { x } of data.batches(set, options)) for (const v of x) sum += v;
      console.log(sum);`;
    const run = promisify(execFile);
    const runs = [0, 1, 2].map(() => run(process.execPath, ['--input-type=module', '-e', script]));
    const sums = (await Promise.all(runs)).map(({ stdout }) => Number(stdout));
    let want = 0;
    for (const v of values(await all(set, { size: 300, batch: 2, cache: 0 }))) want += v;
    for (const sum of sums) assert.ok(Math.abs(sum - 5 * want) < 1e-6 * want, `${sum} is not 5 × ${want}`);
    assert.deepEqual(
      [...kept(disk).keys()].filter((name) => !/^[0-9a-f]{2}.[0-9a-f]{62}\.picture$/.test(name)),
      [],
    );
    assert.equal(kept(disk).size, 6);
  });

  it('may be phantoms with their masks, scans, and rows of merged sets', async () => {
    const drawn = phantom({ patients: 3, size: 32 });
    const plain = await all(drawn, { size: 32, masks: true, cache: 0 });
    for (let i = 0; i < 2; i++) {
      const found = await all(drawn, { size: 32, masks: true, cache });
      assert.deepEqual(values(found), values(plain));
      assert.deepEqual(found[0].masks, plain[0].masks);
    }
    assert.equal(kept(disk).size, drawn.length);
    const scans = data.phantomCT({ patients: 2, size: 32, depth: 8 });
    const volumes = { size: 16, depth: 8, masks: true };
    const scanned = values(await all(scans, { ...volumes, cache: 0 }));
    for (let i = 0; i < 2; i++) assert.deepEqual(values(await all(scans, { ...volumes, cache })), scanned);
    assert.equal(kept(disk).size, drawn.length + 2);
    const classes = ['covid', 'normal', ...drawn.classes.filter((c) => c !== 'normal')];
    await all(merge([set, drawn], { classes }), { size: 32, masks: true, cache });
    assert.equal(kept(disk).size, drawn.length + 2 + 6, 'the phantoms are those that were kept alone');
  });

  it('of scans in several files are made anew where any of these is another', async () => {
    const head =
      'ObjectType = Image\nNDims = 3\nDimSize = 8 8 4\nElementType = MET_SHORT\nElementByteOrderMSB = False';
    const voxels = Buffer.from(Int16Array.from({ length: 256 }, (_, i) => i * 5).buffer);
    const lines = ['file,label,patient,split'];
    for (const [name, label] of [
      ['a', 'normal'],
      ['b', 'covid'],
    ]) {
      films.write(`${name}.mhd`, `${head}\nElementDataFile = ${name}.raw\n`);
      films.write(`${name}.raw`, voxels);
      lines.push(`${name}.mhd,${label},${name},train`);
    }
    const scans = await open(films.manifest(lines));
    const volumes = { size: 8, depth: 4 };
    const first = values(await all(scans, { ...volumes, cache }));
    assert.deepEqual(values(await all(scans, { ...volumes, cache })), first);
    assert.equal(kept(disk).size, 2);
    films.write('b.raw', Buffer.from(voxels).reverse());
    utimesSync(films.path('b.raw'), 1e9, 1e9);
    const second = values(await all(scans, { ...volumes, cache }));
    assert.notDeepEqual(second, first);
    assert.deepEqual(second, values(await all(scans, { ...volumes, cache: 0 })));
    assert.equal(kept(disk).size, 3);
  });

  it('of a series are made anew where a slice is another', async function () {
    needsShared(this);
    const series = sharedPath('fixtures/dicom/series');
    for (const name of ['one', 'two']) {
      mkdirSync(films.path(name));
      for (const file of readdirSync(series)) films.write(join(name, file), readFileSync(join(series, file)));
    }
    const rows = ['one,normal,p1,train', 'two,covid,p2,train'];
    const scans = await open(films.manifest(['file,label,patient,split', ...rows]));
    const volumes = { size: 16, depth: 8 };
    const first = values(await all(scans, { ...volumes, cache }));
    assert.equal(kept(disk).size, 2);
    const slice = films.path(join('two', readdirSync(series)[0]));
    const bytes = readFileSync(slice);
    bytes.fill(0, bytes.length - 2000);
    writeFileSync(slice, bytes);
    utimesSync(slice, 1e9, 1e9);
    const second = values(await all(scans, { ...volumes, cache }));
    assert.notDeepEqual(second, first);
    assert.deepEqual(second, values(await all(scans, { ...volumes, cache: 0 })));
    assert.equal(kept(disk).size, 3);
  });

  it('are in memory too, and options that cannot be are refused', async () => {
    const twice = { cache: { disk } };
    const first = values(await all(set, twice));
    rmSync(disk, { recursive: true });
    for (const { file } of set.rows) await replace(file!, true);
    assert.deepEqual(values(await all(set, twice)), first, 'from memory');
    clearCache(set);
    assert.notDeepEqual(values(await all(set, twice)), first);
    const refuses = (given: object, part: RegExp): Promise<void> =>
      assert.rejects(all(set, { cache: given }), says('option', part));
    await refuses(
      { disk: true, limit: 'much' },
      /cache\.limit must be a number of bytes .*'10 GB', not "much"/,
    );
    await refuses({ disk: '' }, /cache\.disk must be true, false or a folder/);
    await refuses({ memory: -1 }, /cache\.memory must be/);
    await refuses({ size: 3 }, /cache has no 'size'; it takes memory, disk and limit/);
    await assert.rejects(all(set, { cache: -1 }), says('option', /cache must be a number of bytes/));
  });
});
