import assert from 'node:assert/strict';
import * as data from '../../src/data/index.js';
import { header, imageFolder, rows, says } from './folder.js';

describe('the frame of a data set', () => {
  it('is a DataFrame of danfojs with a column a field', async () => {
    const set = data.phantom({ patients: 6 });
    const frame = await set.frame();
    const { DataFrame } = await data.danfo();
    assert.ok(frame instanceof DataFrame);
    const own = ['row', 'label', 'patient', 'split', 'source', 'view', 'licence'];
    const extra = Object.keys(set.rows[0].extra!);
    assert.ok(extra.includes('severity') && extra.includes('day'));
    assert.deepEqual(frame.columns, [...own, ...extra]);
    assert.equal(frame.shape[0], set.length);
    assert.deepEqual(frame.dtypes.slice(0, own.length), ['int32', ...new Array(6).fill('string')]);
    assert.deepEqual(
      frame.column('label').values,
      set.rows.map((row) => row.label),
    );
    const counts = frame.column('label').valueCounts();
    assert.deepEqual(
      Object.fromEntries(counts.index.map((name, i) => [name, counts.values[i]])),
      set.counts(),
    );
  });

  it('has the other columns of the manifest, renamed where danfojs needs the name', async () => {
    const folder = await imageFolder();
    try {
      const lines = [header + ',age,size', ...rows.map((row, i) => `${row},${40 + i},L`)];
      const set = await data.open(folder.manifest(lines));
      const frame = await set.frame();
      assert.deepEqual(frame.columns, ['row', 'label', 'patient', 'split', 'source', 'file', 'age', 'size_']);
      assert.deepEqual(
        frame.column('file').values,
        rows.map((row) => row.split(',')[0]),
        'as in the manifest',
      );
      assert.deepEqual(frame.column('size_').values, new Array(6).fill('L'));
      assert.equal((await set.filter(() => false).frame()).shape[0], 0);
    } finally {
      folder.remove();
    }
  });
});

describe('a data set from a frame', () => {
  it('is what a query left of another, with the labels and splits of the frame', async () => {
    const set = data.phantom({ patients: 9 });
    const frame = await set.frame();
    const ill = frame.query(set.rows.map((row) => row.label !== 'normal'));
    const some = await data.fromFrame(ill, { of: set, split: { fractions: { train: 0.5, test: 0.5 } } });
    assert.deepEqual(
      some.rows.map((row) => row.index),
      set.rows.filter((row) => row.label !== 'normal').map((row) => row.index),
    );
    assert.deepEqual(some.classes, ['consolidation', 'ground glass']);
    assert.deepEqual(Object.keys(some.counts('split')).sort(), ['test', 'train']);
    assert.deepEqual(
      await some.pixels(some.rows[0], { size: 8 }),
      await set.pixels(some.rows[0], { size: 8 }),
    );
    await assert.rejects(
      data.fromFrame(
        { columns: ['row', 'label', 'patient', 'split'], values: [[999, 'normal', 'p', 'val']] },
        { of: set },
      ),
      says('frame', /row 0: phantom has no row '999'/),
    );
  });

  it('has files as pictures, and the checks of a manifest', async () => {
    const folder = await imageFolder();
    try {
      const { DataFrame } = await data.danfo();
      const frame = new DataFrame(
        rows.map((row) => [...row.split(','), 40]),
        { columns: [...header.split(','), 'age'] },
      );
      const set = await data.fromFrame(frame, { root: folder.path('.') });
      assert.equal(set.length, 6);
      assert.deepEqual(set.rows[2].extra, { age: '40' });
      assert.equal((await set.load(set.rows[0], { size: 4 })).length, 16);
      await assert.rejects(
        data.fromFrame(frame, { root: folder.path('none') }),
        says('missing', /6 images of 6/),
      );
      await assert.rejects(
        data.fromFrame(frame, { label: 'finding' }),
        says('column', /The frame has no column 'finding'/),
      );
    } finally {
      folder.remove();
    }
  });
});
