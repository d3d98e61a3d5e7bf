// 3-D convolution with PyTorch's padding, its gradients single TensorFlow ops where the backend is TensorFlow.

import type * as tfjs from '@tensorflow/tfjs';
import { direct } from './activations.js';
import { attr, custom, FLOAT, run } from './attributes.js';
import { same } from './conv.js';
import { tf } from './tfjs.js';
import { TF } from './types.js';

type T5 = tfjs.Tensor5D;

/** Depth, height and width, one number where they are the same. */
export type Triple = number | [depth: number, height: number, width: number];
export const three = (n: Triple): [number, number, number] => (typeof n === 'number' ? [n, n, n] : n);

export interface Conv3dOptions {
  stride?: Triple;
  /** Zeros on both sides of each axis. */
  pad?: Triple;
}

/** With zeros around depth, height and width. */
function bordered(x: T5, [depth, ...plane]: number[]): T5 {
  const [n, d, h, w, c] = x.shape;
  const [above, beside] = plane.map((p): [number, number] => [p, p]);
  if (tf.getBackend() !== 'webgpu') return tf.pad(x, [[0, 0], [depth, depth], above, beside, [0, 0]]) as T5;
  // whose padding ends at four axes
  const deep = tf.pad(tf.reshape(x, [n, d, h * w * c]), [
    [0, 0],
    [depth, depth],
    [0, 0],
  ]);
  const all = tf.pad(tf.reshape(deep, [-1, h, w, c]), [[0, 0], above, beside, [0, 0]]);
  return tf.reshape(all, [n, d + 2 * depth, h + 2 * above[0], w + 2 * beside[0], c]);
}

/**
 * 3-D convolution as torch.nn.functional.conv3d computes it.
 * @param x `[batch, depth, height, width, channels]`
 * @param w `[kernelDepth, kernelHeight, kernelWidth, channels, filters]`
 */
export function conv3d(x: T5, w: T5, { stride = 1, pad = 0 }: Conv3dOptions = {}): T5 {
  const strides = three(stride);
  const pads = three(pad);
  // TensorFlow's own SAME spares a copy where it pads alike; TensorFlow.js's begins within a picture whose windows leave gaps
  const asSame = pads.every((p, i) => {
    if (w.shape[i] < strides[i]) return false;
    const [before, after] = same(x.shape[i + 1], w.shape[i], strides[i]);
    return p === before && p === after;
  });
  const given = asSame || pads.every((p) => p === 0) ? x : bordered(x, pads);
  // of no volumes, oneDNN's kernels give the shape of x
  if (!direct() || !x.size) return tf.conv3d(given, w, strides, asSame ? 'same' : 'valid');
  const attrs = [
    attr.type('T', FLOAT),
    attr.ints('strides', [1, ...strides, 1]),
    attr.text('padding', asSame ? 'SAME' : 'VALID'),
    attr.text('data_format', 'NDHWC'),
    attr.ints('dilations', [1, 1, 1, 1, 1]),
  ];
  return custom([given, w], ([x, w], save) => {
    save([x, w]);
    return {
      value: run('Conv3D', attrs, [x, w]),
      gradient: (dy, [x, w]) => [
        run(
          'Conv3DBackpropInputV2',
          [...attrs, attr.type('Tshape', TF.INT32)],
          [tf.tensor1d(x.shape, 'int32'), w, dy],
        ),
        run('Conv3DBackpropFilterV2', attrs, [x, tf.tensor1d(w.shape, 'int32'), dy]),
      ],
    };
  }) as T5;
}
