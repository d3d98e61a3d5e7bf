// Layers that rearrange or weight channels.

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

for (const layer of [Channels, ShuffleChannels, Multiply, LayerScale])
  tf.serialization.registerClass(layer as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
