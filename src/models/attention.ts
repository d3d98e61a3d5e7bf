// Layers of transformers: tokens, positions and self-attention.

import type * as tfjs from '@tensorflow/tfjs';
import { ops, tf } from '../compute/index.js';
import type { Initial } from './init.js';
import {
  everywhere,
  initializer,
  shapeOf,
  single,
  type Config,
  type Inputs,
  type LayerVariable,
  type Parameter,
  type Shape,
  type TorchLayer,
} from './layers.js';

/**
 * Scaled dot-product attention of several heads.
 * @param qkv `[batch, tokens, 3 · channels]`: queries, keys and values, each head by head
 * @param bias what is added to the scores, `[…, heads, tokens, tokens]`
 * @returns `[batch, tokens, channels]`
 */
function attend(qkv: tfjs.Tensor, heads: number, bias?: (scores: tfjs.Tensor) => tfjs.Tensor): tfjs.Tensor {
  const [n, tokens, width] = qkv.shape;
  const channels = width / 3;
  const split = tf.transpose(tf.reshape(qkv, [n, tokens, 3, heads, channels / heads]), [2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(split);
  let scores: tfjs.Tensor = tf.matMul(tf.mul(q, (channels / heads) ** -0.5), k, false, true);
  if (bias) scores = bias(scores);
  const mixed = tf.matMul(tf.softmax(scores), v);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [n, tokens, channels]);
}

/** A feature map as a row of tokens, after a learnt class token; the layer is that parameter's name. */
export class ClassToken extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradClassToken';
  private token!: LayerVariable;
  constructor(config: Config) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    this.token = this.addWeight(
      'weight',
      [1, 1, shapeOf(inputShape)[3]!],
      'float32',
      initializer(undefined, 0),
    );
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() => {
      const x = single(inputs);
      const [n, h, w, c] = x.shape;
      return tf.concat([tf.tile(this.token.read(), [n, 1, 1]), tf.reshape(x, [n, h * w, c])], 1);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, h, w, c] = shapeOf(s);
    return [n, h! * w! + 1, c];
  }
  parameters(): Parameter[] {
    return [{ name: '', variable: this.token, shape: this.token.shape as number[] }];
  }
}

/** Adds a learnt vector at each position. */
export class PositionEmbedding extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradPositionEmbedding';
  private embedding!: LayerVariable;
  constructor(private readonly config: Config & { init?: Initial }) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const [, tokens, channels] = shapeOf(inputShape);
    const start = initializer(this.config.init, 0);
    this.embedding = this.addWeight('weight', [1, tokens!, channels!], 'float32', start);
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() => tf.add(single(inputs), this.embedding.read()));
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  parameters(): Parameter[] {
    return [{ name: 'pos_embedding', variable: this.embedding, shape: this.embedding.shape as number[] }];
  }
}

export interface SelfAttentionConfig extends Config {
  heads: number;
  init?: Initial;
}

/** torch.nn.MultiheadAttention of tokens with themselves, up to its output projection. */
export class SelfAttention extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradSelfAttention';
  private weight!: LayerVariable;
  private bias!: LayerVariable;
  constructor(private readonly config: SelfAttentionConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const c = shapeOf(inputShape)[2]!;
    const { init } = this.config;
    const values = init && ((): Float32Array => init([3 * c, c]));
    this.weight = this.addWeight('in_proj_weight', [c, 3 * c], 'float32', initializer(values, 0));
    this.bias = this.addWeight('in_proj_bias', [3 * c], 'float32', initializer(undefined, 0));
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() => {
      const x = single(inputs);
      const [n, tokens, c] = x.shape;
      const rows = tf.reshape(x, [n * tokens, c]) as tfjs.Tensor2D;
      const qkv = ops.biasAdd(tf.matMul(rows, this.weight.read() as tfjs.Tensor2D), this.bias.read());
      return attend(tf.reshape(qkv, [n, tokens, 3 * c]), this.config.heads);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  multiplyAdds(): number {
    const [, tokens, channels] = shapeOf(this.outputShape) as number[];
    return everywhere(this, this.weight) + 2 * tokens ** 2 * channels;
  }
  parameters(): Parameter[] {
    const [c, width] = this.weight.shape as number[];
    const turned = [1, 0];
    return [
      {
        name: 'in_proj_weight',
        variable: this.weight,
        shape: [width, c],
        toTorch: turned,
        fromTorch: turned,
      },
      { name: 'in_proj_bias', variable: this.bias, shape: [width] },
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

export interface WindowAttentionConfig extends Config {
  heads: number;
  /** Side of a window. */
  window: number;
  /** Height and width of what it gives: its input has been padded at the bottom and right to whole windows. */
  size: [height: number, width: number];
  /** How far the windows are moved down and right. */
  shift: number;
  init?: Initial;
}

/** Swin's attention within (shifted) windows, of queries, keys and values `[batch, height, width, 3 · channels]`. */
export class WindowAttention extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradWindowAttention';
  private table!: LayerVariable;
  constructor(private readonly config: WindowAttentionConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(): void {
    const { window, heads, init } = this.config;
    const shape = [(2 * window - 1) ** 2, heads];
    this.table = this.addWeight('table', shape, 'float32', initializer(init, 0));
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const { heads, window } = this.config;
    return tf.tidy(() => {
      const x = single(inputs);
      const [n, h, w, channels] = x.shape;
      const [height, width] = this.config.size;
      const [tall, wide] = [h / window, w / window];
      // a window that covers an axis is not moved along it
      const down = window >= h ? 0 : this.config.shift;
      const right = window >= w ? 0 : this.config.shift;
      const tokens = window ** 2;
      const windows = tf.transpose(
        tf.reshape(rolled(x, down, right), [n, tall, window, wide, window, channels]),
        [0, 1, 3, 2, 4, 5],
      );
      const index = tf.tensor1d(relativeIndex(window), 'int32');
      const bias = tf.transpose(
        tf.reshape(tf.gather(this.table.read(), index), [tokens, tokens, heads]),
        [2, 0, 1],
      );
      const mixed = attend(tf.reshape(windows, [n * tall * wide, tokens, channels]), heads, (scores) => {
        const biased = tf.add(scores, tf.expandDims(bias, 0));
        if (!down && !right) return biased;
        const mask = tf.tensor(apart(h, w, window, down, right), [1, tall * wide, 1, tokens, tokens]);
        const grouped = tf.reshape(biased, [n, tall * wide, heads, tokens, tokens]);
        return tf.reshape(tf.add(grouped, mask), biased.shape);
      });
      const back = tf.transpose(
        tf.reshape(mixed, [n, tall, wide, window, window, channels / 3]),
        [0, 1, 3, 2, 4, 5],
      );
      const y = rolled(tf.reshape(back, [n, h, w, channels / 3]), h - down, w - right);
      return tf.slice(y, [0, 0, 0, 0], [n, height, width, channels / 3]);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, , , channels] = shapeOf(s);
    return [n, ...this.config.size, channels! / 3];
  }
  multiplyAdds(): number {
    const { window, size } = this.config;
    const channels = shapeOf(this.outputShape)[3]!;
    const windows = size.reduce((n, side) => n * Math.ceil(side / window), 1);
    return 2 * windows * window ** 4 * channels;
  }
  parameters(): Parameter[] {
    return [
      { name: 'relative_position_bias_table', variable: this.table, shape: this.table.shape as number[] },
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

/** A map whose rows and columns begin with those at `down` and `right`. */
function rolled(x: tfjs.Tensor, down: number, right: number): tfjs.Tensor {
  const roll = (x: tfjs.Tensor, by: number, axis: number): tfjs.Tensor => {
    const n = x.shape[axis];
    if (by % n === 0) return x;
    const [first, rest] = tf.split(x, [by, n - by], axis);
    return tf.concat([rest, first], axis);
  };
  return roll(roll(x, down, 1), right, 2);
}

/** Row of the table of biases for each pair of places in a window. */
export function relativeIndex(window: number): Int32Array {
  const tokens = window ** 2;
  return Int32Array.from({ length: tokens ** 2 }, (_, i) => {
    const [a, b] = [Math.floor(i / tokens), i % tokens];
    const down = Math.floor(a / window) - Math.floor(b / window) + window - 1;
    return down * (2 * window - 1) + (a % window) - (b % window) + window - 1;
  });
}

/** −100 for pairs of places that only rolling brought into one window, `[windows, tokens, tokens]`. */
export function apart(
  height: number,
  width: number,
  window: number,
  down: number,
  right: number,
): Float32Array {
  const zone = (i: number, n: number, shift: number): number =>
    i < n - window ? 0 : i < n - shift || shift === 0 ? 1 : 2;
  const tokens = window ** 2;
  const wide = width / window;
  const zones = (w: number, t: number): number => {
    const y = Math.floor(w / wide) * window + Math.floor(t / window);
    const x = (w % wide) * window + (t % window);
    return 3 * zone(y, height, down) + zone(x, width, right);
  };
  return Float32Array.from({ length: (height / window) * wide * tokens ** 2 }, (_, i) => {
    const w = Math.floor(i / tokens ** 2);
    return zones(w, Math.floor(i / tokens) % tokens) === zones(w, i % tokens) ? 0 : -100;
  });
}
