// What the audit takes for the same film, and what not.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { audit, open, type Dataset, type Row } from '../../src/data/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';

describe('copies that the audit finds', function () {
  this.timeout(300_000);
  let folder: string;
  let base: Dataset;
  before(async function () {
    needsShared(this);
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-copies-'));
    const all = await open(sharedPath('data/cxr/manifest.csv'), { label: 'label3' });
    const seen = new Set<string>();
    base = all
      .sample({ n: 120, seed: 5 })
      .filter(({ patient }) => !seen.has(patient) && Boolean(seen.add(patient)));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));
  const pairs = async (rows: Row[]): Promise<{ names: string[]; inverted?: boolean }[]> => {
    const { copies } = await audit(base.with(rows), { onProgress: () => undefined });
    return copies.map(({ rows: both, inverted }) => ({
      names: both.map((row) => row.name!).sort(),
      inverted,
    }));
  };
  /** The row with a film that `edit` made of its own. */
  const edited = async (row: Row, name: string, edit: (film: Sharp) => Sharp): Promise<Row> => {
    const file = join(folder, name);
    await edit(sharp(row.file)).png().toFile(file);
    return { ...row, file, name };
  };

  it('are no two films that have a white border in common, but a film with one and without it are', async () => {
    const border = (film: Sharp): Sharp =>
      film.toColourspace('b-w').extend({ top: 14, bottom: 14, left: 14, right: 14, background: 'white' });
    const framed = await Promise.all(
      base.rows.slice(0, 30).map((row, i) => edited(row, `framed-${i}.png`, border)),
    );
    const found = await pairs([
      ...framed,
      ...base.rows.slice(30),
      ...base.rows.slice(0, 2).map((row, i) => ({ ...row, index: 10_000 + i, patient: `copy-${i}` })),
    ]);
    assert.deepEqual(
      found.map(({ names }) => names.join()).sort(),
      [0, 1].map((i) => [`framed-${i}.png`, base.rows[i].name].sort().join()).sort(),
    );
  });

  it('are negatives too', async () => {
    const negatives = await Promise.all(
      base.rows
        .slice(0, 4)
        .map((row, i) =>
          edited({ ...row, index: 10_000 + i, patient: `copy-${i}` }, `negative-${i}.png`, (film) =>
            film.negate(),
          ),
        ),
    );
    const found = await pairs([...base.rows, ...negatives]);
    assert.deepEqual(
      found.map(({ names }) => names.join()).sort(),
      negatives.map(({ name }, i) => [name, base.rows[i].name].sort().join()).sort(),
    );
    assert.ok(found.every(({ inverted }) => inverted));
  });
});
