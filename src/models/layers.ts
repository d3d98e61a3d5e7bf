// The layers of the architectures: tf.layers with PyTorch's padding and batch norm, and the parameter names of its state dicts.

import type * as tfjs from '@tensorflow/tfjs';
import { ops, tf, uniform } from '../compute/index.js';
import type { Initial } from './init.js';

type Shape = tfjs.Shape;
type T4 = tfjs.Tensor4D;
type Inputs = tfjs.Tensor | tfjs.Tensor[];
type LayerVariable = ReturnType<tfjs.layers.Layer['addWeight']>;
const single = (x: Inputs): tfjs.Tensor => (Array.isArray(x) ? x[0] : x);
const shapeOf = (s: Shape | Shape[]): Shape => (Array.isArray(s[0]) ? s[0] : s) as Shape;

/** One parameter as a PyTorch state dict knows it. */
export interface Parameter {
  /** Last part of the name: weight, bias, running_mean, running_var. */
  name: string;
  variable: LayerVariable;
  /** Shape in PyTorch's layout. */
  shape: number[];
  /** Order of this layout's axes in PyTorch's, undefined where they are the same. */
  toTorch?: number[];
  fromTorch?: number[];
}

/** A layer with parameters; `parameters` in state-dict order. */
export interface TorchLayer extends tfjs.layers.Layer {
  parameters(): Parameter[];
}
export const isTorchLayer = (l: tfjs.layers.Layer): l is TorchLayer => 'parameters' in l;

interface Config {
  name?: string;
  trainable?: boolean;
}
const initializer = (init: Initial | undefined, fallback: number): never =>
  ({
    apply: (shape: number[]) => (init ? tf.tensor(init(shape), shape, 'float32') : tf.fill(shape, fallback)),
    getClassName: () => 'Zeros',
    getConfig: () => ({}),
  }) as never;

/** Output size of a window along one axis; null stays unknown. */
function outSize(
  n: number | null,
  k: number,
  stride: number,
  before: number,
  after: number,
  dilation = 1,
): number | null {
  return n === null ? null : Math.floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1;
}
function outShape(s: Shape, k: number, stride: number, pad: ops.Pad, channels: number, dilation = 1): Shape {
  if (pad === 'same') {
    const same = (n: number | null): number | null => (n === null ? null : Math.ceil(n / stride));
    return [s[0], same(s[1]), same(s[2]), channels];
  }
  const [t, b, l, r] =
    typeof pad === 'number'
      ? [pad, pad, pad, pad]
      : pad.length === 2
        ? [pad[0], pad[0], pad[1], pad[1]]
        : pad;
  return [s[0], outSize(s[1], k, stride, t, b, dilation), outSize(s[2], k, stride, l, r, dilation), channels];
}

export interface Conv2dConfig extends Config {
  filters: number;
  size: number;
  stride?: number;
  pad?: ops.Pad;
  dilation?: number;
  groups?: number;
  bias?: boolean;
  init?: Initial;
}

/** What a convolution computes with, in its layout. */
export interface Filters {
  weight: Float32Array;
  bias?: Float32Array;
}

/** Convolution; `groups` equal to the channels makes it depthwise. */
export class Conv2d extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradConv2d';
  private weight!: LayerVariable;
  private biasVariable?: LayerVariable;
  private depthwise = false;
  constructor(private readonly config: Conv2dConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const channels = shapeOf(inputShape)[3]!;
    const { filters, size, groups = 1, bias, init } = this.config;
    this.depthwise = groups > 1 && groups === channels;
    const shape = this.depthwise
      ? [size, size, channels, filters / channels]
      : [size, size, channels / groups, filters];
    // the rule of initialisation sees PyTorch's shape, its values need no order
    const torch = init && ((): Float32Array => init([filters, channels / groups, size, size]));
    this.weight = this.addWeight('weight', shape, 'float32', initializer(torch, 0));
    if (bias) this.biasVariable = this.addWeight('bias', [filters], 'float32', initializer(undefined, 0));
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() =>
      this.apply2d(single(inputs) as T4, this.weight.read() as T4, this.biasVariable?.read()),
    );
  }
  private apply2d(x: T4, w: T4, bias?: tfjs.Tensor, padFirst = false): tfjs.Tensor {
    const { stride, pad, dilation, groups } = this.config;
    const y = this.depthwise
      ? ops.depthwiseConv2d(x, w, { stride, pad, dilation, padFirst })
      : ops.conv2d(x, w, { stride, pad, dilation, groups });
    return bias ? ops.biasAdd(y, bias) : y;
  }
  /** The convolution with other values, which a function that is traced takes as constants and may fuse. */
  convolve(x: T4, { weight, bias }: Filters): tfjs.Tensor {
    const shape = this.weight.shape as [number, number, number, number];
    return this.apply2d(x, tf.tensor4d(weight, shape), bias && tf.tensor1d(bias), this.depthwise);
  }
  /** Its parameters as they are now. */
  values(): Filters {
    return {
      weight: this.weight.read().dataSync() as Float32Array,
      bias: this.biasVariable?.read().dataSync() as Float32Array | undefined,
    };
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const { size, stride = 1, pad = 0, filters, dilation } = this.config;
    return outShape(shapeOf(s), size, stride, pad, filters, dilation);
  }
  parameters(): Parameter[] {
    const [kh, kw, c, m] = this.weight.shape as number[];
    const weight: Parameter = this.depthwise
      ? {
          name: 'weight',
          variable: this.weight,
          shape: [c * m, 1, kh, kw],
          toTorch: [2, 3, 0, 1],
          fromTorch: [2, 3, 0, 1],
        }
      : {
          name: 'weight',
          variable: this.weight,
          shape: [m, c, kh, kw],
          toTorch: [3, 2, 0, 1],
          fromTorch: [2, 3, 1, 0],
        };
    const b = this.biasVariable;
    return b ? [weight, { name: 'bias', variable: b, shape: b.shape as number[] }] : [weight];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

export interface BatchNormConfig extends Config {
  epsilon?: number;
  /** Share of the new batch in the running statistics, PyTorch's `momentum`. */
  momentum?: number;
}

/** Batch norm. A frozen one (`trainable = false`) uses and keeps its running statistics, in training too. */
export class BatchNorm2d extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradBatchNorm2d';
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  private mean!: LayerVariable;
  private variance!: LayerVariable;
  constructor(private readonly config: BatchNormConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const c = [shapeOf(inputShape)[3]!];
    this.gamma = this.addWeight('weight', c, 'float32', initializer(undefined, 1));
    this.beta = this.addWeight('bias', c, 'float32', initializer(undefined, 0));
    this.mean = this.addWeight('running_mean', c, 'float32', initializer(undefined, 0), undefined, false);
    this.variance = this.addWeight('running_var', c, 'float32', initializer(undefined, 1), undefined, false);
    this.built = true;
  }
  override call(inputs: Inputs, kwargs: { training?: boolean; again?: boolean }): tfjs.Tensor {
    return tf.tidy(() => {
      const { epsilon = 1e-5, momentum = 0.1 } = this.config;
      const x = single(inputs) as T4;
      const vector = (v: LayerVariable): tfjs.Tensor1D => v.read() as tfjs.Tensor1D;
      if (!(kwargs.training && this.trainable))
        return ops.batchNorm(
          x,
          { mean: vector(this.mean), variance: vector(this.variance) },
          vector(this.gamma),
          vector(this.beta),
          epsilon,
        );
      const { y, mean, variance } = ops.batchNormTrain(x, vector(this.gamma), vector(this.beta), epsilon);
      const average = (v: LayerVariable, seen: tfjs.Tensor): void => {
        // a batch that is computed again has been counted
        if (!kwargs.again) v.write(tf.add(tf.mul(v.read(), 1 - momentum), tf.mul(seen, momentum)));
        seen.dispose();
      };
      average(this.mean, mean);
      average(this.variance, variance);
      return y;
    });
  }
  /** What it does to each channel outside of training: x · scale + shift. */
  affine(): { scale: Float32Array; shift: Float32Array } {
    const [gamma, beta, mean, variance] = [this.gamma, this.beta, this.mean, this.variance].map(
      (v) => v.read().dataSync() as Float32Array,
    );
    const { epsilon = 1e-5 } = this.config;
    const scale = gamma.map((g, i) => g / Math.sqrt(variance[i] + epsilon));
    return { scale, shift: beta.map((b, i) => b - mean[i] * scale[i]) };
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  parameters(): Parameter[] {
    const p = (name: string, variable: LayerVariable): Parameter => ({
      name,
      variable,
      shape: variable.shape as number[],
    });
    return [
      p('weight', this.gamma),
      p('bias', this.beta),
      p('running_mean', this.mean),
      p('running_var', this.variance),
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

export interface LinearConfig extends Config {
  units: number;
  init?: Initial;
  biasInit?: Initial;
}

/** Fully connected layer, `[batch, in]` → `[batch, units]`. */
export class Linear extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradLinear';
  private weight!: LayerVariable;
  private bias!: LayerVariable;
  constructor(private readonly config: LinearConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const n = shapeOf(inputShape)[1]!;
    const { units, init, biasInit } = this.config;
    this.weight = this.addWeight(
      'weight',
      [n, units],
      'float32',
      initializer(init && (() => init([units, n])), 0),
    );
    this.bias = this.addWeight(
      'bias',
      [units],
      'float32',
      initializer(biasInit && (() => biasInit([units, n])), 0),
    );
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() =>
      ops.biasAdd(
        tf.matMul(single(inputs) as tfjs.Tensor2D, this.weight.read() as tfjs.Tensor2D),
        this.bias.read(),
      ),
    );
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return [shapeOf(s)[0], this.config.units];
  }
  parameters(): Parameter[] {
    const [n, units] = this.weight.shape as number[];
    return [
      { name: 'weight', variable: this.weight, shape: [units, n], toTorch: [1, 0], fromTorch: [1, 0] },
      { name: 'bias', variable: this.bias, shape: [units] },
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, biasInit, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

export interface PoolConfig extends Config {
  size: number;
  stride: number;
  pad?: number;
}

export class MaxPool2d extends tf.layers.Layer {
  static className = 'CellgradMaxPool2d';
  constructor(private readonly config: PoolConfig) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return ops.maxPool(single(inputs) as T4, this.config);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const { size, stride, pad = 0 } = this.config;
    return outShape(shapeOf(s), size, stride, pad, shapeOf(s)[3]!);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** By PyTorch's definitions and defaults. */
const activations = {
  relu: (x: tfjs.Tensor) => tf.relu(x),
  relu6: (x: tfjs.Tensor) => tf.relu6(x),
  swish: (x: tfjs.Tensor) => ops.swish(x),
  sigmoid: (x: tfjs.Tensor) => tf.sigmoid(x),
  tanh: (x: tfjs.Tensor) => tf.tanh(x),
  elu: (x: tfjs.Tensor) => tf.elu(x),
  selu: (x: tfjs.Tensor) => tf.selu(x),
  leakyRelu: (x: tfjs.Tensor) => tf.leakyRelu(x, 0.01),
  gelu: (x: tfjs.Tensor) => ops.gelu(x),
  geluTanh: (x: tfjs.Tensor) => ops.gelu(x, { approximate: true }),
  hardSigmoid: (x: tfjs.Tensor) => ops.hardSigmoid(x),
  hardSwish: (x: tfjs.Tensor) => ops.hardSwish(x),
};
export type ActivationName = keyof typeof activations;

export class Activation extends tf.layers.Layer {
  static className = 'CellgradActivation';
  constructor(private readonly config: Config & { kind: ActivationName }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return activations[this.config.kind](single(inputs));
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Mean over height and width; `keep` leaves them as 1 × 1. */
export class GlobalAveragePool extends tf.layers.Layer {
  static className = 'CellgradGlobalAveragePool';
  constructor(private readonly config: Config & { keep?: boolean }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return ops.globalAveragePool(single(inputs) as T4, this.config);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    const [n, , , c] = shapeOf(s);
    return this.config.keep ? [n, 1, 1, c] : [n, c];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Product of a feature map with a gate of 1 × 1 (squeeze and excitation). */
export class Scale extends tf.layers.Layer {
  static className = 'CellgradScale';
  override call(inputs: Inputs): tfjs.Tensor {
    const [x, gate] = inputs as tfjs.Tensor[];
    return tf.mul(x, gate);
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return (s as Shape[])[0];
  }
}

/** Drops values at random in training and scales up the rest, by another mask at each call. */
export class Dropout extends tf.layers.Layer {
  static className = 'CellgradDropout';
  constructor(protected readonly config: Config & { rate: number; seed?: number }) {
    super({ name: config.name });
  }
  override call(inputs: Inputs, kwargs: { training?: boolean }): tfjs.Tensor {
    const x = single(inputs);
    const { rate, seed = 0 } = this.config;
    if (!kwargs.training || rate === 0) return tf.clone(x);
    return tf.tidy(() => {
      const keep = tf.less(uniform(this.mask(x.shape), seed), 1 - rate);
      return tf.mul(x, tf.div(tf.cast(keep, 'float32'), 1 - rate));
    });
  }
  protected mask(shape: number[]): number[] {
    return shape;
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

/** Stochastic depth (Huang et al. 2016): a sample's whole branch is dropped with probability `rate` in training. */
export class StochasticDepth extends Dropout {
  static override className = 'CellgradStochasticDepth';
  protected override mask([n, ...rest]: number[]): number[] {
    return [n, ...rest.map(() => 1)];
  }
}

for (const layer of [
  Conv2d,
  BatchNorm2d,
  Linear,
  MaxPool2d,
  Activation,
  GlobalAveragePool,
  Scale,
  Dropout,
  StochasticDepth,
])
  tf.serialization.registerClass(layer as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
