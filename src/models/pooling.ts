// Pooling layers with PyTorch's padding and rounding.

import { ops, tf } from '../compute/index.js';
import type * as tfjs from '@tensorflow/tfjs';
import { outShape, shapeOf, single, type Config, type Inputs, type Shape, type T4 } from './layers.js';

type Sides = [top: number, bottom: number, left: number, right: number];

export interface PoolConfig extends Config {
  size: number;
  stride: number;
  pad?: ops.Pad;
  /** Whether a window that only starts within the input counts, PyTorch's ceil_mode. */
  ceil?: boolean;
}

/** What is padded on each side for an input of this height and width, TensorFlow's `same` and ceil_mode resolved. */
export function sidesFor({ size, stride, pad = 0, ceil }: PoolConfig, shape: Shape): Sides {
  const axis = (n: number, [before, after]: [number, number]): [number, number] => {
    if (pad === 'same') return ops.same(n, size, stride);
    if (!ceil) return [before, after];
    let windows = Math.ceil((n + before + after - size) / stride) + 1;
    // PyTorch: the last window starts within the input or its left padding
    if ((windows - 1) * stride >= n + before) windows--;
    return [before, Math.max(after, (windows - 1) * stride + size - n - before)];
  };
  const [t, b, l, r] = ops.sides(pad === 'same' ? 0 : pad);
  return [...axis(shape[1]!, [t, b]), ...axis(shape[2]!, [l, r])];
}

export class MaxPool2d<C extends PoolConfig = PoolConfig> extends tf.layers.Layer {
  static className = 'CellgradMaxPool2d';
  constructor(protected readonly config: C) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    return ops.maxPool(x, { ...this.config, pad: sidesFor(this.config, x.shape) });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const { size, stride } = this.config;
    const shape = shapeOf(s);
    return outShape(shape, size, stride, sidesFor(this.config, shape), shape[3]!);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

export interface AveragePoolConfig extends PoolConfig {
  /** Whether zeros of the padding count; true by default, as in PyTorch. With `ceil` give false. */
  countPadding?: boolean;
}

export class AveragePool2d extends MaxPool2d<AveragePoolConfig> {
  static override className = 'CellgradAveragePool2d';
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    return tf.tidy(() => ops.averagePool(x, { ...this.config, pad: sidesFor(this.config, x.shape) }));
  }
}

/** Mean over height and width, and depth in volumes; `keep` leaves them as 1 × 1. */
export class GlobalAveragePool extends tf.layers.Layer {
  static className = 'CellgradGlobalAveragePool';
  constructor(protected readonly config: Config & { keep?: boolean }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return ops.globalAveragePool(single(inputs), this.config);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, ...rest] = shapeOf(s);
    const c = rest.pop()!;
    return this.config.keep ? [n, ...rest.map(() => 1), c] : [n, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Maximum over height and width, and depth in volumes; `keep` leaves them as 1 × 1. */
export class GlobalMaxPool extends GlobalAveragePool {
  static override className = 'CellgradGlobalMaxPool';
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    const axes = x.shape.slice(2).map((_, i) => i + 1);
    return tf.max(x, axes, this.config.keep);
  }
}

/** Means over a grid of `size` × `size` windows that cover the input, whatever its height and width. */
export class AdaptiveAveragePool extends tf.layers.Layer {
  static className = 'CellgradAdaptiveAveragePool';
  constructor(private readonly config: Config & { size: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    const { size } = this.config;
    const [n, h, w, c] = x.shape;
    if (h === size && w === size) return tf.clone(x);
    return tf.tidy(() => {
      const rows = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [n * c, h * w]) as tfjs.Tensor2D;
      const y = tf.matMul(rows, tf.tensor2d(shares(h, w, size), [h * w, size * size]));
      return tf.transpose(tf.reshape(y, [n, c, size, size]), [0, 2, 3, 1]);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, , , c] = shapeOf(s);
    return [n, this.config.size, this.config.size, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** The share of each pixel in each window's mean, `[height · width, size · size]`. */
export function shares(height: number, width: number, size: number): Float32Array {
  const out = new Float32Array(height * width * size * size);
  const range = (n: number, i: number): [number, number] => [
    Math.floor((i * n) / size),
    Math.ceil(((i + 1) * n) / size),
  ];
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const [top, bottom] = range(height, i);
      const [left, right] = range(width, j);
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++)
          out[(y * width + x) * size * size + i * size + j] = 1 / ((bottom - top) * (right - left));
    }
  return out;
}

/** A feature map as one vector a sample, in PyTorch's order: channel by channel. */
export class Flatten extends tf.layers.Layer {
  static className = 'CellgradFlatten';
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    return tf.tidy(() => tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], -1]));
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, h, w, c] = shapeOf(s);
    return [n, h! * w! * c!];
  }
}

for (const layer of [
  MaxPool2d,
  AveragePool2d,
  GlobalAveragePool,
  GlobalMaxPool,
  AdaptiveAveragePool,
  Flatten,
])
  tf.serialization.registerClass(layer as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
