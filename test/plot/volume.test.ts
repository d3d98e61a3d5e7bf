import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import * as plot from '../../src/plot/index.js';
import type { Packed } from '../../src/plot/volume-viewer.js';

const [depth, height, width] = [20, 30, 40];
const scan = {
  data: Float32Array.from({ length: depth * height * width }, (_, i) => (i % width) * 50 - 1000),
  shape: [depth, height, width] as const,
  spacing: [5, 1, 1] as const,
  unit: 'HU',
};
const sent = (html: string): Packed => JSON.parse(/currentScript,(\{.*\}),"/.exec(html)![1]) as Packed;

describe('a figure of a volume', () => {
  it('sends the voxels in 8 bits, each within a hundredth of the range of its value', () => {
    const packed = sent(plot.volume(scan).html());
    const voxels = gunzipSync(Buffer.from(packed.data, 'base64'));
    assert.deepEqual(packed.shape, scan.shape);
    assert.ok(packed.levels.length <= 256);
    voxels.forEach((level, i) => assert.ok(Math.abs(packed.levels[level] - scan.data[i]) <= 20));
    assert.deepEqual(packed.window, { center: -600, width: 1500 });
  });

  it('shrinks what is larger than asked, and keeps its size in millimetres', () => {
    const { shape, spacing, whole } = sent(plot.volume(scan, { size: 16 }).html());
    assert.deepEqual([...shape], [16, 16, 16]);
    assert.deepEqual([...whole], [20, 30, 40]);
    shape.forEach((n, i) => assert.ok(Math.abs(n * spacing[i] - scan.shape[i] * scan.spacing[i]) < 1e-9));
  });

  it('has a still picture of three planes, and shows itself', () => {
    const figure = plot.volume(scan, { title: 'A <slope>' });
    assert.equal(figure.svg().match(/<image /g)?.length, 3);
    const bundle = (figure as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    assert.deepEqual(Object.keys(bundle), ['text/html', 'image/svg+xml', 'text/plain']);
    assert.doesNotMatch(bundle['text/html'], /A <slope>/);
  });

  it('of one slice, one value, or without numbers is drawn; lengths that do not fit are refused', () => {
    plot.volume({ data: new Float32Array(4), shape: [1, 2, 2], spacing: [1, 1, 1] }).html();
    plot.volume({ data: new Float32Array(8).fill(NaN), shape: [2, 2, 2], spacing: [1, 1, 1] }).html();
    assert.throws(
      () => plot.volume({ ...scan, shape: [1, 2, 3] }),
      /data has 24000 values, but 1×2×3 needs 6/,
    );
    assert.throws(() => plot.volume(scan, { size: 4 }), /from 8 to 512/);
  });
});
