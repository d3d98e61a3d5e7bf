import { inspect } from 'node:util';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as data from '../../src/data/index.js';
import { endThreads } from '../../src/data/loader/pool.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { says } from './folder.js';

const sha256 = (values: ArrayLike<number>): string => {
  const floats = Float32Array.from(values);
  return createHash('sha256').update(new Uint8Array(floats.buffer)).digest('hex');
};
const near = (got: readonly number[], want: readonly number[], what = ''): void => {
  assert.equal(got.length, want.length, what);
  got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < 1e-5, `${what}: ${got} is not ${want}`));
};

describe('a DICOM series', () => {
  let folder: string;
  let expected: {
    good: Record<string, { shape: number[]; float32_le_sha256: string; spacing_zyx: number[] }>;
  };
  const series = (name: string): string => sharedPath(`fixtures/dicom/${name}`);
  before(function () {
    needsShared(this);
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-series-'));
    expected = readFixture('dicom/expected.json');
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it('is one volume, its slices in spatial order', async () => {
    const want = expected.good.series;
    const volume = await data.readSeries(series('series'));
    assert.deepEqual(volume.shape, want.shape);
    near(volume.spacing, want.spacing_zyx);
    assert.equal(sha256(volume.data), want.float32_le_sha256);
    assert.equal(volume.unit, 'HU');
    assert.equal(volume.orientation, 'LPS');
    assert.deepEqual(
      volume.notes.filter((note) => /gap|left out/i.test(note)),
      [],
    );
  });

  it('with a gap is read, and the gap reported', async () => {
    const volume = await data.readSeries(series('series_gap'));
    assert.equal(sha256(volume.data), expected.good.series_gap.float32_le_sha256);
    near(volume.spacing, [2.5, 0.7, 0.7]);
    assert.match(
      volume.notes.join('\n'),
      /A gap: 1 slice is missing between z = -30 and z = -25 mm, where slices are 2\.5 mm apart\./,
    );
  });

  it('leaves out slices that are there twice, and files that are no DICOM, and says so', async () => {
    for (const name of readdirSync(series('series')))
      copyFileSync(join(series('series'), name), join(folder, name));
    copyFileSync(join(folder, 'cfcd2084.dcm'), join(folder, 'again.dcm'));
    writeFileSync(join(folder, 'read.me'), 'Slices of a chest.');
    const volume = await data.readSeries(folder);
    assert.deepEqual(volume.shape, [10, 32, 32]);
    assert.equal(sha256(volume.data), expected.good.series.float32_le_sha256);
    assert.match(
      volume.notes.join('\n'),
      /1 slice lies where another one does, and is left out: cfcd2084\.dcm/,
    );
    assert.match(volume.notes.join('\n'), /Not DICOM, left out: .*read\.me/);
  });

  it('that is not the only one of its folder must be named', async () => {
    copyFileSync(series('ct_signed.dcm'), join(folder, 'other.dcm'));
    await assert.rejects(
      data.readSeries(folder),
      says('series', /holds 2 series.*0: 11 files CT.*1: 1 files CT.*series: 0/),
    );
    const [first, second] = await data.listSeries(folder);
    assert.equal(first.files.length, 11);
    assert.deepEqual((await data.readSeries(folder, { series: second.uid })).shape, [1, 128, 128]);
    await assert.rejects(data.readSeries(folder, { series: 7 }), says('series', /no series 7/));
    rmSync(join(folder, 'other.dcm'));
  });

  it('with a broken file is refused by the file, or read without it', async () => {
    const whole = readFileSync(join(folder, 'cfcd2084.dcm'));
    writeFileSync(join(folder, 'cut.dcm'), whole.subarray(0, 500));
    await assert.rejects(data.readSeries(folder), says('image', /cut\.dcm/));
    const volume = await data.readSeries(folder, { onError: 'skip' });
    assert.match(volume.notes.join('\n'), /1 of 13 files can't be read: .*cut\.dcm/);
    assert.equal(volume.shape[0], 10);
    await assert.rejects(data.readSeries(join(folder, 'none')), says('missing', /no folder/));
    const stop = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(data.readSeries(folder, { signal: stop }), /stopped/);
  });

  it('that is compressed is unpacked in threads, as it is without; of broken files the first is named', async () => {
    const inside = mkdtempSync(join(folder, 'packed-'));
    const sources = ['ct_j2k_lossless.dcm', 'ct_rle.dcm'];
    const position = (z: number): string => `0.0\\0.0\\${z}.0`;
    const files = Array.from({ length: 10 }, (_, z) => {
      const bytes = readFileSync(series(sources[z % 2]));
      const at = bytes.indexOf(position(0));
      assert.ok(at > 0);
      bytes.write(position(z), at, 'latin1');
      writeFileSync(join(inside, `${z}.dcm`), bytes);
      return join(inside, `${z}.dcm`);
    });
    const alone = await Promise.all(sources.map((name) => data.readDicom(series(name))));
    await endThreads();
    let threads = 0;
    const count = (): void => void threads++;
    process.on('worker', count);
    try {
      const { data: voxels, shape } = await data.readSeries(inside);
      assert.deepEqual(shape, [10, 128, 128]);
      for (let z = 0; z < 10; z++)
        assert.deepEqual(voxels.subarray(z * 128 * 128, (z + 1) * 128 * 128), alone[z % 2].pixels, `${z}`);
      assert.equal(threads, Math.min(8, availableParallelism()));
    } finally {
      process.off('worker', count);
    }
    for (const z of [8, 6]) {
      const bytes = readFileSync(files[z]);
      bytes.fill(0, bytes.length - 3000);
      bytes.fill(0, bytes.indexOf(Buffer.of(0xff, 0x4f, 0xff, 0x51)) + 4, bytes.length - 2900);
      writeFileSync(files[z], bytes);
    }
    await assert.rejects(
      data.readSeries(inside),
      says('image', /6\.dcm can't be read as DICOM: the JPEG 2000 data of frame 1 can't be decoded/),
    );
    const aborted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(data.readSeries(inside, { signal: aborted }), /enough/);
  });

  it('in one file of several frames is a volume too', async () => {
    const { shape } = await data.readVolume(series('ct_multiframe.dcm'));
    assert.deepEqual(shape, [12, 64, 64]);
  });
});

describe('a NIfTI file', () => {
  interface Want {
    shape: number[];
    spacing: number[];
    axcodes: string;
    float32_fortran_sha256: string;
    canonical: { shape: number[]; affine: number[][]; float32_fortran_sha256: string };
  }
  let expected: { good: Record<string, Want>; refused: Record<string, string> };
  const file = (name: string): string => sharedPath(`fixtures/nifti/${name}`);
  before(function () {
    needsShared(this);
    expected = readFixture('nifti/expected.json');
  });

  it('has the values, the axes and the canonical orientation that nibabel finds in it', async () => {
    for (const [name, want] of Object.entries(expected.good)) {
      const image = await data.readNifti(file(name));
      assert.deepEqual([...image.shape].reverse(), want.shape, name);
      near([...image.spacing].reverse(), want.spacing.slice(0, 3), name);
      assert.equal(sha256(image.data), want.float32_fortran_sha256, name);
      const volume = image.volume();
      assert.equal(volume.orientation, want.axcodes, name);
      const turned = volume.orient('RAS');
      assert.equal(turned.orientation, 'RAS', name);
      assert.deepEqual([...turned.shape].reverse(), want.canonical.shape.slice(0, 3), name);
      want.canonical.affine.forEach((row, i) => near(turned.affine[i], row, `${name}, affine`));
      if (want.shape.length === 3)
        assert.equal(sha256(turned.data), want.canonical.float32_fortran_sha256, name);
    }
  });

  it('in two files, header and voxels, is one whichever is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellgrad-pair-'));
    try {
      const whole = readFileSync(file('slope_inter.nii'));
      const want = await data.readNifti(file('slope_inter.nii'));
      const head = Buffer.from(whole.subarray(0, 348));
      const voxels = whole.subarray(whole.readFloatLE(108));
      head.writeFloatLE(0, 108);
      head.write('ni1\0', 344, 'latin1');
      writeFileSync(join(folder, 'a.hdr'), head);
      writeFileSync(join(folder, 'a.img'), voxels);
      writeFileSync(join(folder, 'b.hdr.gz'), gzipSync(head));
      writeFileSync(join(folder, 'b.img.gz'), gzipSync(voxels));
      for (const name of ['a.hdr', 'a.img', 'b.hdr.gz', 'b.img.gz']) {
        const image = await data.readNifti(join(folder, name));
        assert.deepEqual([image.data, image.affine], [want.data, want.affine], name);
      }
      assert.deepEqual((await data.readVolume(join(folder, 'a.hdr'), { orient: false })).data, want.data);
      writeFileSync(join(folder, 'a.img'), voxels.subarray(0, 100));
      await assert.rejects(data.readNifti(join(folder, 'a.hdr')), says('image', /a\.img .*ends before/));
      rmSync(join(folder, 'a.img'));
      await assert.rejects(data.readNifti(join(folder, 'a.hdr')), says('missing', /a\.img/));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('that does not say where it lies is taken as nibabel takes it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellgrad-nowhere-'));
    try {
      const bytes = readFileSync(file('int16.nii')); // 32 × 40 × 24 voxels of 0.8 × 0.8 × 2.5 mm
      bytes.writeInt16LE(0, 252);
      bytes.writeInt16LE(0, 254);
      writeFileSync(join(folder, 'nowhere.nii'), bytes);
      const { affine, volume } = await data.readNifti(join(folder, 'nowhere.nii'));
      // nibabel 5.4.2
      const want = [
        [-0.8, 0, 0, 12.4],
        [0, 0.8, 0, -15.6],
        [0, 0, 2.5, -28.75],
      ];
      want.forEach((row, i) => near(affine[i], row));
      assert.equal(volume().orientation, 'LAS');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('turned and turned back is what it was', async () => {
    const volume = (await data.readNifti(file('permuted_flipped.nii.gz'))).volume();
    const back = volume.orient('LIA').orient('RSP').orient('PSL');
    assert.deepEqual(back.data, volume.data);
    back.affine.forEach((row, i) => near(row, volume.affine[i]));
    assert.throws(() => volume.orient('LRS'), says('option', /'LRS' is no orientation/));
  });

  it('as a volume is turned as a CT is', async () => {
    const { orientation, shape } = await data.readVolume(file('int16.nii'));
    assert.deepEqual([orientation, ...shape], ['LPS', 24, 40, 32]);
  });

  it('says what it is in a line', () => {
    const volume = new data.Volume({
      data: Int16Array.of(-1000, 40),
      shape: [1, 1, 2],
      spacing: [2.5, 0.7, 0.7],
      unit: 'HU',
    });
    assert.equal(inspect(volume), 'Volume int16 [1, 1, 2], 2.5 × 0.7 × 0.7 mm, -1000 … 40 HU, LPS');
  });

  it('that is cut off or none is refused', async () => {
    await assert.rejects(
      data.readNifti(file('truncated.nii.gz')),
      says('image', /truncated\.nii\.gz.*stream ends early/),
    );
    await assert.rejects(
      data.readNifti(file('bad_header.nii')),
      says('image', /sizeof_hdr\) is -?\d+, where it must be 348 or 540/),
    );
    await assert.rejects(data.readVolume(file('nowhere.nii')), says('missing', /nowhere\.nii/));
  });
});

describe('MetaImage and NRRD files', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-itk-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const values = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 1000);
  const little = Buffer.from(values.buffer);
  const big = Buffer.from(little).swap16();
  const write = (name: string, head: string, ...bytes: Buffer[]): string => {
    writeFileSync(join(folder, name), Buffer.concat([Buffer.from(head), ...bytes]));
    return join(folder, name);
  };
  const meta = (more: string, data: string): string =>
    `ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementSpacing = 0.5 0.6 2\nOffset = -10 -20 -30\n${more}ElementType = MET_SHORT\nElementDataFile = ${data}\n`;
  const nrrd = (more: string): string =>
    `NRRD0004\n# made by hand\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 3 2\nspace directions: (0.5,0,0) (0,0.6,0) (0,0,2)\nspace origin: (-10,-20,-30)\n${more}\n`;

  it('are read: raw and packed, of either byte order, with their voxels in them or beside', async () => {
    write('beside.raw', '', little);
    const files = [
      write('a.mha', meta('BinaryDataByteOrderMSB = False\n', 'LOCAL'), little),
      write('b.mha', meta('BinaryDataByteOrderMSB = True\n', 'LOCAL'), big),
      write('c.mha', meta('CompressedData = True\n', 'LOCAL'), gzipSync(little)),
      write('d.mhd', meta('', 'beside.raw')),
      write('e.nrrd', nrrd('encoding: raw\nendian: little\n'), little),
      write('f.nrrd', nrrd('encoding: gzip\nendian: big\n'), gzipSync(big)),
      write('g.nhdr', nrrd('encoding: raw\nendian: little\ndata file: beside.raw\n')),
    ];
    for (const file of files) {
      const volume = await data.readVolume(file);
      assert.deepEqual(volume.shape, [2, 3, 4], file);
      near(volume.spacing, [2, 0.6, 0.5], file);
      assert.deepEqual(volume.data, values, file);
      assert.equal(volume.orientation, 'LPS', file);
      near(
        volume.affine.slice(0, 3).map((row) => row[3]),
        [10, 20, -30],
        file,
      );
    }
  });

  it('that are cut off, huge or of another kind are refused, each in a sentence', async () => {
    const refused: [string, RegExp][] = [
      [write('text.mha', meta('BinaryData = False\n', 'LOCAL'), Buffer.from('1 2 3')), /written as text/],
      [write('lines.nrrd', nrrd('encoding: raw\nendian: little\nline skip: 1\n'), little), /line skip/],
      [write('x1.mha', meta('', 'LOCAL'), little.subarray(0, 40)), /ends before its 4 × 3 × 2 voxels/],
      [
        write('x2.mha', meta('', 'LOCAL').replace('4 3 2', '100000 100000 100000')),
        /more than fit into memory/,
      ],
      [write('x3.mha', 'not a picture'), /no header with DimSize/],
      [
        write('x4.mha', meta('CompressedData = True\n', 'LOCAL'), gzipSync(little).subarray(0, 20)),
        /stream ends early/,
      ],
      [write('x5.nrrd', nrrd('encoding: text\n')), /encoding is 'text'/],
      [write('x6.nrrd', 'NRRD0004\ntype: block\n\n'), /type is 'block'/],
    ];
    for (const [file, why] of refused) await assert.rejects(data.readVolume(file), says('image', why), file);
    await assert.rejects(
      data.readVolume(write('x7.mhd', meta('', 'gone.raw'))),
      says('missing', /gone\.raw/),
    );
  });
});

describe('a volume', () => {
  // a body of 40 HU with two lungs in air, and a table beside it
  const [depth, height, width] = [12, 40, 48];
  const voxels = new Float32Array(depth * height * width).fill(-1000);
  for (let z = 2; z < 10; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = (z * height + y) * width + x;
        const inside = ((x - 24) / 18) ** 2 + ((y - 18) / 12) ** 2 < 1;
        const lung = Math.hypot(Math.abs(x - 24) - 8, y - 18) < 5;
        if (inside) voxels[at] = lung ? -850 : 40;
        if (y > 35) voxels[at] = 200;
      }
  const ct = new data.Volume({ data: voxels, shape: [depth, height, width], spacing: [5, 1, 1], unit: 'HU' });

  it('needs voxels that fill its shape, and a spacing', () => {
    assert.throws(
      () => new data.Volume({ data: voxels, shape: [1, 2, 3], spacing: [1, 1, 1] }),
      says('volume', /6 voxels, but its data 23040/),
    );
    assert.throws(() => ct.with({ spacing: [0, 1, 1] }), says('volume', /above 0 mm/));
  });

  it('is cropped to the body, without the table', () => {
    const body = ct.crop('body');
    assert.deepEqual(body.shape, [8, 23, 35]);
    assert.ok(!body.data.includes(200));
    near(
      body.affine.slice(0, 3).map((row) => row[3]),
      [-7, -7, 10],
    );
    assert.deepEqual(ct.crop('body', { margin: 2 }).shape, [8, 27, 39]);
    assert.throws(
      () => ct.crop({ from: [0, 0, 0], to: [13, 1, 1] }),
      says('option', /does not lie in a volume of 12 × 40 × 48/),
    );
  });

  it('is resampled linearly: what lies on a slope stays on it, its extent and place stay', () => {
    const slope = new data.Volume({
      data: Float32Array.from({ length: 10 * 8 * 6 }, (_, i) => (i % 6) * 2 + (Math.floor(i / 6) % 8)),
      shape: [10, 8, 6],
      spacing: [2, 1, 1],
    });
    const fine = slope.resample({ spacing: [1, 0.5, 0.5] });
    assert.deepEqual(fine.shape, [20, 16, 12]);
    near(fine.spacing, [1, 0.5, 0.5]);
    const at = (z: number, y: number, x: number): number => fine.data[(z * 16 + y) * 12 + x];
    // the centre of fine voxel x lies at (x + 0.5) / 2 - 0.5 of the coarse ones
    near([at(10, 6, 5), at(3, 9, 4)], [2 * 2.25 + 2.75, 2 * 1.75 + 4.25]);
    near(
      fine.affine.slice(0, 3).map((row) => row[3]),
      [0.25, 0.25, -0.5],
    );
    const flat = ct.with({ data: new Int16Array(ct.data.length).fill(-700) }).resample({ spacing: 1.7 });
    assert.ok(flat.data instanceof Int16Array && flat.data.every((v) => v === -700));
    assert.equal(ct.resample({ spacing: [5, 1, 1] }), ct);
  });

  it('gives slices as pictures: evenly spaced, every k-th or by number, in a window and a size', () => {
    const indices = (options: Parameters<data.Volume['slices']>[0]): number[] =>
      ct.slices(options).map(({ index }) => index);
    assert.deepEqual(indices({ count: 3 }), [2, 6, 10]);
    assert.deepEqual(indices({ every: 5 }), [2, 7]);
    assert.deepEqual(indices({ at: 'middle' }), [6]);
    assert.deepEqual(indices({ at: [1, 11] }), [1, 11]);
    assert.deepEqual(indices({ at: 20, plane: 'coronal' }), [20]);
    const [lung] = ct.slices({ at: 'middle', window: 'lung', size: 96 });
    assert.equal(lung.pixels.length, 96 * 96);
    assert.equal(lung.pixels[0], 0); // 40 × 48 is padded to a square
    const [sagittal] = ct.slices({ at: 'middle', plane: 'sagittal', window: 'lung' });
    assert.deepEqual([sagittal.width, sagittal.height], [40, 60]); // 12 slices of 5 mm
    assert.throws(() => ct.slices({ count: 3, every: 2 }), says('option', /one of count, every and at/));
    assert.throws(() => ct.slices({ at: 12 }), says('option', /numbered 0 to 11/));
    assert.throws(
      () => ct.slices({ window: 'lungs' as never }),
      says('option', /no window 'lungs'.*lung, mediastinum/),
    );
  });

  it('is brought through a window, and to 16 bits', () => {
    const { data: grey } = ct.window('lung');
    const value = (hu: number): number => Math.floor(((hu + 600.5) / 1499 + 0.5) * 255 + 0.5);
    assert.ok(grey instanceof Uint8Array);
    assert.deepEqual(
      [...new Set(grey)].sort((a, b) => a - b),
      [value(-1000), value(-850), value(40), 255],
    );
    assert.ok(ct.int16().data instanceof Int16Array);
  });
});
