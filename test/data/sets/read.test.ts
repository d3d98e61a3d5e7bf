// A description that says how its scans become pictures: through which window, and which slice.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '../../../src/data/index.js';
import { dicom, nifti } from '../../support/ct-files.js';
import { says } from '../folder.js';

describe('a set of scans', function () {
  this.timeout(120_000);
  let folder: string;
  let scans: data.Volume[];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-read-'));
    const drawn = data.phantomCT({ patients: 2, size: 64, depth: 12, classes: ['normal', 'nodules'] });
    scans = await Promise.all(drawn.rows.map((row) => drawn.volume(row)));
    const studies = ['CT-0/study_0001', 'CT-1/study_0255'];
    for (const [i, study] of studies.entries()) {
      mkdirSync(join(folder, 'studies', study.slice(0, 4)), { recursive: true });
      writeFileSync(join(folder, 'studies', `${study}.nii.gz`), nifti(scans[i]));
      mkdirSync(join(folder, 'slices', study), { recursive: true });
      for (const k of [3, 7]) writeFileSync(join(folder, 'slices', study, `${k}.dcm`), dicom(scans[i], k));
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What is read, but for the half unit by which files of whole numbers differ from the phantom. */
  const same = (got: Uint8Array, wanted: Uint8Array): void => {
    assert.equal(got.length, wanted.length);
    got.forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) <= 1, `${v} for ${wanted[i]} at ${i}`));
  };
  const sliceOf = (scan: data.Volume, at: 'middle' | number, window: data.WindowChoice): Uint8Array =>
    scan.slices({ at, window, size: 64 })[0].pixels;

  it('mosmeddata opens as the middle slices through the lung window, and as volumes', async () => {
    const set = await data.open('mosmeddata', { root: folder });
    assert.deepEqual(
      set.rows.map(({ label, patient }) => [label, patient]),
      [
        ['CT-0', 'study_0001'],
        ['CT-1', 'study_0255'],
      ],
    );
    for (const [i, row] of set.rows.entries())
      same(await set.pixels(row, { size: 64, fit: 'contain' }), sliceOf(scans[i], 'middle', 'lung'));
    assert.deepEqual((await set.volume(set.rows[1])).shape, scans[1].shape);
    for await (const { x } of data.batches(set, { size: 32, workers: 1 }))
      assert.equal(x.length, 2 * 32 * 32);
  });

  it('as open is told otherwise: another slice, another window', async () => {
    const set = await data.open('mosmeddata', { root: folder, slice: 4, window: 'mediastinum' });
    same(await set.pixels(set.rows[0], { size: 64, fit: 'contain' }), sliceOf(scans[0], 4, 'mediastinum'));
  });

  it('a description of one’s own says it by centre and width, for slices in DICOM too', async () => {
    const description = {
      ...{ name: 'own', title: 'Own', licence: 'CC0', classes: ['CT-0', 'CT-1'] },
      read: { window: { center: -500, width: 1000 } },
      layout: {
        sources: [
          {
            files: 'slices/(?<grade>CT-\\d)/(?<study>[^/]+)/(?<slice>\\d+)\\.dcm$',
            columns: { file: 'path', label: 'grade', patient: 'study' },
          },
        ],
      },
    } satisfies data.ManifestDescription;
    const set = await data.open(description, { root: folder });
    assert.equal(set.length, 4);
    for (const row of set.rows) {
      const scan = scans[row.label === 'CT-0' ? 0 : 1];
      const wanted = sliceOf(scan, Number(row.extra!.slice), { center: -500, width: 1000 });
      same(await set.pixels(row, { size: 64 }), wanted);
    }
  });

  it('with a window or a slice that is none is refused by the schema', async () => {
    const good = { name: 'x', title: 'X', licence: 'CC0' };
    for (const read of [
      { window: 'lungs' },
      { window: { center: 0 } },
      { slice: -1 },
      { slice: 'first' },
      {},
    ])
      await assert.rejects(
        data.open({ ...good, read } as data.ManifestDescription),
        says('manifest', /\/read/),
      );
  });

  it('says on its card how it is read, and what of it is inferred when it is opened', async () => {
    const shown = (name: string): string =>
      (data.info(name) as unknown as Record<symbol, () => Record<string, string>>)[
        Symbol.for('Jupyter.display')
      ]()['text/plain'];
    assert.match(shown('mosmeddata'), /\nRead +lung window, middle slice of a volume\n/);
    assert.match(shown('xray-three-label'), /\nInferred +Which films stand for pneumonia and normal/);
    assert.match(shown('xray-four-class'), /\nInferred +Which two sets: /);
    const description = data.info('mosmeddata');
    const set = await data.open({ ...description, inferred: ['The middle slice.'] }, { root: folder });
    assert.ok(
      set.notes.includes('Inferred, not told by its authors: The middle slice.'),
      set.notes.join('\n'),
    );
  });
});
