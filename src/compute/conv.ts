// Convolutions with PyTorch's padding. Each gradient is computed by the op that is quickest on the processor: TensorFlow
// runs SAME and VALID windows on oneDNN's kernels and EXPLICIT ones on Eigen's, and the two differ by up to four times.

import type * as tfjs from '@tensorflow/tfjs';
import { direct } from './activations.js';
import { attr, custom, FLOAT, run } from './attributes.js';
import { nodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { prefersEigen } from './processor.js';
import { tf } from './tfjs.js';

type T4 = tfjs.Tensor4D;
type Sides = [top: number, bottom: number, left: number, right: number];
type Four = [number, number, number, number];

/** Padding: one number, `[vertical, horizontal]`, `[top, bottom, left, right]`, or TensorFlow's `same`. */
export type Pad = number | [number, number] | Sides | 'same';
export const sides = (pad: Exclude<Pad, 'same'>): Sides =>
  typeof pad === 'number' ? [pad, pad, pad, pad] : pad.length === 2 ? [pad[0], pad[0], pad[1], pad[1]] : pad;

export interface ConvOptions {
  stride?: number;
  pad?: Pad;
  dilation?: number;
  groups?: number;
  /** Pads in an op before the convolution where TensorFlow's own SAME and VALID are other paddings; no gradient. */
  padFirst?: boolean;
}

/** x with a border of `value`. */
export function padded(x: T4, [t, b, l, r]: Sides, value = 0): T4 {
  if (!(t || b || l || r)) return x;
  const widths: Array<[number, number]> = [
    [0, 0],
    [t, b],
    [l, r],
    [0, 0],
  ];
  return tf.pad(x, widths, value);
}
/** The inner part of `y`, of the shape of what was padded. */
export const unpadded = (y: T4, [t, , l]: Sides, shape: number[]): T4 =>
  tf.slice4d(y, [0, t, l, 0], shape as Four);

/** What TensorFlow's SAME pads before and after an axis. */
export function same(n: number, kernel: number, stride: number, dilation = 1): [number, number] {
  const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + dilation * (kernel - 1) + 1 - n);
  return [total >> 1, total - (total >> 1)];
}

const ops = {
  dense: { forward: 'Conv2D', input: 'Conv2DBackpropInput', filter: 'Conv2DBackpropFilter' },
  depthwise: {
    forward: 'DepthwiseConv2dNative',
    input: 'DepthwiseConv2dNativeBackpropInput',
    filter: 'DepthwiseConv2dNativeBackpropFilter',
  },
};

/** One convolution's window, and the ops on it. */
class Convolution {
  private readonly pads: Sides;
  /** Whether one of TensorFlow's own paddings gives these pads. */
  private readonly plain: 'SAME' | 'VALID' | undefined;
  private readonly kernel: [number, number];
  /** Filters that see some of the channels, which TensorFlow differentiates on oneDNN's kernels and on GPUs only. */
  private readonly grouped: boolean;

  constructor(
    private readonly kind: keyof typeof ops,
    x: T4,
    w: T4,
    private readonly stride: number,
    pad: Pad,
    private readonly dilation: number,
  ) {
    this.kernel = [w.shape[0], w.shape[1]];
    this.grouped = kind === 'dense' && w.shape[2] !== x.shape[3];
    const auto = [0, 1].flatMap((i) => same(x.shape[i + 1], this.kernel[i], stride, dilation)) as Sides;
    this.pads = pad === 'same' ? auto : sides(pad);
    this.plain =
      this.pads.join() === auto.join() ? 'SAME' : this.pads.every((p) => p === 0) ? 'VALID' : undefined;
  }

  private attrs(padding: 'SAME' | 'VALID' | 'EXPLICIT', [t, b, l, r] = this.pads): OpAttr[] {
    const { stride, dilation } = this;
    return [
      attr.type('T', FLOAT),
      attr.ints('strides', [1, stride, stride, 1]),
      attr.text('padding', padding),
      attr.text('data_format', 'NHWC'),
      attr.ints('dilations', [1, dilation, dilation, 1]),
      ...(padding === 'EXPLICIT' ? [attr.ints('explicit_paddings', [0, 0, t, b, l, r, 0, 0])] : []),
    ];
  }

  forward(x: T4, w: T4, padFirst = false): T4 {
    if ((padFirst || this.grouped) && !this.plain)
      return run(ops[this.kind].forward, this.attrs('VALID'), [padded(x, this.pads), w]);
    return run(ops[this.kind].forward, this.attrs(this.plain ?? 'EXPLICIT'), [x, w]);
  }

  /** Whether it is a matrix product over the pixels. */
  private get pointwise(): boolean {
    return (
      this.kind === 'dense' &&
      !this.grouped &&
      this.kernel.join() === '1,1' &&
      this.stride === 1 &&
      !!this.plain
    );
  }

  inputGradient(xShape: number[], w: T4, dy: T4): T4 {
    if (this.pointwise) {
      const [ci, co] = w.shape.slice(2);
      return tf.reshape(
        product(tf.reshape(dy, [-1, co]), tf.reshape(w, [ci, co]), false, true),
        xShape as Four,
      );
    }
    const op = ops[this.kind].input;
    if (this.plain) return run(op, this.attrs(this.plain), [tf.tensor1d(xShape, 'int32'), w, dy]);
    const [t, b, l, r] = this.pads;
    const [n, height, width, c] = xShape;
    const whole = tf.tensor1d([n, height + t + b, width + l + r, c], 'int32');
    return unpadded(run(op, this.attrs('VALID'), [whole, w, dy]), this.pads, xShape);
  }

  filterGradient(x: T4, wShape: number[], dy: T4): T4 {
    const [ci, co] = wShape.slice(2);
    if (this.pointwise && (ci * co < 2 ** 16 || x.size / ci < 512))
      return tf.reshape(
        product(tf.reshape(x, [-1, ci]), tf.reshape(dy, [-1, co]), true, false),
        wShape as Four,
      );
    const op = ops[this.kind].filter;
    const direct = (x: T4, padding: 'SAME' | 'VALID' | 'EXPLICIT'): T4 =>
      run(op, this.attrs(padding), [x, tf.tensor1d(wShape, 'int32'), dy]);
    // Eigen's kernel copies a window of x for each pixel: too much of a copy where there are few channels; it knows no dilation
    const eigen =
      prefersEigen() && !this.grouped && this.dilation === 1 && (this.kind === 'depthwise' || ci >= 8);
    if (!eigen || this.kernel.join() === '1,1')
      return this.plain ? direct(x, this.plain) : direct(padded(x, this.pads), 'VALID');
    if (this.kind === 'dense' && ci >= 2 * co && this.stride === 1) return this.swapped(x, wShape, dy);
    return direct(x, 'EXPLICIT');
  }

  /** The gradient with x and dy in each other's place, which copies windows of dy instead: turned around and transposed it is the same. */
  private swapped(x: T4, [kh, kw, ci, co]: number[], dy: T4): T4 {
    const reach = this.kernel.map((k) => this.dilation * (k - 1));
    const turned = this.pads.map((p, i) => reach[i >> 1] - p) as Sides;
    const shape = tf.tensor1d([kh, kw, co, ci], 'int32');
    const g = run<T4>(ops.dense.filter, this.attrs('EXPLICIT', turned), [dy, shape, x]);
    return tf.transpose(tf.reverse4d(g, [0, 1]), [0, 1, 3, 2]);
  }
}

const product = (a: tfjs.Tensor, b: tfjs.Tensor, transposeA: boolean, transposeB: boolean): tfjs.Tensor =>
  run(
    'MatMul',
    [attr.type('T', FLOAT), attr.bool('transpose_a', transposeA), attr.bool('transpose_b', transposeB)],
    [a, b],
  );

function convolve(
  kind: keyof typeof ops,
  x: T4,
  w: T4,
  { stride = 1, pad = 0, dilation = 1, padFirst }: ConvOptions,
): T4 {
  const c = new Convolution(kind, x, w, stride, pad, dilation);
  return custom([x, w], ([x, w], save) => {
    save([x, w]);
    return {
      value: c.forward(x as T4, w as T4, padFirst),
      gradient: (dy, [x, w]) => [
        c.inputGradient(x.shape, w as T4, dy as T4),
        c.filterGradient(x as T4, w.shape, dy as T4),
      ],
    };
  }) as T4;
}

let groups: boolean | undefined;

/** Whether TensorFlow has the gradients of grouped convolutions here: without oneDNN the CPU's kernels refuse. */
function differentiatesGroups(): boolean {
  groups ??= nodeBackend().binding.untraced(() =>
    tf.tidy(() => {
      const x = tf.ones<tfjs.Rank.R4>([1, 2, 2, 2]);
      const w = tf.ones<tfjs.Rank.R4>([1, 1, 1, 2]);
      const c = new Convolution('dense', x, w, 1, 0, 1);
      try {
        c.inputGradient(x.shape, w, x);
        c.filterGradient(x, w.shape, x);
        return true;
      } catch {
        return false;
      }
    }),
  );
  return groups;
}

/**
 * 2-D convolution as torch.nn.functional.conv2d computes it.
 * @param x `[batch, height, width, channels]`
 * @param w `[kernelHeight, kernelWidth, channels / groups, filters]`
 */
export function conv2d(x: T4, w: T4, options: ConvOptions = {}): T4 {
  const { groups = 1, stride = 1, pad = 0, dilation = 1 } = options;
  const whole = direct() && x.size > 0; // of no pictures, oneDNN's kernels give the shape of x
  if (groups > 1 && !(whole && differentiatesGroups())) {
    const ws = tf.split(w, groups, 3) as T4[];
    const parts = tf.split(x, groups, 3) as T4[];
    return tf.concat(
      parts.map((part, i) => conv2d(part, ws[i], { stride, pad, dilation })),
      3,
    );
  }
  if (whole) return convolve('dense', x, w, options);
  if (pad === 'same') return tf.conv2d(x, w, stride, 'same', 'NHWC', dilation);
  return tf.conv2d(padded(x, sides(pad)), w, stride, 'valid', 'NHWC', dilation);
}

/**
 * Depthwise convolution: each channel with filters of its own.
 * @param x `[batch, height, width, channels]`
 * @param w `[kernelHeight, kernelWidth, channels, multiplier]`
 */
export function depthwiseConv2d(x: T4, w: T4, options: Omit<ConvOptions, 'groups'> = {}): T4 {
  const { stride = 1, pad = 0, dilation = 1 } = options;
  const whole = direct() && x.size > 0;
  if (whole && dilation > 1) {
    // TensorFlow's gradients of a depthwise convolution take no notice of the dilation; those of a grouped one do
    const [height, width, channels, multiplier] = w.shape;
    const filter = tf.reshape(w, [height, width, 1, channels * multiplier]) as T4;
    return conv2d(x, filter, { ...options, groups: channels });
  }
  if (whole) return convolve('depthwise', x, w, options);
  if (pad === 'same') return tf.depthwiseConv2d(x, w, stride, 'same', 'NHWC', dilation);
  return tf.depthwiseConv2d(padded(x, sides(pad)), w, stride, 'valid', 'NHWC', dilation);
}

/** The gradients of a convolution with stride 1; undefined where TensorFlow has none here. */
export function dilatedGradients(
  kind: keyof typeof ops,
  x: T4,
  w: T4,
  dy: T4,
  { pad, dilation }: { pad: Pad; dilation: number },
): { x: () => T4; filter: () => T4 } | undefined {
  if (kind === 'depthwise' && !differentiatesGroups()) return undefined;
  const [height, width, channels, multiplier] = w.shape;
  // as in `depthwiseConv2d`
  const filter = kind === 'dense' ? w : (tf.reshape(w, [height, width, 1, channels * multiplier]) as T4);
  const c = new Convolution('dense', x, filter, 1, pad, dilation);
  return {
    x: () => c.inputGradient(x.shape, filter, dy),
    filter: () => tf.reshape(c.filterGradient(x, filter.shape, dy), w.shape),
  };
}
