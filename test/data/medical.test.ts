import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '../../src/data/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';
import { says } from './folder.js';

describe('a data set of DICOM files and volumes', () => {
  let folder: string;
  before(function () {
    needsShared(this);
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-medical-'));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));
  const manifest = (...files: string[]): string => {
    const rows = files.map((file, i) => `${file},${i % 2 ? 'covid' : 'normal'},p${i},train`);
    writeFileSync(join(folder, 'manifest.csv'), ['file,label,patient,split', ...rows].join('\n'));
    return join(folder, 'manifest.csv');
  };
  const root = sharedPath('fixtures');

  it('loads a DICOM file as a picture, through its own window or the one of the manifest', async () => {
    const path = manifest('dicom/ct_rescale.dcm', 'dicom/xray_mono1.dcm');
    const lung = await data.open(path, { root, window: 'lung' });
    const image = await data.readDicom(sharedPath('fixtures/dicom/ct_rescale.dcm'));
    assert.deepEqual(await lung.pixels(lung.rows[0], { size: 128 }), image.window('lung'));
    const own = await data.open(path, { root });
    assert.deepEqual(await own.pixels(own.rows[0], { size: 128 }), image.window());
    assert.equal((await own.load(own.rows[1], { size: 32, channels: 3 })).length, 32 * 32 * 3);
    for await (const { x } of data.batches(lung, { size: 16, batch: 2 })) assert.equal(x.length, 2 * 16 * 16);
  });

  it('loads a slice of a volume where one is named, and the whole of it as a volume', async () => {
    const path = manifest('nifti/int16.nii.gz', 'nifti/permuted_flipped.nii.gz');
    const set = await data.open(path, { root, slice: 'middle', window: { center: 0, width: 4000 } });
    assert.equal((await set.pixels(set.rows[0], { size: 64 })).length, 64 * 64);
    const volume = await set.volume(set.rows[0]);
    assert.deepEqual(volume.shape, [24, 40, 32]);
    const without = await data.open(path, { root });
    await assert.rejects(
      without.pixels(without.rows[0], { size: 64 }),
      says('option', /int16\.nii\.gz holds a whole volume.*slice: 'middle'/),
    );
  });

  it('leaves broken files out where told, and counts them', async () => {
    const path = manifest(
      'dicom/ct_rescale.dcm',
      'dicom/xray_mono1.dcm',
      'dicom/truncated.dcm',
      'dicom/no_pixels.dcm',
    );
    const set = await data.open(path, { root, onError: 'skip' });
    assert.equal(set.length, 2);
    assert.match(set.notes.join(' '), /2 images of 4 can't be decoded: .*truncated\.dcm/);
    await assert.rejects(
      data.open(path, { root, check: 'pixels' }),
      says('image', /line \d: .*can't be read as DICOM/),
    );
  });
});
