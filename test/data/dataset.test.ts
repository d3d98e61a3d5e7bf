import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import * as data from '../../src/data/index.js';
import { header, imageFolder, rows, says, type Folder } from './folder.js';

describe('a data set', () => {
  let folder: Folder;
  let set: data.Dataset;
  before(async () => {
    folder = await imageFolder();
    const lines = [
      `${header},source,sex`,
      ...rows.map((row, i) => `${row},${i < 4 ? 'a' : 'b'},${i % 3 ? 'F' : 'M'}`),
    ];
    set = await data.open(folder.manifest(lines));
  });
  after(() => folder.remove());
  const names = (of: data.Dataset): string[] => of.rows.map((row) => row.name!);

  it('is filtered by a function, by fields and by the manifest’s own columns', () => {
    assert.deepEqual(names(set.filter((row) => row.label === 'covid')), ['b.png', 'd.png', 'f.png']);
    assert.deepEqual(names(set.where({ split: ['val', 'test'], label: 'covid' })), ['d.png', 'f.png']);
    assert.deepEqual(names(set.where({ sex: 'M' })), ['a.png', 'd.png']);
    assert.throws(() => set.where({ gender: 'M' }), says('column', /no column 'gender'/, /sex/));
  });

  it('is counted by any of them', () => {
    assert.deepEqual(set.counts('source'), { a: 4, b: 2 });
    assert.deepEqual(set.counts('sex'), { M: 2, F: 4 });
    assert.deepEqual(set.where({ label: 'covid' }).counts(), { covid: 3, normal: 0 });
  });

  it('has its labels mapped, those outside the map left out', () => {
    const all = set.mapLabels({ covid: 'ill', normal: 'well' });
    assert.deepEqual(all.classes, ['ill', 'well']);
    assert.deepEqual([...all.labels()], [1, 0, 1, 0, 1, 0]);
    assert.equal(set.mapLabels({ covid: 'ill' }).length, 3);
    assert.equal(set.mapLabels({ covid: 'x', normal: 'x' }).length, 6);
  });

  it('gives the same sample for the same seed, of the whole or of each class', () => {
    assert.deepEqual(names(set.sample({ n: 3, seed: 1 })), names(set.sample({ n: 3, seed: 1 })));
    assert.equal(set.sample({ n: 100 }).length, 6);
    assert.deepEqual(set.sample({ n: 2, each: 'label' }).counts(), { covid: 2, normal: 2 });
  });

  it('shows itself as a table of classes and splits with its notes', () => {
    const shown = (set as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    const text = shown['text/plain'].split('\n').map((line) => line.trim().split(/\s{2,}/));
    assert.deepEqual(text[1], ['train', 'val', 'test', 'all']);
    assert.deepEqual(text[2], ['covid', '1', '1', '1', '3']);
    assert.deepEqual(text[5], ['patients', '2', '1', '1', '4']);
    assert.match(shown['text/plain'], /sources: a 4, b 2/);
    assert.match(shown['text/html'], /<table>.*covid.*The split 'test' has no image of normal/s);
    assert.equal(inspect(set), shown['text/plain']);
  });

  it('describes itself', () => {
    const { images, patients, splits, sources } = set.describe();
    assert.deepEqual([images, patients, sources], [6, 4, { a: 4, b: 2 }]);
    assert.deepEqual(splits[0], { split: 'train', images: 3, patients: 2, counts: { covid: 1, normal: 2 } });
  });
});
