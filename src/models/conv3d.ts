// 3-D convolution as a layer, with PyTorch's padding and its layout of weights.

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

export interface Conv3dConfig extends Config, ops.Conv3dOptions {
  filters: number;
  size: ops.Triple;
  init?: Initial;
}

/** Convolution of volumes `[batch, depth, height, width, channels]`, without bias. */
export class Conv3d extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradConv3d';
  private weight!: LayerVariable;
  constructor(private readonly config: Conv3dConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const channels = shapeOf(inputShape)[4]!;
    const { filters, init } = this.config;
    const window = ops.three(this.config.size);
    // the rule of initialisation sees PyTorch's shape, its values need no order
    const values = init && ((): Float32Array => init([filters, channels, ...window]));
    this.weight = this.addWeight('weight', [...window, channels, filters], 'float32', initializer(values, 0));
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() =>
      ops.conv3d(single(inputs) as tfjs.Tensor5D, this.weight.read() as tfjs.Tensor5D, this.config),
    );
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, ...rest] = shapeOf(s);
    const { filters, size, stride = 1, pad = 0 } = this.config;
    const [window, strides, pads] = [size, stride, pad].map(ops.three);
    const out = window.map((k, i) => Math.floor((rest[i]! + 2 * pads[i] - k) / strides[i]) + 1);
    return [n, ...out, filters];
  }
  multiplyAdds(): number {
    return everywhere(this, this.weight);
  }
  parameters(): Parameter[] {
    const [depth, height, width, channels, filters] = this.weight.shape as number[];
    return [
      {
        name: 'weight',
        variable: this.weight,
        shape: [filters, channels, depth, height, width],
        toTorch: [4, 3, 0, 1, 2],
        fromTorch: [2, 3, 4, 1, 0],
      },
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

tf.serialization.registerClass(Conv3d as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
