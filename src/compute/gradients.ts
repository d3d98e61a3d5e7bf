// Gradients that tfjs lacks or has wrong, of tfjs's own ops, so that they hold on every backend and have gradients themselves.

import type * as tfjs from '@tensorflow/tfjs';
import { native } from './attributes.js';
import { dilatedGradients, type Pad } from './conv.js';
import { side } from './kernels/kernel.js';
import { tf } from './tfjs.js';

type Tensor = tfjs.Tensor;
type T4 = tfjs.Tensor4D;
type Shape4 = [number, number, number, number];
type Attrs = Record<string, unknown>;
type Gradients = Record<string, () => Tensor>;
/** The gradients of a kernel's inputs; `own` is tfjs's. */
type Rule = (dy: Tensor, saved: Tensor[], attrs: Attrs, own: () => Gradients) => Gradients;

/** Sums what was broadcast from a shape. */
function unbroadcast(t: Tensor, shape: number[]): Tensor {
  const more = t.rank - shape.length;
  const axes = t.shape.map((_, i) => i).filter((i) => i < more || shape[i - more] !== t.shape[i]);
  return tf.reshape(axes.length ? tf.sum(t, axes) : t, shape);
}

/** tfjs forgets that the inputs may have been broadcast. */
const broadcast: Rule = (_, [a, b], __, own) => {
  const gradients = own();
  return { a: () => unbroadcast(gradients.a(), a.shape), b: () => unbroadcast(gradients.b(), b.shape) };
};

/** What a mirror shows is part of the picture, and takes its share of the gradient; tfjs cuts it off. */
function unmirrored(dy: Tensor, paddings: Array<[number, number]>, mode: unknown): Tensor {
  const away = mode === 'reflect' ? 1 : 0; // the edge itself is not shown twice
  return paddings.reduce((t, [before, after], axis) => {
    const n = t.shape[axis]! - before - after;
    const part = (from: number, size: number): Tensor =>
      tf.slice(
        t,
        t.shape.map((_, i) => (i === axis ? from : 0)),
        t.shape.map((all, i) => (i === axis ? size : all)),
      );
    const placed = (seen: Tensor, from: number, size: number): Tensor =>
      tf.pad(
        tf.reverse(seen, axis),
        t.shape.map((_, i) => (i === axis ? [from, n - from - size] : [0, 0])),
      );
    const sum = [part(before, n)];
    if (before) sum.push(placed(part(0, before), away, before));
    if (after) sum.push(placed(part(before + n, after), n - away - after, after));
    return sum.length > 1 ? tf.addN(sum) : sum[0];
  }, dy);
}

/** tfjs has no gradient of a dilated convolution; TensorFlow has. */
const dilated =
  (kind: 'dense' | 'depthwise'): Rule =>
  (dy, [x, filter], attrs, own) => {
    const [dilation, across = dilation] = [attrs.dilations].flat() as number[];
    // TensorFlow's ops, run by hand, have no gradient for another one
    const byHand = native() && tf.engine().state.gradientDepth === 0;
    if ((dilation === 1 && across === 1) || dilation !== across || attrs.dataFormat === 'NCHW' || !byHand)
      return own();
    const i = tf.backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filter.shape as Shape4,
      1,
      dilation,
      attrs.pad as 'same' | 'valid' | number,
      attrs.dimRoundingMode as 'floor' | undefined,
      kind === 'depthwise',
    );
    const { top, left } = i.padInfo;
    const pad: Pad = [
      ...side(top, i.inHeight, i.outHeight, i.effectiveFilterHeight, 1),
      ...side(left, i.inWidth, i.outWidth, i.effectiveFilterWidth, 1),
    ];
    return dilatedGradients(kind, x as T4, filter as T4, dy as T4, { pad, dilation }) ?? own();
  };

const rules: Record<string, Rule> = {
  Maximum: broadcast,
  Minimum: broadcast,
  SquaredDifference: broadcast,
  BatchMatMul: broadcast,
  // tfjs leaves the axes in the order in which it summed
  Cumsum: (dy, _, { axis, exclusive, reverse }) => ({
    x: () => tf.cumsum(dy, axis as number, exclusive as boolean, !reverse),
  }),
  MirrorPad: (dy, _, { paddings, mode }) => ({
    x: () => unmirrored(dy, paddings as Array<[number, number]>, mode),
  }),
  Conv2D: dilated('dense'),
  DepthwiseConv2dNative: dilated('depthwise'),
};

/** Puts them in the place of tfjs's. */
export function registerGradients(): void {
  for (const [kernelName, rule] of Object.entries(rules)) {
    const { gradFunc, ...config } = tf.getGradient(kernelName);
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...config,
      kernelName,
      gradFunc: (dy, saved, attrs) =>
        rule(dy as Tensor, saved, attrs as unknown as Attrs, () => gradFunc(dy, saved, attrs) as Gradients),
    });
  }
  // tfjs counts the axes from the left only
  const { gradFunc, ...prod } = tf.getGradient('Prod');
  tf.unregisterGradient('Prod');
  tf.registerGradient({
    ...prod,
    gradFunc: (dy, saved, attrs) =>
      gradFunc(dy, saved, {
        ...attrs,
        axis: tf.util.parseAxisParam(attrs.axis as number, saved[0].shape),
      }),
  });
}
