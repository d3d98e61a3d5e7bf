import assert from 'node:assert/strict';
import { augment, batches, Dataset, merge, open, phantom, type Row } from '../../src/data/index.js';
import { imageFolder, says } from './folder.js';

type Given = Partial<Row> & { label: string; patient: string };

/** A data set whose pictures are of one grey value. */
function grey(name: string, value: number, rows: Given[], classes = ['normal', 'pneumonia']): Dataset {
  const whole = rows.map((row, index) => ({ split: 'train', source: '', ...row, index }));
  return new Dataset(name, classes, whole, {
    pixels: ({ index }, { size }) => Promise.resolve(new Uint8Array(size * size).fill(value + index)),
  });
}

describe('merged data sets', () => {
  const a = grey('a', 10, [
    { label: 'normal', patient: 'p1' },
    { label: 'pneumonia', patient: 'p2' },
  ]);
  const b = grey('b', 50, [{ label: 'pneumonia', patient: 'p1', split: 'test', source: 'clinic' }]);

  it('have the rows of all, each with its own picture', async () => {
    const set = merge([a, b]);
    assert.equal(set.name, 'a + b');
    assert.deepEqual(
      set.rows.map((row) => row.index),
      [0, 1, 2],
    );
    const values = await Promise.all(set.rows.map((row) => set.pixels(row, { size: 1 })));
    assert.deepEqual(
      values.map(([v]) => v),
      [10, 11, 50],
    );
    assert.deepEqual(set.counts('source'), { a: 2, clinic: 1 });
    assert.deepEqual(set.counts('set'), { a: 2, b: 1 });
  });

  it('keep patients of one name apart, unless told that they are the same person', () => {
    assert.deepEqual(merge([a, b]).patients(), ['a/p1', 'a/p2', 'b/p1']);
    assert.throws(() => merge([a, b], { patients: 'shared' }), says('leak', /p1/));
    const shared = merge([a, b], { patients: 'shared', allowLeak: true });
    assert.deepEqual(shared.patients(), ['p1', 'p2']);
    assert.match(shared.notes.join(), /1 patient is in more than one split: p1/);
    const same = merge([a, grey('a', 0, [{ label: 'normal', patient: 'p1' }])]);
    assert.deepEqual(same.patients(), ['a/p1', 'a/p2', 'a (2)/p1']);
  });

  it('of filters of one set share its patients, and have an image once', () => {
    const set = phantom({ patients: 9, seed: 4 });
    const back = merge([set.where({ label: 'normal' }), set.where({ label: set.classes.slice(1) })]);
    assert.equal(back.length, set.length);
    assert.deepEqual(back.patients().sort(), set.patients().sort());
    const overlapping = merge([set, set.sample({ n: 5 })]);
    assert.equal(overlapping.length, set.length);
    assert.match(overlapping.notes.join(), /5 images are in more than one/);
  });

  it('of one file in two openings count as one set', () => {
    const first = grey('x', 0, [{ label: 'normal', patient: 'p1', file: '/films/1.png' }]);
    const second = grey('y', 0, [{ label: 'pneumonia', patient: 'p1', file: '/films/1.png' }]);
    assert.throws(
      () => merge([first, second]),
      says('label', /\/films\/1\.png/, /'pneumonia' here and 'normal' there/),
    );
    assert.equal(merge([first, first]).length, 1);
  });

  it('keep the notes of each, and masks where there are some', () => {
    const noted = a.with(a.rows, a.classes, ['two rows left out.']);
    assert.deepEqual(merge([noted, b]).notes, ['a: two rows left out.']);
    const films = phantom({ patients: 3 }).mapLabels(
      (label) => (label === 'normal' ? label : 'pneumonia'),
      a.classes,
    );
    const set = merge([a, films]);
    assert.equal(set.mask(set.rows[0]), undefined);
    const ill = set.rows.find((row) => row.extra?.set === 'phantom' && row.label === 'pneumonia')!;
    assert.ok(set.mask(ill)!.includes(1));
  });

  it('are decoded in threads, as their parts are', async () => {
    const films = [await imageFolder(), await imageFolder()];
    try {
      const parts = await Promise.all(films.map((folder) => open(folder.manifest())));
      const drawn = phantom({ patients: 3, size: 32, classes: ['normal'] });
      const set = merge([merge(parts), drawn], { classes: ['covid', 'normal'] });
      const options = { size: 8, batch: 5, channels: 3 as const, augment: [augment.rotate(20)], cache: 0 };
      const values = async (workers: number): Promise<number[]> => {
        const out: number[] = [];
        for await (const { x } of batches(set, { ...options, workers })) out.push(...x);
        return out;
      };
      const own = await values(0);
      let here = 0;
      for (const { source } of [...parts, drawn]) {
        const { picture } = source;
        source.picture = (...asked) => (here++, picture!(...asked));
      }
      assert.deepEqual(await values(2), own);
      assert.equal(here, 0, 'no picture is made on the thread that asks');
      assert.deepEqual(await values(0), own);
      assert.equal(here, set.length);
    } finally {
      for (const folder of films) folder.remove();
    }
  });

  it('whose classes differ, or are bare numbers, are refused until someone says what they mean', () => {
    const three = grey('c', 0, [{ label: 'covid', patient: 'p' }], ['covid', 'normal', 'pneumonia']);
    assert.throws(
      () => merge([a, three]),
      says(
        'classes',
        /a has normal, pneumonia; c has covid, normal, pneumonia/,
        /may mean something else/,
        /mapLabels/,
      ),
    );
    const classes = ['normal', 'pneumonia', 'covid'];
    assert.deepEqual(merge([a, three], { classes }).classes, classes);
    assert.throws(() => merge([a, three], { classes: ['normal', 'pneumonia'] }), says('label', /'covid'/));
    const numbers = [0, 1].map((v) => grey(`n${v}`, 0, [{ label: '0', patient: 'p' }], ['0', '1']));
    assert.throws(() => merge(numbers), says('classes', /numbers \(0, 1\)/));
    assert.equal(merge(numbers, { classes: ['0', '1'] }).length, 2);
    assert.throws(() => merge([]), says('empty'));
  });
});
