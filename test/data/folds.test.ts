import assert from 'node:assert/strict';
import { Dataset, kFold, leaveOneSourceOut, splitByImage, type Row } from '../../src/data/index.js';
import { random } from '../../src/data/random.js';
import { says } from './folder.js';

/** 60 patients of 1 to 5 images in 4 hospitals; a third is ill. */
const rows: Row[] = Array.from({ length: 60 }, (_, p) => p).flatMap((p) =>
  Array.from({ length: 1 + ((p * 7) % 5) }, (_, i) => ({
    index: p * 5 + i,
    name: `${p}-${i}.png`,
    label: p % 3 ? 'well' : 'ill',
    patient: `p${p}`,
    split: 'train',
    source: `h${p % 4}`,
  })),
);
const setOf = (of: Row[]): Dataset =>
  new Dataset('films', ['ill', 'well'], of, { pixels: () => Promise.reject(new Error('not asked for')) });
const set = setOf(rows);
const split = (of: Dataset, name: string): Row[] => of.rows.filter((row) => row.split === name);
const patients = (of: Row[]): Set<string> => new Set(of.map((row) => row.patient));
const apart = (a: Row[], b: Row[]): boolean => a.every((row) => !patients(b).has(row.patient));

describe('k folds', () => {
  it('hold every image out once, and no patient is on both sides', () => {
    const folds = kFold(set, { k: 5 });
    assert.equal(folds.length, 5);
    const held = folds.flatMap((fold) => split(fold, 'val').map((row) => row.index));
    assert.deepEqual(
      held.sort((a, b) => a - b),
      rows.map((row) => row.index),
    );
    for (const fold of folds) {
      assert.equal(fold.length, set.length);
      assert.ok(apart(split(fold, 'train'), split(fold, 'val')));
    }
  });

  it('are alike in size and classes', () => {
    for (const seed of [0, 1, 2])
      for (const fold of kFold(set, { k: 5, seed })) {
        const val = split(fold, 'val');
        assert.ok(Math.abs(val.length - rows.length / 5) <= 2, `${val.length} images`);
        const ill = val.filter((row) => row.label === 'ill').length;
        assert.ok(Math.abs(ill - rows.filter((row) => row.label === 'ill').length / 5) <= 2, `${ill} ill`);
      }
  });

  it('are the same for the same seed in any order of rows, others for another', () => {
    const of = (order: Row[], seed: number): number[][] =>
      kFold(setOf(order), { k: 4, seed }).map((fold) =>
        split(fold, 'val')
          .map((row) => row.index)
          .sort((a, b) => a - b),
      );
    assert.deepEqual(of(random(3, 'order').shuffle([...rows]), 7), of(rows, 7));
    assert.notDeepEqual(of(rows, 8), of(rows, 7));
  });

  it('by source keep hospitals together, and a patient of two hospitals joins them', () => {
    for (const fold of kFold(set, { k: 4, by: 'source' }))
      assert.equal(new Set(split(fold, 'val').map((row) => row.source)).size, 1);
    const moved = setOf(rows.map((row) => (row.name === '4-0.png' ? { ...row, source: 'h1' } : row)));
    assert.throws(
      () => kFold(moved, { k: 4, by: 'source' }),
      says('option', /3 groups by source, too few for 4/),
    );
    for (const fold of kFold(moved, { k: 3, by: 'source' }))
      assert.ok(apart(split(fold, 'train'), split(fold, 'val')));
  });

  it('of no whole number are refused', () =>
    assert.throws(() => kFold(set, { k: 1 }), says('option', /from 2 on/)));
});

describe('leaving one source out', () => {
  it('tests on each hospital once, and trains on the others', () => {
    const sets = leaveOneSourceOut(set);
    assert.deepEqual(
      sets.map((each) => each.name),
      ['h0', 'h1', 'h2', 'h3'].map((h) => `films without ${h}`),
    );
    for (const [i, each] of sets.entries()) {
      assert.deepEqual(new Set(split(each, 'test').map((row) => row.source)), new Set([`h${i}`]));
      assert.ok(split(each, 'train').every((row) => row.source !== `h${i}`));
      assert.equal(each.length, set.length);
    }
  });

  it('leaves out a held-out patient’s other images, and says so', () => {
    const moved = setOf(rows.map((row) => (row.name === '4-0.png' ? { ...row, source: 'h1' } : row)));
    const [, second] = leaveOneSourceOut(moved, { val: 0.2 });
    assert.ok(patients(split(second, 'test')).has('p4'));
    for (const side of ['train', 'val']) assert.ok(apart(split(second, side), split(second, 'test')));
    assert.ok(apart(split(second, 'train'), split(second, 'val')));
    assert.match(second.notes.join(), /3 images of other sources left out.*'h1' too: p4/);
    assert.equal(second.length, set.length - 3);
  });

  it('needs two sources', () =>
    assert.throws(
      () => leaveOneSourceOut(set.where({ source: 'h0' })),
      says('option', /only one source, 'h0'/),
    ));
});

describe('a split by image', () => {
  it('puts patients on two sides, and says so', () => {
    const out = splitByImage(set, { seed: 1 });
    assert.equal(split(out, 'train').length, Math.round(set.length * 0.7));
    assert.ok(!apart(split(out, 'train'), split(out, 'test')));
    assert.match(out.notes.join(), /patients are in more than one split/);
    assert.deepEqual(patients([...out.rows]), patients(rows));
  });
});
