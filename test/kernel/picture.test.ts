// Tensors as small pictures, read back by another library.

import assert from 'node:assert/strict';
import sharp from 'sharp';
import { imageBundle, type ImageOptions } from '../../src/kernel/picture.js';

const tensor = (shape: number[], values: number[]): object => ({ shape, dataSync: () => values });

async function drawn(
  value: unknown,
  options?: ImageOptions,
): Promise<{ size: number[]; at(x: number, y: number): number[] }> {
  const png = Buffer.from(imageBundle(value, options)['image/png'], 'base64');
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const depth = info.channels;
  return {
    size: [info.width, info.height],
    at: (x, y) => [...data.subarray((y * info.width + x) * depth, (y * info.width + x + 1) * depth)],
  };
}
/** Whatever the number of channels, a grey value once. */
const grey = ([r, g = r, b = r]: number[]): number => (assert.ok(r === g && g === b), r);

describe('a picture of a tensor', () => {
  it('enlarges a tiny one: each value a square', async () => {
    const { size, at } = await drawn(tensor([2, 3], [0, 0.5, 1, 1, 0.5, 0]), { size: 30 });
    assert.deepEqual(size, [30, 20]);
    for (const [x, y, value] of [
      [0, 0, 0],
      [9, 9, 0],
      [10, 0, 128],
      [19, 9, 128],
      [20, 0, 255],
      [29, 9, 255],
      [0, 10, 255],
      [29, 19, 0],
    ])
      assert.equal(grey(at(x, y)), value, `${x}, ${y}`);
  });

  it('reduces a large one: means', async () => {
    const { size, at } = await drawn(tensor([2, 4], [0, 1, 1, 1, 1, 0, 1, 1]), { size: 2 });
    assert.deepEqual(size, [2, 1]);
    assert.deepEqual([grey(at(0, 0)), grey(at(1, 0))], [128, 255]);
  });

  it('with one, three or four channels, in the order red, green, blue, alpha', async () => {
    assert.equal(grey((await drawn(tensor([1, 1, 1], [255]))).at(0, 0)), 255);
    assert.deepEqual((await drawn(tensor([1, 1, 3], [255, 128, 0]))).at(0, 0), [255, 128, 0]);
    assert.deepEqual((await drawn(tensor([1, 1, 4], [1, 0.5, 0, 0.5]))).at(0, 0), [255, 128, 0, 128]);
  });

  it('of values in 0…1, in 0…255, of others, or within a given range', async () => {
    const first = async (values: number[], options?: ImageOptions): Promise<number> =>
      grey((await drawn(tensor([1, 2], values), options)).at(0, 0));
    assert.equal(await first([0.2, 0.4]), 51);
    assert.equal(await first([51, 102]), 51);
    assert.equal(await first([0, 300]), 0);
    assert.equal(await first([-1, 4]), 0);
    assert.equal(await first([0, 100], { range: [-100, 100] }), 128);
    assert.equal(await first([-5, 100], { range: [0, 100] }), 0);
    assert.match(imageBundle(tensor([1, 2], [-2, 4]))['text/plain'], /1 × 2 × 1, black -2, white 4/);
  });

  it('shows in red what is no number', async () => {
    const { at } = await drawn(tensor([1, 2], [NaN, 1]), { size: 2 });
    assert.deepEqual(
      [at(0, 0), at(1, 0)],
      [
        [255, 0, 0],
        [255, 255, 255],
      ],
    );
  });

  it('of a batch is a grid', async () => {
    const { size, at } = await drawn(tensor([3, 1, 1, 1], [0, 0.2, 1]), { size: 4, columns: 2 });
    assert.deepEqual(size, [10, 10]);
    assert.deepEqual([at(0, 0), at(6, 0), at(0, 6)].map(grey), [0, 51, 255]);
  });

  it('of pixels with a width and a height', async () => {
    const { at } = await drawn({
      width: 2,
      height: 1,
      data: new Uint8ClampedArray([9, 9, 9, 255, 200, 0, 0, 255]),
    });
    assert.deepEqual(at(200, 0), [200, 0, 0, 255]);
  });

  it('refuses what is none, and says why', () => {
    assert.throws(() => imageBundle(7), /takes a tensor/);
    assert.throws(() => imageBundle(tensor([2, 2, 2], [])), /not \[2, 2, 2\]/);
    assert.throws(() => imageBundle(tensor([0, 2, 3], [])), /nothing to show/);
    assert.throws(() => imageBundle(tensor([2000, 1, 1, 1], Array(2000).fill(0))), /at most 1024/);
  });
});
