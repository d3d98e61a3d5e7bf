import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { loadImage, type FitOptions } from '../../src/data/index.js';
import { decodeJpeg } from '../../src/data/jpeg.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';

interface Expected {
  images: Record<
    string,
    Record<string, { mean: number[]; first32: number[][]; block8x8_channel0: number[][] }>
  >;
}
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const recipes: Record<string, FitOptions> = {
  torchvision_bilinear_256_224: { resize: 256, size: 224 },
  timm_bicubic_235_224: { resize: 235, size: 224, interpolation: 'bicubic' },
  squash_bilinear_96: { size: 96 },
};

describe('a picture as torchvision and timm prepare it', () => {
  let images: Expected['images'];
  before(function () {
    needsShared(this);
    images = readFixture<Expected>('preprocess/expected.json').images;
  });

  for (const [name, options] of Object.entries(recipes))
    it(`${name}: mean, first values and blocks, to a grey value`, async () => {
      for (const [file, expected] of Object.entries(images)) {
        const x = await loadImage(sharedPath(`fixtures/preprocess/${file}`), { ...options, channels: 3 });
        const { size } = options;
        const planes = [0, 1, 2].map((c) =>
          Float32Array.from({ length: size * size }, (_, i) => (x[3 * i + c] - mean[c]) / std[c]),
        );
        const { first32, block8x8_channel0: blocks, mean: means } = expected[name];
        const near = (got: number, want: number, most: number): void =>
          assert.ok(Math.abs(got - want) < most, `${file}: ${got}, not ${want}`);
        for (const c of [0, 1, 2]) {
          first32[c].forEach((v, i) => near(planes[c][i], v, 1e-5));
          near(planes[c].reduce((a, v) => a + v, 0) / size ** 2, means[c], 1e-4);
        }
        const side = size / 8;
        blocks.flat().forEach((want, at) => {
          let sum = 0;
          for (let y = 0; y < side; y++)
            for (let k = 0; k < side; k++)
              sum += planes[0][(Math.floor(at / 8) * side + y) * size + (at % 8) * side + k];
          near(sum / side ** 2, want, 1e-4);
        });
      }
    }).timeout(60_000);

  it('JPEG: the same values as from sharp', async () => {
    for (const file of Object.keys(images)) {
      const path = sharedPath(`fixtures/preprocess/${file}`);
      const picture = await decodeJpeg(readFileSync(path), 1024);
      const { data, info } = await sharp(path)
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.equal(picture!.width, info.width);
      assert.ok(Buffer.from(picture!.pixels).equals(data), file);
    }
  });

  it('JPEG in colour: the same values as from sharp, whatever the subsampling', async () => {
    const pixels = Buffer.from(
      Uint8Array.from({ length: 61 * 47 * 3 }, (_, i) => 128 + 90 * Math.sin(i / 40) + 30 * Math.cos(i / 7)),
    );
    for (const chromaSubsampling of ['4:4:4', '4:2:0'])
      for (const progressive of [false, true]) {
        const file = await sharp(pixels, { raw: { width: 61, height: 47, channels: 3 } })
          .jpeg({ chromaSubsampling, progressive })
          .toBuffer();
        const picture = await decodeJpeg(file, 1024);
        assert.ok(Buffer.from(picture!.pixels).equals(await sharp(file).raw().toBuffer()), chromaSubsampling);
      }
  });
});
