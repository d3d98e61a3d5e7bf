// Gradients of tfjs's ops beside differences of the ops themselves: all are linear or quadratic in each of their values, so that these are exact.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { compile, ops, tf } from '../../src/compute/index.js';

type Op = (...inputs: tfjs.Tensor[]) => tfjs.Tensor;
type T3 = tfjs.Tensor3D;
type T4 = tfjs.Tensor4D;
type T5 = tfjs.Tensor5D;

const noise = (shape: number[], seed: number): tfjs.Tensor =>
  tf.randomUniform(shape as [number], -2, 2, 'float32', seed);
/** Numbers of which no two are nearer than 1/4, in no order. */
const apart = (shape: number[], from: number): tfjs.Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: n }, (_, i) => ((i * 7) % n) / 2 + from);
  return tf.tensor(values, shape as [number]);
};

/** The gradients of Σ dy · op. */
function differences(op: Op, inputs: tfjs.Tensor[], dy: tfjs.Tensor, h: number): number[][] {
  const total = (given: tfjs.Tensor[]): number =>
    tf.tidy(() => tf.sum(tf.mul(op(...given), dy)).dataSync()[0]);
  return inputs.map((input, k) =>
    Array.from({ length: input.size }, (_, i) => {
      const at = (by: number): number => {
        const moved = Float32Array.from(input.dataSync());
        moved[i] += by;
        const given = [...inputs];
        given[k] = tf.tensor(moved, input.shape as [number]);
        const sum = total(given);
        given[k].dispose();
        return sum;
      };
      return (at(h) - at(-h)) / (2 * h);
    }),
  );
}

function check(op: Op, inputs: tfjs.Tensor[], h = 0.125): void {
  tf.tidy(() => {
    const dy = noise(op(...inputs).shape, 9);
    const wanted = differences(op, inputs, dy, h);
    const gradients: Op = (...given) => {
      const all = tf.grads(op)(given, dy);
      return tf.concat(all.map((g) => tf.reshape(g, [-1])));
    };
    tf.grads(op)(inputs, dy).forEach((g, i) => assert.deepEqual(g.shape, inputs[i].shape));
    const step = compile((...given) => [gradients(...given)], {
      prepared: true,
      onEager: (why) => assert.fail(why),
    });
    for (const got of [gradients(...inputs), step.run(inputs)[0]]) {
      const values = got.dataSync();
      wanted
        .flat()
        .forEach((v, i) => assert.ok(Math.abs(values[i] - v) < 2e-3, `[${i}]: ${values[i]}, not ${v}`));
    }
    step.dispose();
  });
}

const shapes: Array<[number[], number[]]> = [
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [[], [2, 2]],
];

describe('gradients', function () {
  this.timeout(120_000);
  let tensors: number;
  beforeEach(() => (tensors = tf.memory().numTensors));
  afterEach(() => assert.equal(tf.memory().numTensors, tensors, 'tensors are left'));

  for (const name of ['maximum', 'minimum', 'squaredDifference'] as const)
    it(`of ${name} of two shapes are of these shapes`, () => {
      for (const [a, b] of shapes)
        tf.tidy(() => check((x, y) => tf[name](x, y), [apart(a, 0), apart(b, 0.25)], 0.0625));
      tf.tidy(() => {
        const [a, b] = tf.grads((a, b) => tf[name](a, b))([tf.zeros([0, 3]), tf.ones([1])]);
        assert.deepEqual([a.shape, b.shape, [...b.dataSync()]], [[0, 3], [1], [0]]);
      });
    });

  for (const [a, b] of [
    [
      [2, 1, 3, 4],
      [1, 2, 4, 2],
    ],
    [
      [3, 4],
      [2, 4, 2],
    ],
  ])
    it(`of a product of matrices [${a}] and [${b}], also transposed`, () => {
      const turned = (shape: number[]): number[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
      for (const transposeA of [false, true])
        for (const transposeB of [false, true])
          tf.tidy(() =>
            check(
              (x, y) => tf.matMul(x, y, transposeA, transposeB),
              [noise(transposeA ? turned(a) : a, 1), noise(transposeB ? turned(b) : b, 2)],
            ),
          );
    });

  it('of sums so far along each axis, from both ends', () => {
    for (const axis of [0, 1, 2, -1, -2])
      for (const exclusive of [false, true])
        for (const reverse of [false, true])
          tf.tidy(() => check((x) => tf.cumsum(x, axis, exclusive, reverse), [noise([2, 3, 2], 1)]));
  });

  it('of a product along axes counted from the right', () => {
    for (const axis of [-1, -2, [-1, 0], [0, 2], undefined])
      tf.tidy(() => check((x) => tf.prod(x, axis), [noise([2, 2, 3], 1)]));
  });

  for (const mode of ['reflect', 'symmetric'] as const)
    it(`of a mirrored border (${mode}): what is seen twice counts twice`, () => {
      const two: Array<[number, number]> = [
        [1, 1],
        [2, 0],
      ];
      tf.tidy(() => check((x) => tf.mirrorPad(x, two, mode), [noise([2, 3], 1)]));
      const four: Array<[number, number]> = [
        [0, 0],
        [2, 1],
        [0, 2],
        [0, 0],
      ];
      tf.tidy(() => check((x) => tf.mirrorPad(x, four, mode), [noise([2, 3, 3, 1], 1)]));
      tf.tidy(() => {
        // of the gradient too
        const twice = tf.grad((x) =>
          tf.sum(tf.square(tf.grad((x) => tf.square(tf.mirrorPad(x, two, mode)))(x))),
        );
        const x = noise([2, 3], 1);
        const seen = tf.grad((x) => tf.mirrorPad(x, two, mode))(x);
        const wanted = tf.mul(tf.mul(8, tf.square(seen)), x).dataSync();
        twice(x)
          .dataSync()
          .forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) < 1e-3, `${v}, not ${wanted[i]}`));
      });
    });

  for (const [corners, half] of [
    [false, false],
    [true, false],
    [false, true],
  ])
    it(`of resizing${corners ? ' by corners' : half ? ' by half pixels' : ''}`, () => {
      for (const size of [
        [7, 3],
        [2, 9],
      ] as Array<[number, number]>)
        tf.tidy(() => {
          const x = noise([1, 4, 5, 2], 1);
          check((x) => tf.image.resizeBilinear(x as T4, size, corners, half), [x]);
          check((x) => tf.image.resizeNearestNeighbor(x as T4, size, corners, half), [x]);
        });
    });

  for (const pad of ['same', 'valid', 1] as const)
    it(`of dilated convolutions with padding ${pad}`, () => {
      const rounding = typeof pad === 'number' ? 'floor' : undefined;
      for (const dilation of [2, 3] as const)
        tf.tidy(() => {
          const x = noise([1, 7, 8, 2], 1);
          check(
            (x, w) => tf.conv2d(x as T4, w as T4, 1, pad, 'NHWC', dilation, rounding),
            [x, noise([2, 3, 2, 3], 2)],
          );
          check(
            (x, w) => tf.depthwiseConv2d(x as T4, w as T4, 1, pad, 'NHWC', dilation, rounding),
            [x, noise([2, 2, 2, 2], 2)],
          );
        });
    });
});

describe('a convolution of no pictures', () => {
  it('has the shape of its result, and gradients', () => {
    tf.tidy(() => {
      const x = tf.zeros<tfjs.Rank.R4>([0, 6, 5, 4]);
      const w = tf.ones<tfjs.Rank.R4>([3, 3, 4, 2]);
      const volumes = tf.zeros<tfjs.Rank.R5>([0, 5, 5, 5, 2]);
      const cube = tf.ones<tfjs.Rank.R5>([3, 3, 3, 2, 3]);
      const half = tf.ones<tfjs.Rank.R4>([3, 3, 2, 6]);
      const cases: Array<[Op, tfjs.Tensor[], number[]]> = [
        [(x, w) => ops.conv2d(x as T4, w as T4), [x, w], [0, 4, 3, 2]],
        [(x, w) => ops.conv2d(x as T4, w as T4, { groups: 2 }), [x, half], [0, 4, 3, 6]],
        [(x, w) => ops.depthwiseConv2d(x as T4, w as T4, { stride: 2 }), [x, w], [0, 2, 2, 8]],
        [(x, w) => ops.conv3d(x as T5, w as T5), [volumes, cube], [0, 3, 3, 3, 3]],
        [(x, w) => tf.conv2d(x as T4, w as T4, 1, 'valid'), [x, w], [0, 4, 3, 2]],
        [(x, w) => tf.depthwiseConv2d(x as T4, w as T4, 1, 'same'), [x, w], [0, 6, 5, 8]],
        [(x, w) => tf.conv3d(x as T5, w as T5, 1, 'valid'), [volumes, cube], [0, 3, 3, 3, 3]],
        [
          (x, w) =>
            tf.fused.conv2d({ x: x as T4, filter: w as T4, strides: 1, pad: 'valid', activation: 'relu' }),
          [x, w],
          [0, 4, 3, 2],
        ],
        [
          (x, w) => tf.conv1d(x as T3, w as T3, 1, 'valid'),
          [tf.zeros([0, 6, 2]), tf.ones([3, 2, 5])],
          [0, 4, 5],
        ],
      ];
      for (const [op, inputs, shape] of cases) {
        assert.deepEqual(op(...inputs).shape, shape);
        tf.grads(op)(inputs).forEach((g, i) => assert.deepEqual(g.shape, inputs[i].shape));
      }
    });
  });
});
