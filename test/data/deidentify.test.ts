import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '../../src/data/index.js';
import { dicomFile, imageElements, type Elements } from '../support/dicom-file.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { says } from './folder.js';

describe('de-identifying DICOM files', () => {
  let folder: string;
  let identifying: string[];
  let number = 0;
  const fixture = (name: string): string => sharedPath(`fixtures/dicom/${name}`);
  const out = (): string => join(folder, `out${number++}`);
  before(function () {
    needsShared(this);
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-anon-'));
    ({ identifying } = readFixture<{ identifying: string[] }>('dicom/expected.json'));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it('takes every name out, in tags and anywhere in the bytes, and leaves the pixels as they are', async () => {
    for (const name of [
      'ct_rescale.dcm',
      'ct_rle.dcm',
      'ct_j2k_lossless.dcm',
      'implicit_vr.dcm',
      'xray_jpeg_baseline.dcm',
      'no_preamble.dcm',
      'ct_multiframe.dcm',
    ]) {
      const before = await data.readDicom(fixture(name));
      const { files, notes } = await data.deidentify(fixture(name), { out: join(folder, name) });
      assert.deepEqual(files, [{ from: fixture(name), to: join(folder, name) }]);
      assert.deepEqual(notes, [], name);
      const after = await data.readDicom(join(folder, name));
      assert.deepEqual(after.pixels, before.pixels, name);
      assert.deepEqual(after.spacing, before.spacing, name);
      assert.equal(after.transferSyntax, before.transferSyntax, name);
      assert.equal(after.tags.PatientIdentityRemoved, 'YES', name);
      assert.deepEqual(after.notes, [], name);
      const bytes = readFileSync(join(folder, name)).toString('latin1');
      for (const keyword of identifying) {
        const value = before.tags[keyword];
        if (typeof value === 'string' && value.length > 2)
          assert.ok(!bytes.includes(value), `${name}: ${keyword} ${value}`);
      }
      for (const uid of ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'FrameOfReferenceUID']) {
        if (before.tags[uid] === undefined) continue;
        assert.match(String(after.tags[uid]), /^2\.25\.\d+$/, `${name}: ${uid}`);
      }
      assert.equal(after.tags.SOPClassUID, before.tags.SOPClassUID, name);
    }
  });

  it('of a series keeps it one, by pseudonyms that a key decides', async () => {
    const [a, b, c] = [out(), out(), out()];
    const first = await data.deidentify(fixture('series'), { out: a, key: 'secret' });
    const again = await data.deidentify(fixture('series'), { out: b, key: 'secret' });
    const other = await data.deidentify(fixture('series'), { out: c });
    assert.equal(first.files.length, 10);
    assert.equal(first.patients.length, 1);
    assert.match(first.patients[0], /^anon-[0-9a-f]{12}$/);
    assert.deepEqual(again.patients, first.patients);
    assert.notDeepEqual(other.patients, first.patients);
    assert.match(other.key, /^[0-9a-f]{32}$/);
    assert.deepEqual(readdirSync(a, { recursive: true }).sort(), readdirSync(b, { recursive: true }).sort());
    const [before, after] = [await data.readSeries(fixture('series')), await data.readSeries(a)];
    assert.deepEqual(after.data, before.data);
    assert.deepEqual(after.spacing, before.spacing);
  });

  it('shifts dates by the same days where asked, and keeps what is named', async () => {
    const to = join(folder, 'shifted.dcm');
    await data.deidentify(fixture('ct_rescale.dcm'), { out: to, dates: 'shift', keep: ['InstitutionName'] });
    const [before, after] = [await data.readDicom(fixture('ct_rescale.dcm')), await data.readDicom(to)];
    assert.equal(after.tags.InstitutionName, before.tags.InstitutionName);
    const days = (value: unknown): number =>
      Date.parse(String(value).replace(/(....)(..)(..)/, '$1-$2-$3')) / 86_400_000;
    const shift = days(before.tags.PatientBirthDate) - days(after.tags.PatientBirthDate);
    assert.ok(shift >= 1 && shift <= 3650, `${shift} days`);
    assert.equal(after.tags.LongitudinalTemporalInformationModified, 'MODIFIED');
  });

  it('goes on past broken files where told, counts them, and never writes over its source', async () => {
    await assert.rejects(
      data.deidentify(fixture('not_dicom.dcm'), { out: out() }),
      says('image', /not_dicom\.dcm/),
    );
    const cut = join(folder, 'mixed');
    await data.deidentify(fixture('series'), { out: cut });
    writeFileSync(join(cut, 'cut.dcm'), readFileSync(fixture('ct_rle.dcm')).subarray(0, 700));
    writeFileSync(join(cut, 'notes.txt'), 'Seen by Dr Smith.');
    const to = out();
    const { files, notes } = await data.deidentify(cut, { out: to, onError: 'skip' });
    assert.equal(files.length, 10);
    assert.match(notes.join(' '), /1 not DICOM, and not copied: .*notes\.txt.*1 of 12 files can't be read/);
    assert.ok(existsSync(to));
    await assert.rejects(data.deidentify(cut, { out: cut }), says('option', /itself/));
    await assert.rejects(data.deidentify(join(folder, 'none'), { out: to }), says('missing', /no folder/));
  });

  it('loses no image: those that share a UID or have none, and files without DICOM’s mark', async () => {
    const from = join(folder, 'alike');
    const uid = (value: string): Elements => ({ 0x00080018: ['UI', value] });
    const image = (value: number, more: Elements = {}): Elements =>
      imageElements(1, 1, {
        ...more,
        0x00100020: ['LO', 'Secret-7'],
        0x0020000e: ['UI', '1.2.3'],
        0x7fe00010: ['OW', Uint8Array.of(value, 0)],
      });
    mkdirSync(from);
    const files = [
      image(1, uid('1.2.9')),
      image(2, uid('1.2.9')),
      image(3),
      image(4),
      image(5, uid('1.2.10')),
    ];
    files.forEach((elements, i) =>
      writeFileSync(join(from, `${i}.dcm`), dicomFile(elements, { bare: i === 4 })),
    );
    writeFileSync(join(from, 'notes.txt'), 'Seen by Dr Smith.');
    // a second run into the same folder, here one within, makes the same copies
    for (let run = 0; run < 2; run++) {
      const result = await data.deidentify(from, { out: join(from, 'safe'), key: 'secret' });
      assert.equal(result.files.length, 5);
      const values = await Promise.all(
        result.files.map(async ({ to }) => (await data.readDicom(to)).pixels[0]),
      );
      assert.deepEqual(values, [1, 2, 3, 4, 5]);
      assert.match(result.notes.join(' '), /1 not DICOM, and not copied: \S*notes\.txt\.$/);
    }
  });

  it('keeps the number of the patient where told', async () => {
    const to = join(folder, 'numbered.dcm');
    const before = await data.readDicom(fixture('ct_rescale.dcm'));
    await data.deidentify(fixture('ct_rescale.dcm'), { out: to, keep: ['PatientID'] });
    const { tags } = await data.readDicom(to);
    assert.equal(tags.PatientID, before.tags.PatientID);
    assert.match(String(tags.PatientName), /^anon-/);
  });
});
