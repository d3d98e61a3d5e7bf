import assert from 'node:assert/strict';
import * as data from '../../src/data/index.js';
import { header, imageFolder, rows } from './folder.js';

describe('the frame of a data set', () => {
  it('is a DataFrame of danfojs with a column a field', async () => {
    const set = data.phantom({ patients: 6 });
    const frame = await set.frame();
    const { DataFrame } = await data.danfo();
    assert.ok(frame instanceof DataFrame);
    assert.deepEqual(frame.shape, [set.length, 7]);
    assert.deepEqual(frame.columns, ['row', 'label', 'patient', 'split', 'source', 'view', 'licence']);
    assert.deepEqual(frame.dtypes, ['int32', ...new Array(6).fill('string')]);
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
