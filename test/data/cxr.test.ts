import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as data from '../../src/data/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';

/** The manifest counted without the code under test; it has no quoted field before the columns used here. */
function rowsByHand(): string[][] {
  const text = readFileSync(sharedPath('data/cxr/manifest.csv'), 'utf8').trimEnd();
  return text
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','));
}

interface Preprocessed {
  images: Record<
    string,
    Record<string, { mean: number[]; std: number[]; first32: number[][]; block8x8_channel0: number[][] }>
  >;
}

describe('the real X-rays', function () {
  let set: data.Dataset;
  before(async function () {
    needsShared(this);
    set = await data.open(sharedPath('data/cxr/manifest.csv'), { label: 'label3' });
  });

  it('are all read, with the counts of the file itself', () => {
    const rows = rowsByHand();
    assert.equal(rows.length, 1690);
    assert.equal(set.length, 1690);
    const counts: Record<string, number> = {};
    for (const row of rows) counts[`${row[3]} ${row[6]}`] = (counts[`${row[3]} ${row[6]}`] ?? 0) + 1;
    for (const { split, counts: here } of set.describe().splits)
      for (const [label, n] of Object.entries(here))
        assert.equal(n, counts[`${label} ${split}`], `${label} ${split}`);
    assert.equal(set.patients().length, new Set(rows.map((row) => row[4])).size);
    assert.deepEqual(set.classes, [...new Set(rows.map((row) => row[3]))].sort());
    assert.deepEqual(
      set.rows.map((row) => row.sha256),
      rows.map((row) => row[1]),
    );
  });

  it('are the files that the manifest means', async () => {
    assert.equal((await data.verify(set)).length, 1690);
    const { file, sha256 } = set.rows[1000];
    assert.equal(createHash('sha256').update(readFileSync(file!)).digest('hex'), sha256);
  });

  it('have no patient in two splits', () => {
    for (const [a, b] of [
      ['train', 'val'],
      ['train', 'test'],
      ['val', 'test'],
    ]) {
      const patients = new Set(set.split(a).patients());
      assert.deepEqual(
        set
          .split(b)
          .patients()
          .filter((p) => patients.has(p)),
        [],
      );
    }
  });

  it('are the same pixels as in PyTorch with Pillow at 96 × 96', async () => {
    const { images } = readFixture<Preprocessed>('preprocess/expected.json');
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    let values = 0;
    let equal = 0;
    for (const [name, { squash_bilinear_96: want }] of Object.entries(images)) {
      const x = await data.loadImage(sharedPath(name.replace('../../', '')), { size: 96, channels: 3 });
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = c; i < x.length; i += 3) sum += (x[i] - mean[c]) / std[c];
        assert.ok(Math.abs(sum / 96 / 96 - want.mean[c]) < 0.001, `${name}: mean of channel ${c}`);
        want.first32[c].forEach((w, i) => {
          const got = (x[3 * i + c] - mean[c]) / std[c];
          assert.ok(Math.abs(got - w) < 0.02, `${name}: pixel ${i} is ${got}, not ${w}`);
          values++;
          if (Math.abs(got - w) < 1e-5) equal++;
        });
      }
      want.block8x8_channel0.flat().forEach((w, block) => {
        let sum = 0;
        for (let j = 0; j < 12; j++)
          for (let i = 0; i < 12; i++) {
            const at = (Math.floor(block / 8) * 12 + j) * 96 + (block % 8) * 12 + i;
            sum += (x[3 * at] - mean[0]) / std[0];
          }
        assert.ok(Math.abs(sum / 144 - w) < 0.01, `${name}: block ${block}`);
      });
    }
    assert.ok(equal / values > 0.99, `${equal} of ${values} pixels equal Pillow's`);
  });
});
