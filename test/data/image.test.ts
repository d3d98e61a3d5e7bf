import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { loadImage, windowed } from '../../src/data/index.js';
import { resize } from '../../src/data/resize.js';
import { says } from './folder.js';

describe('a picture', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-image-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const save = async (
    name: string,
    pixels: number[],
    width: number,
    channels: 1 | 2 | 3 | 4,
    change: (s: Sharp) => Sharp = (s) => s.png(),
  ): Promise<string> => {
    const raw = { width, height: pixels.length / width / channels, channels };
    await change(sharp(Buffer.from(pixels), { raw })).toFile(at(name));
    return at(name);
  };
  const bytes = (x: Float32Array): number[] => Array.from(x, (v) => Math.round(v * 255));
  const corners = [10, 60, 110, 250]; // [[10, 60], [110, 250]]

  it('in grey, as grey and as three equal channels', async () => {
    const file = await save('grey.png', corners, 2, 1, (s) => s.toColourspace('b-w').png());
    assert.deepEqual(bytes(await loadImage(file, { size: 2 })), corners);
    assert.deepEqual(
      bytes(await loadImage(file, { size: 2, channels: 3 })),
      corners.flatMap((v) => [v, v, v]),
    );
  });

  it('in colour, as colour and as grey by the weights of ITU-R 601', async () => {
    const rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 100, 50];
    const file = await save('colour.png', rgb, 2, 3);
    assert.deepEqual(bytes(await loadImage(file, { size: 2, channels: 3 })), rgb);
    assert.deepEqual(bytes(await loadImage(file, { size: 2 })), [76, 150, 29, 124]);
  });

  it('with transparency loses it', async () => {
    const file = await save('alpha.png', [1, 2, 3, 0, 4, 5, 6, 128, 7, 8, 9, 255, 90, 80, 70, 10], 2, 4);
    assert.deepEqual(
      bytes(await loadImage(file, { size: 2, channels: 3 })),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 90, 80, 70],
    );
    const grey = await save('grey-alpha.png', [5, 0, 100, 255, 150, 7, 250, 99], 2, 2);
    assert.deepEqual(bytes(await loadImage(grey, { size: 2 })), [5, 100, 150, 250]);
  });

  it('of 16 bits is brought to 8, not cut off at 255', async () => {
    writeFileSync(at('deep.png'), greyPng16([0, 256, 30000, 65535], 2));
    const got = bytes(await loadImage(at('deep.png'), { size: 2 }));
    [0, 1, 117, 255].forEach((want, i) => assert.ok(Math.abs(got[i] - want) <= 1, `${got}`));
  });

  it('is turned upright as EXIF says', async () => {
    // orientation 6: shown turned a quarter clockwise
    const file = await save('turned.png', [10, 60, 110, 250], 2, 1, (s) =>
      s.toColourspace('b-w').withMetadata({ orientation: 6 }).png(),
    );
    assert.deepEqual(bytes(await loadImage(file, { size: 2 })), [110, 10, 250, 60]);
  });

  it('is stretched, cut or padded into the square', async () => {
    const wide = [0, 0, 100, 100, 200, 200, 250, 250].concat([0, 0, 100, 100, 200, 200, 250, 250]);
    const file = await save('wide.png', wide, 8, 1);
    const row = async (fit: 'fill' | 'cover' | 'contain', size: number): Promise<number[]> =>
      bytes(await loadImage(file, { size, fit }));
    assert.equal((await row('fill', 2)).length, 4);
    assert.deepEqual(await row('cover', 2), [100, 200, 100, 200]);
    const padded = await row('contain', 8);
    assert.deepEqual(padded.slice(0, 8), new Array(8).fill(0));
    assert.deepEqual(padded.slice(24, 32), wide.slice(0, 8));
  });

  it('larger than 1024 pixels is shrunk to the same grey values within one', async () => {
    const [width, height] = [1600, 1200];
    const pixels = Array.from({ length: width * height }, (_, i) =>
      Math.round(127 + 90 * Math.sin((i % width) / 130) + 30 * Math.cos(Math.floor(i / width) / 90)),
    );
    const file = await save('large.png', pixels, width, 1);
    const want = resize(Uint8Array.from(pixels), { width, height }, { width: 64, height: 64 });
    bytes(await loadImage(file, { size: 64 })).forEach((v, i) => assert.ok(Math.abs(v - want[i]) <= 2));
  });

  it('that is not there, no picture, or cut short is refused by name', async () => {
    const size = 4;
    await assert.rejects(loadImage(at('no.png'), { size }), says('missing', /no file .*no\.png/));
    writeFileSync(at('text.png'), 'not a picture');
    await assert.rejects(loadImage(at('text.png'), { size }), says('image', /text\.png can't be decoded/));
    writeFileSync(at('empty.png'), '');
    await assert.rejects(loadImage(at('empty.png'), { size }), says('image', /empty\.png/));
    const noise = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: '#333',
        noise: { type: 'gaussian', mean: 99, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer();
    writeFileSync(at('short.jpg'), noise.subarray(0, noise.length / 2));
    await assert.rejects(loadImage(at('short.jpg'), { size }), says('image', /short\.jpg/));
    await assert.rejects(
      loadImage(at('no.png'), { size: 0 }),
      says('option', /whole number of pixels, not 0/),
    );
  });
});

describe('resizing by the triangle filter', () => {
  // by hand: each output is the mean of the inputs under a triangle two outputs wide
  it('shrinks by two with the weights 1 3 3 1, cut off at the border', () => {
    const x = Uint8Array.from([0, 80, 160, 240, 40, 200]);
    const got = resize(x, { width: 6, height: 1 }, { width: 3, height: 1 });
    const want = [
      (0 * 3 + 80 * 3 + 160) / 7,
      (80 + 160 * 3 + 240 * 3 + 40) / 8,
      (240 + 40 * 3 + 200 * 3) / 7,
    ];
    assert.deepEqual([...got], want.map(Math.round));
  });

  it('keeps a flat picture flat, whatever the sizes and channels', () => {
    for (const [width, height, side] of [
      [7, 5, 3],
      [3, 9, 16],
      [320, 211, 96],
    ]) {
      const got = resize(
        new Uint8Array(width * height * 3).fill(255),
        { width, height },
        { width: side, height: side },
        3,
      );
      assert.ok(got.every((v) => v === 255));
      assert.equal(got.length, side * side * 3);
    }
  });

  it('treats every channel as a picture of its own', () => {
    const grey = Uint8Array.from({ length: 15 * 11 }, (_, i) => (i * 37) % 256);
    const colour = new Uint8Array(grey.length * 3);
    grey.forEach((v, i) => colour.set([v, 255 - v, 9], 3 * i));
    const [from, to] = [
      { width: 15, height: 11 },
      { width: 6, height: 7 },
    ];
    const small = resize(grey, from, to);
    resize(colour, from, to, 3).forEach((v, i) => {
      if (i % 3 === 0) assert.equal(v, small[i / 3]);
      if (i % 3 === 2) assert.equal(v, 9);
    });
  });
});

/** A PNG of 16-bit grey values, written by hand so that no library has scaled them. */
function greyPng16(values: number[], width: number): Buffer {
  const height = values.length / width;
  const raw = Buffer.alloc(height * (1 + 2 * width));
  values.forEach((v, i) =>
    raw.writeUInt16BE(v, Math.floor(i / width) * (1 + 2 * width) + 1 + 2 * (i % width)),
  );
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([16, 0, 0, 0, 0], 8);
  const chunk = (type: string, body: Buffer): Buffer => {
    const content = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const out = Buffer.alloc(content.length + 8);
    out.writeUInt32BE(body.length, 0);
    content.copy(out, 4);
    out.writeUInt32BE(crc32(content), content.length + 4);
    return out;
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a picture of 16 bits', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cellgrad-deep-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const deep = [0, 1000, 2000, 4000];
  const bytes = (x: Float32Array): number[] => Array.from(x, (v) => Math.round(v * 255));

  it('of a detector of 12 bits uses all of the grey, and a window where one is asked for', async () => {
    const file = join(folder, 'deep.png');
    writeFileSync(file, greyPng16(deep, 2));
    assert.deepEqual(
      bytes(await loadImage(file, { size: 2 })),
      deep.map((v) => Math.round((v / 4095) * 255)),
    );
    assert.deepEqual(
      bytes(await loadImage(file, { size: 2, window: { center: 2000.5, width: 2001 } })),
      [0, 0, 128, 255],
    );
  });

  it('as TIFF is as one as PNG', async () => {
    const png = join(folder, 'deep.png');
    const tiff = join(folder, 'deep.tif');
    await sharp(png).toColourspace('grey16').tiff({ compression: 'lzw' }).toFile(tiff);
    assert.deepEqual(await loadImage(tiff, { size: 2 }), await loadImage(png, { size: 2 }));
  });

  it('with a sign, or of 32 bits, keeps what is below 0 or above 255: Hounsfield units as TIFF', async () => {
    const units = [-1000, -600, 0, 500];
    const grey = units.map((v) => Math.round(((v + 1000) / 1500) * 255));
    const kinds: Record<string, [bits: number, format: number, bytes: Uint8Array]> = {
      int16: [16, 2, new Uint8Array(Int16Array.from(units).buffer)],
      int32: [32, 2, new Uint8Array(Int32Array.from(units).buffer)],
      uint32: [32, 1, new Uint8Array(Uint32Array.from(units, (v) => v + 1e6).buffer)],
      float32: [32, 3, new Uint8Array(Float32Array.from(units).buffer)],
    };
    for (const [name, [bits, format, values]] of Object.entries(kinds)) {
      const file = join(folder, `${name}.tif`);
      writeFileSync(file, greyTiff(values, 2, bits, format));
      assert.deepEqual(bytes(await loadImage(file, { size: 2 })), grey, name);
      if (name === 'uint32') continue;
      const lung = { center: -600, width: 1500 };
      const want = windowed(units, lung);
      assert.deepEqual(bytes(await loadImage(file, { size: 2, window: lung })), [...want], name);
    }
    const signed = join(folder, 'int8.tif');
    writeFileSync(signed, greyTiff(new Uint8Array(Int8Array.of(-128, -64, 0, 127).buffer), 2, 8, 2));
    assert.deepEqual(bytes(await loadImage(signed, { size: 2 })), [0, 64, 128, 255]);
    const half = join(folder, 'half.tif');
    writeFileSync(half, greyTiff(new Uint8Array(8), 2, 16, 3));
    await assert.rejects(loadImage(half, { size: 2 }), says('image', /floating-point numbers of 16 bits/));
  });
});

describe('a picture that claims 100,000 × 100,000 pixels', () => {
  it('is refused by its head', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellgrad-huge-'));
    const file = join(folder, 'huge.png');
    const huge = greyPng16([0, 0, 0, 0], 2);
    huge.writeUInt32BE(100_000, 16);
    huge.writeUInt32BE(100_000, 20);
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29);
    writeFileSync(file, huge);
    await assert.rejects(
      loadImage(file, { size: 4 }),
      says('image', /huge\.png.*claims 100000 × 100000 pixels/),
    );
    rmSync(folder, { recursive: true, force: true });
  });
});

/** A TIFF file of one strip, little endian; `format` 1 counts from 0, 2 has a sign, 3 is floating point. */
function greyTiff(values: Uint8Array, side: number, bits: number, format: number): Buffer {
  const tags = [
    [256, side], // width
    [257, side], // length
    [258, bits],
    [259, 1], // not packed
    [262, 1], // 0 is black
    [273, 8], // where the strip begins
    [277, 1], // samples
    [278, side], // rows of the strip
    [279, values.length],
    [339, format],
  ];
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(8 + values.length, 4);
  const count = Buffer.from(Uint16Array.of(tags.length).buffer);
  const entries = tags.map(([tag, value]) => {
    const entry = Buffer.alloc(12);
    entry.writeUInt16LE(tag, 0);
    entry.writeUInt16LE(3, 2); // a short
    entry.writeUInt32LE(1, 4);
    entry.writeUInt16LE(value, 8);
    return entry;
  });
  return Buffer.concat([head, values, count, ...entries, Buffer.alloc(4)]);
}
