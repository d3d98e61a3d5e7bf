// Layers that rearrange or weight channels and tokens.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import {
  initializer,
  shapeOf,
  single,
  type Config,
  type Inputs,
  type LayerVariable,
  type Parameter,
  type Shape,
  type T4,
  type TorchLayer,
} from './layers.js';

/** Some of the channels, from `start` to before `end`. */
export class Channels extends tf.layers.Layer {
  static className = 'CellgradChannels';
  constructor(private readonly config: Config & { start: number; end: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    const { start, end } = this.config;
    const before = x.shape.slice(0, -1);
    return tf.slice(x, [...before.map(() => 0), start], [...before, end - start]);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return [...shapeOf(s).slice(0, -1), this.config.end - this.config.start];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Mixes the channels of groups (ShuffleNet, Zhang et al. 2018): the first of each, the second of each, and so on. */
export class ShuffleChannels extends tf.layers.Layer {
  static className = 'CellgradShuffleChannels';
  constructor(private readonly config: Config & { groups: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    const { groups } = this.config;
    const [n, h, w, c] = x.shape;
    return tf.tidy(() =>
      tf.reshape(tf.transpose(tf.reshape(x, [n, h, w, groups, c / groups]), [0, 1, 2, 4, 3]), x.shape),
    );
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Softmax over the parts of the channels (ResNeSt, Zhang et al. 2020): each channel of a part against the same of the others. */
export class RadixSoftmax extends tf.layers.Layer {
  static className = 'CellgradRadixSoftmax';
  constructor(private readonly config: Config & { radix: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    const { radix } = this.config;
    const parts = [-1, radix, x.shape.at(-1)! / radix];
    return tf.tidy(() => {
      const shares = tf.softmax(tf.transpose(tf.reshape(x, parts), [0, 2, 1]));
      return tf.reshape(tf.transpose(shares, [0, 2, 1]), x.shape);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** One of a row of tokens, `[batch, tokens, channels]` → `[batch, channels]`. */
export class Tokens extends tf.layers.Layer {
  static className = 'CellgradTokens';
  constructor(private readonly config: Config & { at: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs);
    const [n, , c] = x.shape;
    return tf.tidy(() => tf.reshape(tf.slice(x, [0, this.config.at, 0], [n, 1, c]), [n, c]));
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, , c] = shapeOf(s);
    return [n, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Squares of 2 × 2 places as one of four times the channels, in Swin's order: down each column first. */
export class Patches extends tf.layers.Layer {
  static className = 'CellgradPatches';
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    const [n, h, w, c] = x.shape;
    return tf.tidy(() => {
      const even = tf.pad(x, [
        [0, 0],
        [0, h % 2],
        [0, w % 2],
        [0, 0],
      ]);
      const [tall, wide] = [Math.ceil(h / 2), Math.ceil(w / 2)];
      const places = tf.transpose(tf.reshape(even, [n, tall, 2, wide, 2, c]), [0, 1, 3, 4, 2, 5]);
      return tf.reshape(places, [n, tall, wide, 4 * c]);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, h, w, c] = shapeOf(s);
    return [n, Math.ceil(h! / 2), Math.ceil(w! / 2), 4 * c!];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), stride: 2 };
  }
}

/** A map moved up and left by one place, with zeros after it. */
export class Shift extends tf.layers.Layer {
  static className = 'CellgradShift';
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    const [n, height, width, channels] = x.shape;
    return tf.tidy(() =>
      tf.pad(tf.slice(x, [0, 1, 1, 0], [n, height - 1, width - 1, channels]), [
        [0, 0],
        [0, 1],
        [0, 1],
        [0, 0],
      ]),
    );
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
}

/** Zeros at the bottom and right, up to a multiple of `to`. */
export class PadTo extends tf.layers.Layer {
  static className = 'CellgradPadTo';
  constructor(private readonly config: Config & { to: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    const [, height, width] = x.shape;
    const [, h, w] = this.computeOutputShape(x.shape);
    return tf.pad(x, [
      [0, 0],
      [0, h! - height],
      [0, w! - width],
      [0, 0],
    ]);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, h, w, c] = shapeOf(s);
    const { to } = this.config;
    return [n, Math.ceil(h! / to) * to, Math.ceil(w! / to) * to, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Each pixel as a square of `by` × `by` (nearest neighbour). */
export class Upsample extends tf.layers.Layer {
  static className = 'CellgradUpsample';
  constructor(private readonly config: Config & { by: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    const x = single(inputs) as T4;
    const [, h, w] = x.shape;
    return tf.image.resizeNearestNeighbor(x, [h * this.config.by, w * this.config.by]);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, h, w, c] = shapeOf(s);
    return [n, h! * this.config.by, w! * this.config.by, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Multiplies by a constant. */
export class Multiply extends tf.layers.Layer {
  static className = 'CellgradMultiply';
  constructor(private readonly config: Config & { by: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.mul(single(inputs), this.config.by);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** A learnt factor for each channel (Touvron et al. 2021); the layer is its parameter's name, `[channels, 1, 1]` in PyTorch. */
export class LayerScale extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradLayerScale';
  private factor!: LayerVariable;
  constructor(private readonly config: Config & { start: number }) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    this.factor = this.addWeight(
      'weight',
      [shapeOf(inputShape).at(-1)!],
      'float32',
      initializer(undefined, this.config.start),
    );
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() => tf.mul(single(inputs), this.factor.read()));
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  parameters(): Parameter[] {
    const [channels] = this.factor.shape as number[];
    return [{ name: '', variable: this.factor, shape: [channels, 1, 1] }];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

for (const layer of [
  Channels,
  ShuffleChannels,
  RadixSoftmax,
  Tokens,
  Patches,
  Shift,
  PadTo,
  Upsample,
  Multiply,
  LayerScale,
])
  tf.serialization.registerClass(layer as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
