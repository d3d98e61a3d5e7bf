// Pooling with padding other than TensorFlow's `VALID` and `SAME`, which is all that tfjs-node knows.

import { tf } from '../tfjs.js';
import {
  attr,
  register,
  registered,
  run,
  runMany,
  side,
  type Inputs,
  type Kernel,
  type Tensor,
} from './kernel.js';

type Info2D = ReturnType<typeof tf.backend_util.computePool2DInfo>;
type Info3D = ReturnType<typeof tf.backend_util.computePool3DInfo>;

/** A window's way over a picture or volume, one number for each of its axes. */
interface Window {
  native: boolean;
  size: number[];
  stride: number[];
  /** Padded before and after. */
  padding: [number, number][];
  empty: boolean;
}

function window2D(x: number[], a: Record<string, unknown>): Window {
  const i: Info2D = tf.backend_util.computePool2DInfo(
    x as [number, number, number, number],
    a.filterSize as number,
    a.strides as number,
    1,
    a.pad as number,
    a.dimRoundingMode as 'floor',
  );
  return {
    native: i.padInfo.type === 'VALID' || i.padInfo.type === 'SAME',
    size: [i.filterHeight, i.filterWidth],
    stride: [i.strideHeight, i.strideWidth],
    padding: [
      side(i.padInfo.top, i.inHeight, i.outHeight, i.filterHeight, i.strideHeight),
      side(i.padInfo.left, i.inWidth, i.outWidth, i.filterWidth, i.strideWidth),
    ],
    empty: Math.min(i.outHeight, i.outWidth) <= 0,
  };
}

function window3D(x: number[], a: Record<string, unknown>): Window {
  const i: Info3D = tf.backend_util.computePool3DInfo(
    x as [number, number, number, number, number],
    a.filterSize as number,
    a.strides as number,
    1,
    a.pad as number,
    a.dimRoundingMode as 'floor',
    (a.dataFormat as 'NDHWC') ?? 'NDHWC',
  );
  return {
    native: i.padInfo.type === 'VALID' || i.padInfo.type === 'SAME',
    size: [i.filterDepth, i.filterHeight, i.filterWidth],
    stride: [i.strideDepth, i.strideHeight, i.strideWidth],
    padding: [
      side(i.padInfo.front, i.inDepth, i.outDepth, i.filterDepth, i.strideDepth),
      side(i.padInfo.top, i.inHeight, i.outHeight, i.filterHeight, i.strideHeight),
      side(i.padInfo.left, i.inWidth, i.outWidth, i.filterWidth, i.strideWidth),
    ],
    empty: Math.min(i.outDepth, i.outHeight, i.outWidth) <= 0,
  };
}

const attributes = (w: Window, dtype: string) => [
  attr.type('T', dtype),
  attr.ints('ksize', [1, ...w.size, 1]),
  attr.ints('strides', [1, ...w.stride, 1]),
  attr.text('padding', 'VALID'),
  attr.text('data_format', w.size.length === 2 ? 'NHWC' : 'NDHWC'),
];
const pad = (x: Tensor, w: Window, value: number): Tensor => tf.pad(x, [[0, 0], ...w.padding, [0, 0]], value);
/** The part that was not padded. */
const inner = (x: Tensor, w: Window, shape: number[]): Tensor =>
  tf.slice(x, [0, ...w.padding.map(([before]) => before), 0], shape);
const lowest = (x: Tensor): number => (x.dtype === 'int32' ? -(2 ** 31) : -Infinity);

/** The part of each window that is not padding. */
function covered(w: Window, x: Tensor): Tensor {
  const ones = tf.ones([1, ...x.shape.slice(1, -1), 1]);
  return run(w.size.length === 2 ? 'AvgPool' : 'AvgPool3D', attributes(w, 'float32'), [pad(ones, w, 0)]);
}

type Explicit = (w: Window, inputs: Inputs) => Tensor;

function pooling(name: string, explicit: Explicit): Record<string, Kernel> {
  const native = registered(name);
  const window = name.includes('3D') ? window3D : window2D;
  return {
    [name]: (inputs, attrs) => {
      const x = inputs.x ?? inputs.input;
      const w = window(x.shape, attrs);
      if (w.empty && inputs.x) {
        const shape = w.size.map((size, i) => {
          const room = x.shape[i + 1]! + w.padding[i][0] + w.padding[i][1];
          return Math.max(0, Math.floor((room - size) / w.stride[i]) + 1);
        });
        return tf.zeros([x.shape[0], ...shape, x.shape[x.rank - 1]], x.dtype as 'float32');
      }
      return w.native ? native(inputs, attrs) : explicit(w, inputs);
    },
  };
}

export function registerPooling(): void {
  const max =
    (op: string): Explicit =>
    (w, { x }) =>
      run(op, attributes(w, x.dtype), [pad(x, w, lowest(x))]);
  const maxGradient =
    (op: string): Explicit =>
    (w, { dy, input, output }) => {
      const gradient = run(op, attributes(w, input.dtype), [pad(input, w, lowest(input)), output, dy]);
      return inner(gradient, w, input.shape);
    };
  const average =
    (op: string): Explicit =>
    (w, { x }) =>
      tf.divNoNan(run(op, attributes(w, x.dtype), [pad(x, w, 0)]), covered(w, x));
  const averageGradient =
    (op: string): Explicit =>
    (w, { dy, input }) => {
      const padded = input.shape.map(
        (n, i) => n + (w.padding[i - 1]?.[0] ?? 0) + (w.padding[i - 1]?.[1] ?? 0),
      );
      const gradient = run(op, attributes(w, input.dtype), [
        tf.tensor1d(padded, 'int32'),
        tf.divNoNan(dy, covered(w, input)),
      ]);
      return inner(gradient, w, input.shape);
    };
  register({
    ...pooling('MaxPool', max('MaxPool')),
    ...pooling('MaxPool3D', max('MaxPool3D')),
    ...pooling('MaxPoolGrad', maxGradient('MaxPoolGrad')),
    ...pooling('MaxPool3DGrad', maxGradient('MaxPool3DGrad')),
    ...pooling('AvgPool', average('AvgPool')),
    ...pooling('AvgPool3D', average('AvgPool3D')),
    ...pooling('AvgPoolGrad', averageGradient('AvgPoolGrad')),
    ...pooling('AvgPool3DGrad', averageGradient('AvgPool3DGrad')),

    MaxPoolWithArgmax: ({ x }, attrs) => {
      const i = tf.backend_util.computePool2DInfo(
        x.shape as [number, number, number, number],
        attrs.filterSize as number,
        attrs.strides as number,
        1,
        attrs.pad as number,
      );
      return runMany(
        'MaxPoolWithArgmax',
        [
          attr.type('T', x.dtype),
          attr.type('Targmax', 'int32'),
          attr.ints('ksize', [1, i.filterHeight, i.filterWidth, 1]),
          attr.ints('strides', [1, i.strideHeight, i.strideWidth, 1]),
          attr.text('padding', i.padInfo.type),
          attr.bool('include_batch_in_index', attrs.includeBatchInIndex === true),
        ],
        [tf.where(tf.isNaN(x), -Infinity, x)],
        2,
      );
    },
  });
}
