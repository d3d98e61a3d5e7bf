// 3-D convolutions beside their definition, summed in JavaScript; both gradients by what a linear map's transpose must fulfil.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { compile, ops, tf } from '../../src/compute/index.js';

type T5 = tfjs.Tensor5D;
type Five = [number, number, number, number, number];

const noise = (shape: number[], seed: number): T5 =>
  tf.randomNormal(shape as [number], 0, 1, 'float32', seed) as unknown as T5;

/** torch.nn.functional.conv3d, channels last. */
function byDefinition(x: T5, w: T5, { stride = 1, pad = 0 }: ops.Conv3dOptions): number[] {
  const [a, b] = [x.arraySync(), w.arraySync()];
  const [n, ...size] = x.shape;
  const channels = size.pop()!;
  const filters = w.shape[4];
  const [strides, pads] = [ops.three(stride), ops.three(pad)];
  const [depth, height, width] = size.map(
    (s, i) => Math.floor((s + 2 * pads[i] - w.shape[i]) / strides[i]) + 1,
  );
  const out: number[] = [];
  for (let s = 0; s < n; s++)
    for (let z = 0; z < depth; z++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let f = 0; f < filters; f++) {
            let sum = 0;
            b.forEach((plane, i) =>
              plane.forEach((row, j) =>
                row.forEach((pixel, k) => {
                  const at = [z, y, x].map((p, axis) => p * strides[axis] - pads[axis] + [i, j, k][axis]);
                  const seen = a[s][at[0]]?.[at[1]]?.[at[2]];
                  if (seen) for (let c = 0; c < channels; c++) sum += seen[c] * pixel[c][f];
                }),
              ),
            );
            out.push(sum);
          }
  return out;
}

const dot = (a: tfjs.Tensor, b: tfjs.Tensor): number => {
  const [x, y] = [a, b].map((t) => t.dataSync() as Float32Array);
  return x.reduce((sum, v, i) => sum + v * y[i], 0);
};
const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void => {
  assert.equal(got.length, wanted.length, what);
  for (let i = 0; i < wanted.length; i++)
    assert.ok(
      Math.abs(got[i] - wanted[i]) < 2e-5 * (1 + Math.abs(wanted[i])),
      `${what} ${i}: ${got[i]}, not ${wanted[i]}`,
    );
};

describe('a 3-D convolution', () => {
  const cases: Array<[volume: number[], window: number[], options: ops.Conv3dOptions]> = [
    [[5, 6, 7], [3, 3, 3], { pad: 1 }], // SAME
    [[5, 6, 7], [3, 3, 3], { pad: 1, stride: 2 }],
    [[4, 9, 8], [3, 7, 7], { pad: [1, 3, 3], stride: [1, 2, 2] }],
    [[4, 5, 6], [1, 3, 3], { pad: [0, 1, 1], stride: [1, 2, 2] }],
    [[6, 4, 4], [3, 1, 1], { pad: [1, 0, 0], stride: [2, 1, 1] }],
    [[4, 5, 5], [1, 1, 1], { stride: 2 }],
    [[4, 4, 4], [2, 2, 2], {}],
    [[1, 1, 1], [3, 3, 3], { pad: 1, stride: 2 }],
  ];
  for (const channels of [1, 3])
    for (const [volume, window, options] of cases)
      it(`${JSON.stringify({ volume, channels, window, ...options })}: as defined, op by op and compiled`, () => {
        tf.tidy(() => {
          const x = noise([2, ...volume, channels], 1);
          const w = noise([...window, channels, 4], 2);
          const convolve = (x: tfjs.Tensor, w: tfjs.Tensor): T5 => ops.conv3d(x as T5, w as T5, options);
          const wanted = byDefinition(x, w, options);
          const dy = noise(convolve(x, w).shape, 3);
          const all = (x: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor[] => [
            convolve(x, w),
            ...tf.grads(convolve)([x, w], dy),
          ];
          const step = compile(all, { prepared: true, onEager: (why) => assert.fail(why) });
          // the gradient is the transpose of the map: ⟨dx, v⟩ is ⟨dy, conv(v)⟩ for any v
          const [v, u] = [noise(x.shape as Five, 4), noise(w.shape as Five, 5)];
          const products = [
            dot(dy, tf.tensor(byDefinition(v, w, options))),
            dot(dy, tf.tensor(byDefinition(x, u, options))),
          ];
          for (const [y, dx, dw] of [all(x, w), step.run([x, w])]) {
            near(y.dataSync(), wanted, 'value');
            assert.deepEqual([dx.shape, dw.shape], [x.shape, w.shape]);
            near([dot(dx, v), dot(dw, u)], products, 'gradient');
          }
          step.dispose();
        });
      });
});
