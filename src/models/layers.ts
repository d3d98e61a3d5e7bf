// The layers of the architectures: tf.layers with PyTorch's padding and batch norm, and the parameter names of its state dicts.

import type * as tfjs from '@tensorflow/tfjs';
import { ops, tf, uniform } from '../compute/index.js';
import { drawn, type Initial } from './init.js';

export type Shape = tfjs.Shape;
export type T4 = tfjs.Tensor4D;
export type Inputs = tfjs.Tensor | tfjs.Tensor[];
export type LayerVariable = ReturnType<tfjs.layers.Layer['addWeight']>;
export const single = (x: Inputs): tfjs.Tensor => (Array.isArray(x) ? x[0] : x);
export const shapeOf = (s: Shape | Shape[]): Shape => (Array.isArray(s[0]) ? s[0] : s) as Shape;

/** One parameter as a PyTorch state dict knows it. */
export interface Parameter {
  /** Last part of the name: weight, bias, running_mean, running_var; empty where the layer itself is the parameter. */
  name: string;
  variable: LayerVariable;
  /** Shape in PyTorch's layout. */
  shape: number[];
  /** Order of this layout's axes in PyTorch's, undefined where they are the same. */
  toTorch?: number[];
  fromTorch?: number[];
}

/** A copy of a parameter's values in PyTorch's layout. */
export function torchValues(p: Parameter): Float32Array {
  // the values don't leave through tidy: it would look at each of them for tensors
  const v = p.variable.read();
  const t = p.toTorch ? tf.transpose(v, p.toTorch) : v;
  const data = t.dataSync() as Float32Array;
  if (t !== v) t.dispose();
  return data.slice();
}

/** A layer with parameters; `parameters` in state-dict order. */
export interface TorchLayer extends tfjs.layers.Layer {
  parameters(): Parameter[];
  /** Multiply-adds for one sample, where there are any but one a value. */
  multiplyAdds?(): number;
}
export const isTorchLayer = (l: tfjs.layers.Layer): l is TorchLayer => 'parameters' in l;

/** Multiply-adds of a layer that applies its weight at each place of its output. */
export const everywhere = (layer: tfjs.layers.Layer, weight: LayerVariable): number =>
  [...shapeOf(layer.outputShape).slice(1, -1), ...weight.shape].reduce<number>((n, d) => n * d!, 1);

export interface Config {
  name?: string;
  trainable?: boolean;
}
export const initializer = (init: Initial | undefined, fallback: number): never =>
  ({
    apply: (shape: number[]) =>
      init ? tf.tensor(drawn(init, shape), shape, 'float32') : tf.fill(shape, fallback),
    getClassName: () => 'Zeros',
    getConfig: () => ({}),
  }) as never;

/** Height and width, one number where they are the same. */
export type Size = number | [height: number, width: number];
export const both = (size: Size): [number, number] => (typeof size === 'number' ? [size, size] : size);

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
export function outShape(
  s: Shape,
  size: Size,
  stride: number,
  pad: ops.Pad,
  channels: number,
  dilation = 1,
): Shape {
  const [kh, kw] = both(size);
  if (pad === 'same') {
    const same = (n: number | null): number | null => (n === null ? null : Math.ceil(n / stride));
    return [s[0], same(s[1]), same(s[2]), channels];
  }
  const [t, b, l, r] = ops.sides(pad);
  return [
    s[0],
    outSize(s[1], kh, stride, t, b, dilation),
    outSize(s[2], kw, stride, l, r, dilation),
    channels,
  ];
}

export interface Conv2dConfig extends Config {
  filters: number;
  size: Size;
  stride?: number;
  pad?: ops.Pad;
  dilation?: number;
  groups?: number;
  bias?: boolean;
  init?: Initial;
  /** Given the shape of the weight. */
  biasInit?: Initial;
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
    const { filters, groups = 1, bias, init, biasInit } = this.config;
    const window = both(this.config.size);
    this.depthwise = groups > 1 && groups === channels;
    const shape = this.depthwise
      ? [...window, channels, filters / channels]
      : [...window, channels / groups, filters];
    // the rule of initialisation sees PyTorch's shape, its values need no order
    const torchShape = [filters, channels / groups, ...window];
    const torch = init && ((): Float32Array => init(torchShape));
    this.weight = this.addWeight('weight', shape, 'float32', initializer(torch, 0));
    const biasValues = biasInit && ((): Float32Array => biasInit(torchShape));
    if (bias) this.biasVariable = this.addWeight('bias', [filters], 'float32', initializer(biasValues, 0));
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
  multiplyAdds(): number {
    return everywhere(this, this.weight);
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
    const { init, biasInit, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
  }
}

/** The slices of a volume below each other. */
function asPicture(x: tfjs.Tensor): T4 {
  if (x.rank === 4) return x as T4;
  const [n, depth, height, width, channels] = x.shape as [number, number, number, number, number];
  return tf.reshape(x, [n, depth * height, width, channels]);
}

export interface BatchNormConfig extends Config {
  epsilon?: number;
  /** Share of the new batch in the running statistics, PyTorch's `momentum`. */
  momentum?: number;
  /** What its weight starts at. Default: 1; 0 lets a residual branch start as nothing. */
  start?: number;
}

/**
 * Batch norm of pictures and volumes. A frozen one (`trainable = false`) uses and keeps its running statistics, in
 * training too.
 */
export class BatchNorm extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradBatchNorm';
  /** What it normalises by in training: the batch's statistics, which the running ones follow, or those. By default as `trainable` says. */
  statistics?: 'batch' | 'running';
  /** Share of the new batch in the running statistics, PyTorch's `momentum`. */
  momentum: number;
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  private mean!: LayerVariable;
  private variance!: LayerVariable;
  constructor(private readonly config: BatchNormConfig) {
    super({ name: config.name, trainable: config.trainable });
    this.momentum = config.momentum ?? 0.1;
  }
  /** Whether its running statistics follow the batches of training. */
  get moves(): boolean {
    return this.statistics ? this.statistics === 'batch' : this.trainable;
  }
  override build(inputShape: Shape | Shape[]): void {
    const c = [shapeOf(inputShape).at(-1)!];
    this.gamma = this.addWeight('weight', c, 'float32', initializer(undefined, this.config.start ?? 1));
    this.beta = this.addWeight('bias', c, 'float32', initializer(undefined, 0));
    this.mean = this.addWeight('running_mean', c, 'float32', initializer(undefined, 0), undefined, false);
    this.variance = this.addWeight('running_var', c, 'float32', initializer(undefined, 1), undefined, false);
    this.built = true;
  }
  override call(inputs: Inputs, kwargs: { training?: boolean; again?: boolean }): tfjs.Tensor {
    return tf.tidy(() => {
      const { epsilon = 1e-5 } = this.config;
      const { momentum } = this;
      const { shape } = single(inputs);
      const x = asPicture(single(inputs));
      const result = (y: tfjs.Tensor): tfjs.Tensor => (shape.length === 4 ? y : tf.reshape(y, shape));
      const vector = (v: LayerVariable): tfjs.Tensor1D => v.read() as tfjs.Tensor1D;
      if (!(kwargs.training && this.moves)) {
        const statistics = { mean: vector(this.mean), variance: vector(this.variance) };
        const y = ops.batchNorm(x, statistics, vector(this.gamma), vector(this.beta), epsilon);
        return result(y);
      }
      const { y, mean, variance } = ops.batchNormTrain(x, vector(this.gamma), vector(this.beta), epsilon);
      const average = (v: LayerVariable, seen: tfjs.Tensor): void => {
        // a batch that is computed again has been counted
        if (!kwargs.again) v.write(tf.add(tf.mul(v.read(), 1 - momentum), tf.mul(seen, momentum)));
        seen.dispose();
      };
      average(this.mean, mean);
      average(this.variance, variance);
      return result(y);
    });
  }
  /** Its running mean and variance. */
  running(): [mean: LayerVariable, variance: LayerVariable] {
    return [this.mean, this.variance];
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

/** Layer norm over the channels, the last axis. */
export class LayerNorm extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradLayerNorm';
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  constructor(private readonly config: Config & { epsilon: number }) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const c = [shapeOf(inputShape).at(-1)!];
    this.gamma = this.addWeight('weight', c, 'float32', initializer(undefined, 1));
    this.beta = this.addWeight('bias', c, 'float32', initializer(undefined, 0));
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() =>
      ops.layerNorm(single(inputs), this.gamma.read(), this.beta.read(), this.config.epsilon),
    );
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return shapeOf(s);
  }
  parameters(): Parameter[] {
    return [
      { name: 'weight', variable: this.gamma, shape: this.gamma.shape as number[] },
      { name: 'bias', variable: this.beta, shape: this.beta.shape as number[] },
    ];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config } as tfjs.serialization.ConfigDict;
  }
}

export interface LinearConfig extends Config {
  units: number;
  /** Default: true. */
  bias?: boolean;
  init?: Initial;
  biasInit?: Initial;
}

/** Fully connected layer over the last axis, `[..., in]` → `[..., units]`. */
export class Linear extends tf.layers.Layer implements TorchLayer {
  static className = 'CellgradLinear';
  private weight!: LayerVariable;
  private bias?: LayerVariable;
  constructor(private readonly config: LinearConfig) {
    super({ name: config.name, trainable: config.trainable });
  }
  override build(inputShape: Shape | Shape[]): void {
    const n = shapeOf(inputShape).at(-1)!;
    const { units, bias = true, init, biasInit } = this.config;
    this.weight = this.addWeight(
      'weight',
      [n, units],
      'float32',
      initializer(init && (() => init([units, n])), 0),
    );
    if (bias)
      this.bias = this.addWeight(
        'bias',
        [units],
        'float32',
        initializer(biasInit && (() => biasInit([units, n])), 0),
      );
    this.built = true;
  }
  override call(inputs: Inputs): tfjs.Tensor {
    return tf.tidy(() => {
      const x = single(inputs);
      const rows = x.rank === 2 ? x : tf.reshape(x, [-1, x.shape[x.rank - 1]]);
      const product = tf.matMul(rows as tfjs.Tensor2D, this.weight.read() as tfjs.Tensor2D);
      const y = this.bias ? ops.biasAdd(product, this.bias.read()) : product;
      return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), this.config.units]);
    });
  }
  override computeOutputShape(s: Shape | Shape[]): Shape {
    return [...shapeOf(s).slice(0, -1), this.config.units];
  }
  multiplyAdds(): number {
    return everywhere(this, this.weight);
  }
  parameters(): Parameter[] {
    const [n, units] = this.weight.shape as number[];
    const weight = {
      name: 'weight',
      variable: this.weight,
      shape: [units, n],
      toTorch: [1, 0],
      fromTorch: [1, 0],
    };
    return this.bias ? [weight, { name: 'bias', variable: this.bias, shape: [units] }] : [weight];
  }
  override getConfig(): tfjs.serialization.ConfigDict {
    const { init, biasInit, ...rest } = this.config;
    return { ...super.getConfig(), ...rest } as tfjs.serialization.ConfigDict;
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

for (const layer of [Conv2d, BatchNorm, LayerNorm, Linear, Activation, Scale, Dropout, StochasticDepth])
  tf.serialization.registerClass(layer as unknown as Parameters<typeof tf.serialization.registerClass>[0]);
