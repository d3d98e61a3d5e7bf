// Convolutions with every padding and both layouts that tfjs defines; tfjs-node knows TensorFlow's `VALID` and `SAME`, channels last.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend } from '../backend.js';
import type { OpAttr } from '../binding.js';
import { tf } from '../tfjs.js';
import { attr, register, registered, run, side, type Inputs, type Kernel, type Tensor } from './kernel.js';

type T4 = tfjs.Tensor4D;
type Shape4 = [number, number, number, number];
type Shape5 = [number, ...Shape4];
type Attrs = Record<string, unknown>;

/** TensorFlow's CPU kernels take channels last only, but for oneDNN's. */
const toLast = (x: Tensor): Tensor => tf.transpose(x, [0, 2, 3, 1]);
const toFirst = (x: Tensor): Tensor => tf.transpose(x, [0, 3, 1, 2]);
const channelsFirst = (attrs: Attrs): boolean => attrs.dataFormat === 'NCHW';

const information = (x: number[], filter: number[], a: Attrs, depthwise: boolean) =>
  tf.backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    a.strides as number,
    (a.dilations as number | undefined) ?? 1,
    a.pad as number,
    a.dimRoundingMode as 'floor',
    depthwise,
    channelsFirst(a) ? 'channelsFirst' : 'channelsLast',
  );

/** Attributes of a convolution of channels last, for an `x` as tfjs gives it. */
function attributes(x: number[], filter: number[], a: Attrs, depthwise: boolean, dtype: string): OpAttr[] {
  const i = information(x, filter, a, depthwise);
  const { type, top, left } = i.padInfo;
  const native = type === 'VALID' || type === 'SAME';
  return [
    attr.type('T', dtype),
    attr.ints('strides', [1, i.strideHeight, i.strideWidth, 1]),
    attr.text('padding', native ? type : 'EXPLICIT'),
    attr.text('data_format', 'NHWC'),
    attr.ints('dilations', [1, i.dilationHeight, i.dilationWidth, 1]),
    ...(native
      ? []
      : [
          attr.ints('explicit_paddings', [
            ...[0, 0],
            ...side(top, i.inHeight, i.outHeight, i.effectiveFilterHeight, i.strideHeight),
            ...side(left, i.inWidth, i.outWidth, i.effectiveFilterWidth, i.strideWidth),
            ...[0, 0],
          ]),
        ]),
  ];
}

const lastShape = (shape: number[], attrs: Attrs): number[] =>
  channelsFirst(attrs) ? [shape[0], shape[2], shape[3], shape[1]] : shape;
const last = (x: Tensor, attrs: Attrs): Tensor => (channelsFirst(attrs) ? toLast(x) : x);

/** A convolution, with channels last in its result. */
function convolved(name: string, depthwise: boolean, { x, filter }: Inputs, attrs: Attrs): Tensor {
  const { shape, size, dtype } = x;
  // of no pictures, oneDNN's kernels give the shape of x
  if (!size) return tf.zeros(lastShape(information(shape, filter.shape, attrs, depthwise).outShape, attrs));
  return run(name, attributes(shape, filter.shape, attrs, depthwise, dtype), [last(x, attrs), filter]);
}

/** A convolution and its gradients, as tfjs names them. */
function family(name: string, depthwise: boolean): Record<string, Kernel> {
  return {
    [name]: (inputs, attrs) => {
      const y = convolved(name, depthwise, inputs, attrs);
      return channelsFirst(attrs) ? toFirst(y) : y;
    },
    [`${name}BackpropInput`]: ({ dy, filter }, attrs) => {
      const shape = attrs.inputShape as number[];
      const dx = run(`${name}BackpropInput`, attributes(shape, filter.shape, attrs, depthwise, 'float32'), [
        tf.tensor1d(lastShape(shape, attrs), 'int32'),
        filter,
        last(dy, attrs),
      ]);
      return channelsFirst(attrs) ? toFirst(dx) : dx;
    },
    [`${name}BackpropFilter`]: ({ x, dy }, attrs) => {
      const shape = attrs.filterShape as number[];
      const given = last(x, attrs);
      return run(`${name}BackpropFilter`, attributes(x.shape, shape, attrs, depthwise, 'float32'), [
        given,
        tf.tensor1d(shape, 'int32'),
        last(dy, attrs),
      ]);
    },
  };
}

/** A convolution with bias and activation. */
function fused(name: string, depthwise: boolean) {
  return ({ x, filter, bias, preluActivationWeights: slopes }: Inputs, attrs: Attrs): Tensor => {
    const backend = nodeBackend() as unknown as {
      applyActivation(x: Tensor, activation?: unknown, slopes?: Tensor, alpha?: unknown): Tensor;
    };
    const first = channelsFirst(attrs);
    let y = convolved(name, depthwise, { x, filter }, attrs);
    if (bias) y = tf.add(y, bias);
    const lastSlopes = first && slopes?.rank === 3 ? tf.transpose(slopes, [1, 2, 0]) : slopes;
    y = backend.applyActivation(y, attrs.activation, lastSlopes, attrs.leakyreluAlpha);
    return first ? toFirst(y as T4) : y;
  };
}

/** A convolution of volumes, which has the same trouble with none. */
function volumes(): Kernel {
  const others = registered('Conv3D');
  return (inputs, attrs) => {
    const { x, filter } = inputs;
    if (x.size) return others(inputs, attrs);
    const { strides, dilations, pad } = attrs as { strides: number; dilations?: number; pad: 'valid' };
    const shapes = [x.shape, filter.shape] as [Shape5, Shape5];
    return tf.zeros(tf.backend_util.computeConv3DInfo(...shapes, strides, dilations ?? 1, pad).outShape);
  };
}

export function registerConvolutions(): void {
  register({
    Conv3D: volumes(),
    ...family('Conv2D', false),
    ...family('DepthwiseConv2dNative', true),
    FusedConv2D: fused('Conv2D', false),
    FusedDepthwiseConv2D: fused('DepthwiseConv2dNative', true),
  });
}
