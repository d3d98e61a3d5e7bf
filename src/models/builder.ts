// What an architecture is written with: each method adds one layer under its PyTorch name and returns its output.

import type * as tfjs from '@tensorflow/tfjs';
import { ComputeError, tf } from '../compute/index.js';
import { kaiming, linear, linearBias, seedFor, type Initial } from './init.js';
import {
  Activation,
  BatchNorm,
  Conv2d,
  Dropout,
  LayerNorm,
  Linear,
  Scale,
  StochasticDepth,
  type ActivationName,
  type BatchNormConfig,
  type Conv2dConfig,
  type Size,
} from './layers.js';
import { Channels, Multiply } from './shaping.js';
import {
  AdaptiveAveragePool,
  AveragePool2d,
  Flatten,
  GlobalAveragePool,
  GlobalMaxPool,
  MaxPool2d,
  type AveragePoolConfig,
  type PoolConfig,
} from './pooling.js';

export type Node = tfjs.SymbolicTensor;
/** A rule of initialisation, given the seed of a parameter. */
export type InitRule = (seed: number) => Initial;

/** How a last feature map becomes one number a channel; `avgmax` is the mean of both, `catavgmax` has twice as many. */
export const pools = ['avg', 'max', 'avgmax', 'catavgmax'] as const;
export type Pool = (typeof pools)[number];

export interface BuilderOptions {
  seed: number;
  /** Of the last feature map. */
  pool?: Pool;
  /** Rule for convolutions; He's by outputs unless the family says otherwise. */
  conv?: InitRule;
  /** Rule for the biases of convolutions, given the shape of the weight; zeros unless the family says otherwise. */
  convBias?: InitRule;
  norm?: { epsilon?: number; momentum?: number };
}

/** A bias is zeros where only the weight has a rule; PyTorch's own rules where there is none. */
export interface LinearInit {
  weight?: InitRule;
  bias?: InitRule;
}

export interface SqueezeConfig {
  kind?: ActivationName;
  gate?: ActivationName;
  /** Of its two convolutions. */
  names?: [reduce: string, expand: string];
}

/** The multiple of `divisor` nearest to a number of channels, never more than a tenth below it. */
export function divisible(channels: number, divisor = 8): number {
  const near = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return near < 0.9 * channels ? near + divisor : near;
}

/** Lets an error within a layer say which layer it was. */
function nameInErrors(layer: tfjs.layers.Layer): void {
  const call = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    try {
      return call(inputs, kwargs);
    } catch (error) {
      if (error instanceof ComputeError && error.code === 'op')
        error.message = `In layer "${layer.name}": ${error.message}`;
      throw error;
    }
  };
}

export class Builder {
  constructor(private readonly options: BuilderOptions) {}

  /** A seed of its own for the parameters of a layer. */
  seed(name: string): number {
    return seedFor(this.options.seed, name);
  }
  private add(layer: tfjs.layers.Layer, x: Node | Node[]): Node {
    nameInErrors(layer);
    return layer.apply(x) as Node;
  }

  /** A layer of a family's own. */
  layer(x: Node | Node[], layer: tfjs.layers.Layer): Node {
    return this.add(layer, x);
  }
  conv(x: Node, name: string, filters: number, size: Size, config: Partial<Conv2dConfig> = {}): Node {
    return this.add(this.convolution(name, filters, size, config), x);
  }
  /** A convolution for `layer`, where a state dict has it before layers that come before it. */
  convolution(name: string, filters: number, size: Size, config: Partial<Conv2dConfig> = {}): Conv2d {
    const rule = this.options.conv ?? ((s) => kaiming('out', s));
    const seed = this.seed(name);
    const biasInit = config.bias ? this.options.convBias?.(seed + 1) : undefined;
    return new Conv2d({ name, filters, size, init: rule(seed), biasInit, ...config });
  }
  /** Convolution, batch norm and, where a third name is given, an activation. */
  unit(
    x: Node,
    [conv, norm, act]: [conv: string, norm: string, act?: string],
    filters: number,
    size: Size,
    { kind = 'relu', ...config }: Partial<Conv2dConfig> & { kind?: ActivationName } = {},
  ): Node {
    const y = this.norm(this.conv(x, conv, filters, size, config), norm);
    return act ? this.act(y, act, kind) : y;
  }
  norm(x: Node, name: string, config: BatchNormConfig = {}): Node {
    return this.add(new BatchNorm({ name, ...this.options.norm, ...config }), x);
  }
  act(x: Node, name: string, kind: ActivationName): Node {
    return this.add(new Activation({ name, kind }), x);
  }
  maxPool(x: Node, name: string, config: PoolConfig): Node {
    return this.add(new MaxPool2d({ name, ...config }), x);
  }
  averagePool(x: Node, name: string, config: AveragePoolConfig): Node {
    return this.add(new AveragePool2d({ name, ...config }), x);
  }
  adaptivePool(x: Node, name: string, size: number): Node {
    return this.add(new AdaptiveAveragePool({ name, size }), x);
  }
  flatten(x: Node, name: string): Node {
    return this.add(new Flatten({ name }), x);
  }
  layerNorm(x: Node, name: string, epsilon: number): Node {
    return this.add(new LayerNorm({ name, epsilon }), x);
  }
  globalPool(x: Node, name: string, keep = false): Node {
    return this.add(new GlobalAveragePool({ name, keep }), x);
  }
  /** The pooling before the head, of the kind that was asked for. */
  headPool(x: Node, name: string, keep = false): Node {
    const { pool = 'avg' } = this.options;
    if (pool === 'avg') return this.globalPool(x, name, keep);
    if (pool === 'max') return this.add(new GlobalMaxPool({ name, keep }), x);
    const mean = this.globalPool(x, `${name}.avg`, keep);
    const most = this.add(new GlobalMaxPool({ name: `${name}.max`, keep }), x);
    if (pool === 'avgmax') return this.multiply(this.sum(mean, most, `${name}.sum`), name, 0.5);
    return this.add(tf.layers.concatenate({ name, axis: keep ? 3 : 1 }), [mean, most]);
  }
  sum(a: Node, b: Node, name: string): Node {
    return this.add(tf.layers.add({ name }), [a, b]);
  }
  concat(parts: Node[], name: string): Node {
    return parts.length === 1 ? parts[0] : this.add(tf.layers.concatenate({ name, axis: 3 }), parts);
  }
  channels(x: Node, name: string, start: number, end: number): Node {
    return this.add(new Channels({ name, start, end }), x);
  }
  multiply(x: Node, name: string, by: number): Node {
    return this.add(new Multiply({ name, by }), x);
  }
  /** Squeeze and excitation (Hu et al. 2018): a gate for each channel, from the mean of all. */
  squeeze(x: Node, name: string, channels: number, config: SqueezeConfig = {}): Node {
    const { kind = 'relu', gate = 'sigmoid', names = ['fc1', 'fc2'] } = config;
    let y = this.globalPool(x, `${name}.avgpool`, true);
    y = this.conv(y, `${name}.${names[0]}`, channels, 1, { bias: true });
    y = this.act(y, `${name}.activation`, kind);
    y = this.conv(y, `${name}.${names[1]}`, x.shape[3]!, 1, { bias: true });
    return this.scale(x, this.act(y, `${name}.scale_activation`, gate), `${name}.out`);
  }
  scale(x: Node, gate: Node, name: string): Node {
    return this.add(new Scale({ name }), [x, gate]);
  }
  dropout(x: Node, name: string, rate: number): Node {
    return rate ? this.add(new Dropout({ name, rate, seed: this.seed(name) % 2 ** 31 }), x) : x;
  }
  stochasticDepth(x: Node, name: string, rate: number): Node {
    return rate ? this.add(new StochasticDepth({ name, rate, seed: this.seed(name) % 2 ** 31 }), x) : x;
  }
  linear(x: Node, name: string, units: number, init?: LinearInit, bias = true): Node {
    return this.add(this.fullyConnected(name, units, init, bias), x);
  }
  /** A linear layer for `layer`, where a state dict has it before layers that come before it. */
  fullyConnected(name: string, units: number, init?: LinearInit, bias = true): Linear {
    const weight = init?.weight ?? linear;
    const biasRule = init ? init.bias : linearBias;
    const seed = this.seed(name);
    return new Linear({ name, units, bias, init: weight(seed), biasInit: biasRule?.(seed + 1) });
  }
}

/** What an architecture returns: its output, and where its parts are. */
export interface Graph {
  logits: Node;
  /** Layers whose outputs end the stem and the stages, in order: as in timm, the last before resolution is lost. */
  stages: string[];
  /** The layer that gives the last feature map, where it isn't the last stage's end. */
  featureMap?: string;
  /** The layer that classifies. */
  head: string;
  /** Heads of the published state dict that only its training used; they aren't built. */
  auxiliary?: string[];
}

/** What can be changed about an architecture; each architecture's own where it is left out. */
export interface Design {
  /** Probability of dropout before the head. */
  dropout?: number;
  /** Stochastic depth: the probability that the last residual branch is left out in training; it grows from block to block. */
  dropPath?: number;
  /** Pooling of the last feature map. */
  pool?: Pool;
  /** Units of hidden layers, with ReLUs after them, before the layer that classifies; `none` gives features alone. */
  head?: readonly number[] | 'none';
}

export interface ArchitectureOptions extends Design {
  classes: number;
  seed: number;
}

export interface Architecture {
  family: string;
  source: string;
  /** The smallest height and width (and depth) that leave something to pool. */
  minSize: number;
  /** Input size of the published weights. */
  size: number;
  /** Slices or frames of the published weights; only networks of volumes have it. */
  depth?: number;
  mean: number[];
  std: number[];
  build: (input: Node, options: ArchitectureOptions) => Graph;
}

/** ImageNet's mean and standard deviation, as torchvision's weights expect them. */
export const imagenetStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
