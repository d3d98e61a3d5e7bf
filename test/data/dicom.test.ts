import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import * as data from '../../src/data/index.js';
import { dicomFile, imageElements, type Elements } from '../support/dicom-file.js';
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

  it('in JPEG extended of 12 bits is decoded, and refused where it is cut off or of another size', async () => {
    const values = [3000, 100];
    const whole = jpegExtended(values);
    const image = await data.readDicom(dicomOf(8, 16, whole));
    assert.deepEqual(image.shape, [8, 16]);
    assert.deepEqual(
      [...image.pixels],
      Array.from({ length: 8 * 16 }, (_, i) => values[Math.floor((i % 16) / 8)]),
    );
    await assert.rejects(
      data.readDicom(dicomOf(8, 16, whole.subarray(0, -2))),
      says('image', /the JPEG extended data of frame 1 can't be decoded \(it is cut off\)/),
    );
    await assert.rejects(data.readDicom(dicomOf(16, 8, whole)), says('image', /8 × 16 pixels .* not 16 × 8/));
    for (let at = 2; at < whole.length - 2; at++) {
      const spoilt = whole.map((v, i) => (i === at ? v ^ 0x11 : v));
      try {
        assert.equal((await data.readDicom(dicomOf(8, 16, spoilt))).pixels.length, 128);
      } catch (error) {
        assert.ok(says('image')(error), `byte ${at}`);
      }
    }
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

  it('of one bit a pixel has frames that begin and end within a byte', async () => {
    // 5 frames of 63 bits, of which every seventh is 1
    const bits = Uint8Array.from({ length: 5 * 63 }, (_, i) => Number(i % 7 === 0));
    const packed = new Uint8Array(40);
    bits.forEach((bit, i) => (packed[i >> 3] |= bit << (i & 7)));
    const one = Object.fromEntries([0x100, 0x101].map((tag) => [0x00280000 + tag, ['US', [1]]] as const));
    const image = await data.readDicom(
      dicomFile(
        imageElements(7, 9, {
          ...one,
          0x00280102: ['US', [0]],
          0x00280008: ['IS', '5'],
          0x7fe00010: ['OB', packed],
        }),
      ),
    );
    assert.deepEqual(image.shape, [5, 7, 9]);
    assert.deepEqual([...image.pixels], [...bits]);
  });

  it('is shown through a lookup table that begins below zero', async () => {
    // 200 values from black at -100 to white at 99
    const table = Uint16Array.from({ length: 200 }, (_, i) => Math.round((i * 4095) / 199));
    const lut = (vr: string): Elements => ({
      0x00283010: [
        'SQ',
        [
          {
            0x00283002: [vr, [200, 65536 - 100, 12]],
            0x00283006: ['OW', new Uint8Array(table.buffer)],
          },
        ],
      ],
    });
    const shown = [0, 1, 128, 254, 255, 255];
    const values = Int16Array.of(-300, -99, 0, 98, 99, 500);
    const signed = imageElements(2, 3, {
      ...lut('SS'),
      0x00280103: ['US', [1]],
      0x7fe00010: ['OW', new Uint8Array(values.buffer)],
    });
    assert.deepEqual([...(await data.readDicom(dicomFile(signed))).window()], shown);
    // below zero by the intercept, as CT often is
    const raised = Uint16Array.from(values, (v) => v + 1024);
    for (const vr of ['SS', 'US']) {
      const unsigned = imageElements(2, 3, {
        ...lut(vr),
        0x00281052: ['DS', '-1024'],
        0x00281053: ['DS', '1'],
        0x7fe00010: ['OW', new Uint8Array(raised.buffer)],
      });
      assert.deepEqual([...(await data.readDicom(dicomFile(unsigned))).window()], shown, vr);
    }
  });

  it('is shown through a window narrower than 1 where its function allows it', async () => {
    const values = new Uint8Array(Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.9).buffer);
    const show = async (curve: string): Promise<number[]> => {
      const { 0x00280100: _, 0x00280101: __, 0x00280102: ___, ...elements } = imageElements(2, 3);
      const voi: Elements = {
        0x00281050: ['DS', '0.3'],
        0x00281051: ['DS', '0.4'],
        0x00281056: ['CS', curve],
        0x7fe00008: ['OF', values],
      };
      return [...(await data.readDicom(dicomFile({ ...elements, ...voi }))).window()];
    };
    assert.deepEqual(await show('LINEAR_EXACT'), [0, 64, 128, 191, 255, 255]);
    assert.deepEqual(await show('SIGMOID'), [30, 69, 128, 186, 225, 254]);
  });

  it('in JPEG colour without a marker of its own has the colours that the file names', async () => {
    const pixels = Buffer.alloc(16 * 16 * 3, Buffer.of(200, 50, 50));
    const bare = await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
      .jpeg({ quality: 100 })
      .toBuffer();
    assert.equal(bare[3], 0xdb); // a table comes first, no marker
    const marker = Buffer.from('\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1');
    const jfif = Buffer.concat([bare.subarray(0, 2), marker, bare.subarray(2)]);
    const first = async (stream: Uint8Array, photometric: string): Promise<number[]> => {
      const eight = { 0x00280100: 8, 0x00280101: 8, 0x00280102: 7, 0x00280002: 3 };
      const elements = imageElements(16, 16, {
        ...Object.fromEntries(Object.entries(eight).map(([tag, v]) => [tag, ['US', [v]]] as const)),
        0x00280004: ['CS', photometric],
        0x00280006: ['US', [0]],
      });
      const file = dicomFile(elements, { syntax: '1.2.840.10008.1.2.4.50', fragments: [stream] });
      return [...(await data.readDicom(file)).pixels.subarray(0, 3)];
    };
    const close = (got: number[], want: number[]): void =>
      got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) <= 1, `${got} is not ${want}`));
    close(await first(bare, 'YBR_FULL_422'), [200, 50, 50]);
    close(await first(jfif, 'RGB'), [200, 50, 50]); // the stream's marker says more than the file
    close(await first(bare, 'RGB'), [95, 103, 203]); // its samples as they are: here Y, Cb and Cr
  });

  it('all fixtures are looked at', () => {
    const known = [...Object.keys(expected.good), ...Object.keys(expected.refused), 'expected.json'];
    assert.deepEqual(
      readdirSync(file('')).filter((name) => !known.includes(name)),
      [],
    );
  });
});

/** A DICOM file of 16-bit grey with 12 bits used, in JPEG extended. */
function dicomOf(rows: number, columns: number, packed: Uint8Array): Buffer {
  return dicomFile(imageElements(rows, columns, { 0x00280101: ['US', [12]], 0x00280102: ['US', [11]] }), {
    syntax: '1.2.840.10008.1.2.4.51',
    fragments: [packed],
  });
}

/** A JPEG stream (ITU-T T.81) of 12 bits: blocks of 8 × 8 beside each other, each of one value, 512 to 1023 or 2048 to 4095 away from the one before (2048 at first). */
function jpegExtended(values: number[]): Buffer {
  const segment = (marker: number, ...content: number[]): number[] => [
    0xff,
    marker,
    0,
    content.length + 2,
    ...content,
  ];
  // DC codes: 0 for ten bits, 10 for twelve; the one AC code, 0, ends the block
  let bits = '';
  let before = 2048;
  for (const value of values) {
    const step = value - before; // quantised by 8, which is what a block's sum is scaled by
    const size = Math.abs(step) >= 1024 ? 12 : 10;
    const coded = step > 0 ? step : step + 2 ** size - 1;
    bits += (size === 10 ? '0' : '10') + coded.toString(2).padStart(size, '0') + '0';
    before = value;
  }
  bits = bits.padEnd(8 * Math.ceil(bits.length / 8), '1');
  const coded = bits
    .match(/.{8}/g)!
    .flatMap((byte) => (byte === '11111111' ? [255, 0] : [parseInt(byte, 2)]));
  const table = (kind: number, counts: number[], symbols: number[]): number[] =>
    segment(0xc4, kind, ...counts, ...new Array<number>(16 - counts.length).fill(0), ...symbols);
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xdb, 0, ...new Array<number>(64).fill(8)),
    ...segment(0xc1, 12, 0, 8, 0, 8 * values.length, 1, 1, 0x11, 0),
    ...table(0x00, [1, 1], [10, 12]),
    ...table(0x10, [1], [0]),
    ...segment(0xda, 1, 1, 0, 0, 63, 0),
    ...coded,
    ...[0xff, 0xd9],
  ]);
}
