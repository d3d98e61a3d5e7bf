import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import * as data from '../../src/data/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { says } from './folder.js';

interface Expected {
  good: Record<
    string,
    {
      shape: number[];
      photometric: string;
      transfer_syntax: string;
      min: number;
      max: number;
      mean: number;
      exact: boolean;
      float32_le_sha256?: string;
      row72?: number[];
      window?: { center: number; width: number; uint8_sha256: string };
    }
  >;
  refused: Record<string, string>;
  identifying: string[];
}

const file = (name: string): string => sharedPath(`fixtures/dicom/${name}`);
const sha256 = (values: Float32Array | Uint8Array): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

describe('a DICOM file', () => {
  let expected: Expected;
  before(function () {
    needsShared(this);
    expected = readFixture<Expected>('dicom/expected.json');
  });

  it('has the values that pydicom finds in it', async () => {
    for (const [name, want] of Object.entries(expected.good)) {
      if (!name.endsWith('.dcm')) continue;
      const image = await data.readDicom(file(name));
      assert.deepEqual(image.shape, want.shape, name);
      assert.equal(image.photometric, want.photometric, name);
      assert.equal(image.transferSyntax, want.transfer_syntax, name);
      if (want.exact) assert.equal(sha256(image.pixels), want.float32_le_sha256, name);
      const mean = image.pixels.reduce((a, b) => a + b, 0) / image.pixels.length;
      assert.ok(Math.abs(mean - want.mean) < (want.exact ? 1e-3 : 1), `${name}: mean ${mean}`);
      want.row72?.forEach((v, x) => {
        const got = image.pixels[72 * want.shape[1] + x];
        assert.ok(Math.abs(got - v) <= 6, `${name}: pixel ${x} of row 72 is ${got}, not ${v}`);
      });
      if (want.window) {
        const { center, width, uint8_sha256 } = want.window;
        assert.equal(sha256(image.window({ center, width })), uint8_sha256, `${name} in its window`);
        assert.equal(sha256(image.window('lung')), uint8_sha256, `${name} in the lung window`);
      }
    }
  });

  it('that is cut off, without pixels or no DICOM is refused, each in a sentence that says so', async () => {
    const why: Record<string, RegExp> = {
      'truncated.dcm':
        /truncated\.dcm can't be read as DICOM: its pixel data are shorter than Rows × Columns: \d+ bytes.*need \d+\.$/,
      'no_pixels.dcm': /no pixels/,
      'not_dicom.dcm': /neither DICOM’s mark nor/,
    };
    for (const name of Object.keys(expected.refused))
      await assert.rejects(data.readDicom(file(name)), says('image', why[name]), name);
    await assert.rejects(
      data.readDicom(file('nowhere.dcm')),
      says('missing', /There is no file .*nowhere\.dcm/),
    );
  });

  it('can be read from its bytes', async () => {
    const image = await data.readDicom(readFileSync(file('ct_signed.dcm')));
    assert.deepEqual(image.shape, [128, 128]);
  });

  it('cut anywhere, or with any byte of its head wrong, gives an error with a sentence or an image, never anything else', async () => {
    for (const name of ['ct_rle.dcm', 'ct_rescale.dcm', 'ct_j2k_lossless.dcm', 'implicit_vr.dcm']) {
      const whole = readFileSync(file(name));
      const tries = [
        ...Array.from({ length: 60 }, (_, i) => whole.subarray(0, Math.floor((i * whole.length) / 60))),
        ...Array.from({ length: 240 }, (_, i) => {
          const spoilt = Buffer.from(whole);
          spoilt[128 + Math.floor((i * 1100) / 240)] ^= 0xff;
          return spoilt;
        }),
      ];
      for (const bytes of tries)
        try {
          await data.readDicom(bytes);
        } catch (error) {
          const { name: kind, code, message } = error as data.DataError;
          assert.equal(`${kind} ${code}`, 'DataError image', `${name}: ${String(error)}`);
          assert.match(message, /^[^\n]+\.$/);
        }
    }
  });

  it('tells its tags by their names, and warns of those that tell who the patient is', async () => {
    const image = await data.readDicom(file('ct_rescale.dcm'));
    assert.equal(image.tags.Modality, 'CT');
    assert.equal(image.tags.Rows, 128);
    for (const name of expected.identifying)
      if (image.tags[name]) assert.match(image.notes.join(' '), new RegExp(`\\b${name}\\b`));
    assert.match(image.notes[0], /PatientName.*data\.deidentify/);
  });

  it('of several frames gives one when asked', async () => {
    const all = await data.readDicom(file('ct_multiframe.dcm'));
    const third = await data.readDicom(file('ct_multiframe.dcm'), { frame: 2 });
    assert.deepEqual(third.shape, all.shape.slice(1));
    assert.deepEqual(third.pixels, all.pixels.subarray(2 * 64 * 64, 3 * 64 * 64));
    await assert.rejects(
      data.readDicom(file('ct_multiframe.dcm'), { frame: 12 }),
      says('option', /frames are 0 to 11/),
    );
  });

  it('in MONOCHROME1 is shown with its lowest values white', async () => {
    const { pixels, window } = await data
      .readDicom(file('xray_mono1.dcm'))
      .then((i) => ({ pixels: i.pixels, window: i.window() }));
    const least = pixels.indexOf(Math.min(...pixels));
    assert.ok(window[least] > 200, `${window[least]}`);
  });

  it('all fixtures are looked at', () => {
    const known = [...Object.keys(expected.good), ...Object.keys(expected.refused), 'expected.json'];
    assert.deepEqual(
      readdirSync(file('')).filter((name) => !known.includes(name)),
      [],
    );
  });
});
