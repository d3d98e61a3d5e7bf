// How each layer is written as ONNX nodes, by the layer's class name.

import { ops } from '../../compute/index.js';
import { Conv3d, type Conv3dConfig } from '../conv3d.js';
import {
  Activation,
  BatchNorm,
  both,
  Conv2d,
  Dropout,
  LayerNorm,
  Linear,
  Scale,
  StochasticDepth,
  type Conv2dConfig,
} from '../layers.js';
import {
  AdaptiveAveragePool,
  AveragePool2d,
  Flatten,
  GlobalAveragePool,
  GlobalMaxPool,
  MaxPool2d,
  shares,
  sidesFor,
  type AveragePoolConfig,
  type PoolConfig,
} from '../pooling.js';
import {
  Channels,
  LayerScale,
  Multiply,
  PadTo,
  Patches,
  RadixSoftmax,
  Shift,
  ShuffleChannels,
  Tokens,
  Upsample,
} from '../shaping.js';
import { activations } from './activations.js';
import { attentionWriters } from './attention.js';
import type { Attributes, OnnxGraph } from './graph.js';
import { alike, anywhere, config, first, pads, type Writer } from './writer.js';

const conv: Writer = (layer, [x], g) => {
  const { size, stride = 1, pad = 0, dilation = 1, groups = 1, bias } = config<Conv2dConfig>(layer);
  const window = both(size);
  const sides =
    pad === 'same'
      ? window.flatMap((k, i) => ops.same(x.shape[i + 1]!, k, stride, dilation))
      : ops.sides(pad);
  const inputs = [g.first(x), g.parameter(layer, 'weight')];
  if (bias) inputs.push(g.parameter(layer, 'bias'));
  const attributes = {
    dilations: [dilation, dilation],
    group: groups,
    kernel_shape: window,
    pads: pads(sides),
    strides: [stride, stride],
  };
  return first(g.node('Conv', inputs, attributes));
};

const conv3d: Writer = (layer, [x], g) => {
  const { size, stride = 1, pad = 0 } = config<Conv3dConfig>(layer);
  const sides = ops.three(pad);
  const attributes = {
    dilations: [1, 1, 1],
    group: 1,
    kernel_shape: ops.three(size),
    pads: [...sides, ...sides],
    strides: ops.three(stride),
  };
  return first(g.node('Conv', [g.first(x), g.parameter(layer, 'weight')], attributes));
};

const batchNorm: Writer = (layer, [x], g) => {
  const { epsilon = 1e-5, momentum = 0.1 } = config<{ epsilon?: number; momentum?: number }>(layer);
  const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map((p) => g.parameter(layer, p));
  const attributes = { epsilon: { float: epsilon }, momentum: { float: 1 - momentum } };
  return first(g.node('BatchNormalization', [g.first(x), ...parameters], attributes));
};

const layerNorm: Writer = (layer, [x], g) => {
  const { epsilon } = config<{ epsilon: number }>(layer);
  const inputs = [g.last(x), g.parameter(layer, 'weight'), g.parameter(layer, 'bias')];
  return g.node('LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } });
};

const linear: Writer = (layer, [x], g) => {
  const { bias = true } = config<{ bias?: boolean }>(layer);
  const biases = bias ? [g.parameter(layer, 'bias')] : [];
  if (x.shape.length === 2)
    return g.node('Gemm', [x.name, g.parameter(layer, 'weight'), ...biases], { transB: 1 });
  const y = g.node('MatMul', [g.last(x), g.parameter(layer, 'weight', { transposed: true })]);
  return bias ? g.node('Add', [y, ...biases]) : y;
};

const pool =
  (op: 'MaxPool' | 'AveragePool'): Writer =>
  (layer, [x], g) => {
    const settings = config<PoolConfig & AveragePoolConfig>(layer);
    const { size, stride, countPadding = true } = settings;
    // rounding up is a larger padding
    const attributes: Attributes = {
      kernel_shape: [size, size],
      pads: pads(sidesFor(settings, x.shape)),
      strides: [stride, stride],
    };
    if (op === 'AveragePool') attributes.count_include_pad = Number(countPadding);
    return first(g.node(op, [g.first(x)], attributes));
  };

const globalPool =
  (what: 'Average' | 'Max'): Writer =>
  (layer, [x], g) => {
    const { keep = false } = config<{ keep?: boolean }>(layer);
    const axes = x.shape.slice(1, -1).map((_, i) => i + 1);
    const reduce = what === 'Max' ? 'ReduceMax' : 'ReduceMean';
    if (x.channels === 'last') return g.node(reduce, [x.name], { axes, keepdims: Number(keep) });
    const y = g.node(`Global${what}Pool`, [x.name]);
    return keep ? first(y) : g.node('Flatten', [y], { axis: 1 });
  };

const adaptivePool: Writer = (layer, [x], g) => {
  const { size } = config<{ size: number }>(layer);
  const [, h, w, c] = x.shape as number[];
  const name = g.first(x);
  if (h === size && w === size) return first(name);
  if (h % size === 0 && w % size === 0) {
    const window = [h / size, w / size];
    return first(g.node('AveragePool', [name], { kernel_shape: window, strides: window }));
  }
  const matrix = g.weight(`${layer.name}.shares`, [h * w, size * size], () => shares(h, w, size));
  const y = g.node('MatMul', [g.reshape(name, 0, c, h * w), matrix]);
  return first(g.reshape(y, 0, c, size, size));
};

const concat: Writer = (layer, inputs, g) => {
  const { axis } = config<{ axis: number }>(layer);
  const rank = inputs[0].shape.length;
  const { names, channels } = alike(inputs, g);
  // batch, channels, height, width
  const place = channels === 'last' || axis === 0 ? axis : axis === rank - 1 ? 1 : axis + 1;
  return { name: g.node('Concat', names, { axis: place }), channels };
};

const shuffle: Writer = (layer, [x], g) => {
  const { groups } = config<{ groups: number }>(layer);
  const [, h, w, c] = x.shape as number[];
  const split = g.reshape(g.first(x), 0, groups, c / groups, h, w);
  return first(g.reshape(g.transpose(split, 0, 2, 1, 3, 4), 0, c, h, w));
};

const radixSoftmax: Writer = (layer, [x], g) => {
  const { radix } = config<{ radix: number }>(layer);
  const channels = x.shape.at(-1)!;
  const parts = g.reshape(g.first(x), 0, radix, channels / radix);
  return first(g.reshape(g.node('Softmax', [parts], { axis: 1 }), 0, channels, 1, 1));
};

/** Zeros below and to the right of a map with channels last. */
const padEnd = (x: string, down: number, right: number, g: OnnxGraph): string =>
  down || right ? g.node('Pad', [x, g.ints(0, 0, 0, 0, 0, down, right, 0)]) : x;

const padTo: Writer = (layer, [x], g) => {
  const [, h, w] = x.shape as number[];
  const [, height, width] = layer.computeOutputShape(x.shape) as number[];
  return padEnd(g.last(x), height - h, width - w, g);
};

const patches: Writer = (_, [x], g) => {
  const [, h, w, c] = x.shape as number[];
  const [tall, wide] = [Math.ceil(h / 2), Math.ceil(w / 2)];
  const even = padEnd(g.last(x), h % 2, w % 2, g);
  const places = g.transpose(g.reshape(even, 0, tall, 2, wide, 2, c), 0, 1, 3, 4, 2, 5);
  return g.reshape(places, 0, tall, wide, 4 * c);
};

const upsample: Writer = (layer, [x], g) => {
  const { by } = config<{ by: number }>(layer);
  const attributes = {
    coordinate_transformation_mode: 'asymmetric',
    mode: 'nearest',
    nearest_mode: 'floor',
  };
  return first(g.node('Resize', [g.first(x), '', g.floats(1, 1, by, by)], attributes));
};

/** Layers that do nothing outside of training. */
const nothing: Writer = (_, [x]) => x;

export const writers: Record<string, Writer> = {
  [Conv2d.className]: conv,
  [Conv3d.className]: conv3d,
  [BatchNorm.className]: batchNorm,
  [LayerNorm.className]: layerNorm,
  [Linear.className]: linear,
  [Activation.className]: anywhere(([x], g, layer) =>
    activations[config<{ kind: keyof typeof activations }>(layer).kind](x, g),
  ),
  [Scale.className]: anywhere((names, g) => g.node('Mul', names)),
  [Dropout.className]: nothing,
  [StochasticDepth.className]: nothing,
  [MaxPool2d.className]: pool('MaxPool'),
  [AveragePool2d.className]: pool('AveragePool'),
  [GlobalAveragePool.className]: globalPool('Average'),
  [GlobalMaxPool.className]: globalPool('Max'),
  [AdaptiveAveragePool.className]: adaptivePool,
  [Flatten.className]: (_, [x], g) => g.node('Flatten', [g.first(x)], { axis: 1 }),
  [Channels.className]: anywhere(([x], g, layer, channels) => {
    const { start, end } = config<{ start: number; end: number }>(layer);
    return g.slice(x, channels === 'first' ? 1 : -1, start, end);
  }),
  [ShuffleChannels.className]: shuffle,
  [RadixSoftmax.className]: radixSoftmax,
  [Tokens.className]: (layer, [x], g) =>
    g.node('Gather', [x.name, g.int(config<{ at: number }>(layer).at)], { axis: 1 }),
  [Patches.className]: patches,
  [PadTo.className]: padTo,
  // ONNX takes a padding below 0 for a cut
  [Shift.className]: (_, [x], g) => g.node('Pad', [g.last(x), g.ints(0, -1, -1, 0, 0, 1, 1, 0)]),
  [Upsample.className]: upsample,
  [Multiply.className]: anywhere(([x], g, layer) =>
    g.node('Mul', [x, g.scalar(config<{ by: number }>(layer).by)]),
  ),
  [LayerScale.className]: anywhere(([x], g, layer, channels) => {
    const [count] = layer.weights[0].shape as number[];
    const factor = g.parameter(layer, '', channels === 'first' ? {} : { shape: [count] });
    return g.node('Mul', [x, factor]);
  }),
  Add: anywhere(([x, ...others], g) => others.reduce((sum, y) => g.node('Add', [sum, y]), x)),
  Concatenate: concat,
  ...attentionWriters,
};
