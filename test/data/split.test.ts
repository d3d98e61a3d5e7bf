import assert from 'node:assert/strict';
import { splitByPatient } from '../../src/data/index.js';
import { random } from '../../src/data/random.js';
import { says } from './folder.js';

/** 200 patients, one to five films each, 140 of class a, 40 of b, 20 of c. */
const films = Array.from({ length: 200 }, (_, p) => p).flatMap((p) =>
  Array.from({ length: 1 + (p % 5) }, () => ({
    patient: `p${p}`,
    label: p < 140 ? 'a' : p < 180 ? 'b' : 'c',
  })),
);
const patientsOf = (rows: { patient: string; split: string }[], split: string): string[] => [
  ...new Set(rows.filter((row) => row.split === split).map((row) => row.patient)),
];

describe('a split by patient', () => {
  it('puts every film in a split and every patient in one only', () => {
    const rows = splitByPatient(films, { seed: 3 });
    assert.equal(rows.length, films.length);
    const splits = new Map<string, Set<string>>();
    for (const { patient, split } of rows) splits.set(patient, (splits.get(patient) ?? new Set()).add(split));
    assert.ok([...splits.values()].every((s) => s.size === 1));
    assert.deepEqual([...new Set(rows.map((row) => row.split))].sort(), ['test', 'train', 'val']);
  });

  it('keeps the shares of patients, in every class', () => {
    const rows = splitByPatient(films, { seed: 1 });
    for (const [label, want] of [
      ['a', { train: 98, val: 21, test: 21 }],
      ['b', { train: 28, val: 6, test: 6 }],
      ['c', { train: 14, val: 3, test: 3 }],
    ] as const)
      for (const [split, n] of Object.entries(want))
        assert.equal(
          patientsOf(
            rows.filter((row) => row.label === label),
            split,
          ).length,
          n,
        );
  });

  it('is the same for the same seed, another for another, whatever the order of the rows', () => {
    const of = (rows: typeof films, seed: number): string[] =>
      patientsOf(splitByPatient(rows, { seed }), 'test').sort();
    assert.deepEqual(of(films, 5), of(films, 5));
    assert.notDeepEqual(of(films, 5), of(films, 6));
    assert.deepEqual(of(random(1, 'order').shuffle([...films]), 5), of(films, 5));
  });

  it('takes names and fractions of the user', () => {
    const rows = splitByPatient(films, { fractions: { a: 0.5, b: 0.5 }, stratify: false });
    assert.equal(patientsOf(rows, 'a').length, 100);
    assert.equal(patientsOf(rows, 'b').length, 100);
  });

  it('of few patients gives the larger splits theirs first', () => {
    const one = splitByPatient([{ patient: 'p', label: 'a' }]);
    assert.equal(one[0].split, 'train');
    assert.deepEqual(splitByPatient([]), []);
  });

  it('with fractions that do not sum to 1 is refused', () => {
    assert.throws(
      () => splitByPatient(films, { fractions: { train: 0.8, test: 0.3 } }),
      says('option', /sum to 1/, /1\.1/),
    );
    assert.throws(
      () => splitByPatient(films, { fractions: { train: 1.2, test: -0.2 } }),
      says('option', /0 or more/),
    );
  });
});
