// The layers of transformers as ONNX nodes.

import {
  apart,
  ClassToken,
  PositionEmbedding,
  relativeIndex,
  SelfAttention,
  WindowAttention,
  type SelfAttentionConfig,
  type WindowAttentionConfig,
} from '../attention.js';
import type { OnnxGraph } from './graph.js';
import { config, type Writer } from './writer.js';

/**
 * Scaled dot-product attention of several heads.
 * @param qkv `[batch, tokens, 3 · channels]`
 * @param bias adds to the scores, `[batch, heads, tokens, tokens]`
 * @returns `[batch, tokens, channels]`
 */
function attend(
  g: OnnxGraph,
  qkv: string,
  { tokens, channels, heads }: { tokens: number; channels: number; heads: number },
  bias: (scores: string) => string = (scores) => scores,
): string {
  const depth = channels / heads;
  const parts = g.nodeOf('Split', [qkv, g.ints(channels, channels, channels)], 3, { axis: -1 });
  const [q, k, v] = parts.map((part) => g.reshape(part, 0, tokens, heads, depth));
  const scaled = g.node('Mul', [g.transpose(q, 0, 2, 1, 3), g.scalar(depth ** -0.5)]);
  const scores = g.node('MatMul', [scaled, g.transpose(k, 0, 2, 3, 1)]);
  const shares = g.node('Softmax', [bias(scores)], { axis: -1 });
  const mixed = g.node('MatMul', [shares, g.transpose(v, 0, 2, 1, 3)]);
  return g.reshape(g.transpose(mixed, 0, 2, 1, 3), 0, tokens, channels);
}

const classToken: Writer = (layer, [x], g) => {
  const [, h, w, c] = x.shape as number[];
  const rows =
    x.channels === 'last'
      ? g.reshape(x.name, 0, h * w, c)
      : g.transpose(g.reshape(x.name, 0, c, h * w), 0, 2, 1);
  const batch = g.slice(g.node('Shape', [rows]), 0, 0, 1);
  const size = g.node('Concat', [batch, g.ints(1, c)], { axis: 0 });
  const token = g.node('Expand', [g.parameter(layer, ''), size]);
  return g.node('Concat', [token, rows], { axis: 1 });
};

const selfAttention: Writer = (layer, [x], g) => {
  const { heads } = config<SelfAttentionConfig>(layer);
  const [, tokens, channels] = x.shape as number[];
  const product = g.node('MatMul', [x.name, g.parameter(layer, 'in_proj_weight', { transposed: true })]);
  const qkv = g.node('Add', [product, g.parameter(layer, 'in_proj_bias')]);
  return attend(g, qkv, { tokens, channels, heads });
};

/** A map, channels last, whose rows and columns begin with those at `down` and `right`. */
function rolled(g: OnnxGraph, x: string, [h, w]: number[], down: number, right: number): string {
  const roll = (x: string, by: number, axis: number, n: number): string => {
    if (by % n === 0) return x;
    return g.node('Concat', [g.slice(x, axis, by, n), g.slice(x, axis, 0, by)], { axis });
  };
  return roll(roll(x, down, 1, h), right, 2, w);
}

const windowAttention: Writer = (layer, [x], g) => {
  const { heads, window, size, shift } = config<WindowAttentionConfig>(layer);
  const [, h, w, width] = x.shape as number[];
  const channels = width / 3;
  const [tall, wide] = [h / window, w / window];
  const [down, right] = [h, w].map((n) => (window >= n ? 0 : shift));
  const tokens = window ** 2;
  const windows = g.transpose(
    g.reshape(rolled(g, g.last(x), [h, w], down, right), 0, tall, window, wide, window, width),
    ...[0, 1, 3, 2, 4, 5],
  );
  const table = layer.weights[0];
  const bias = g.weight(`${layer.name}.relative_position_bias`, [1, heads, tokens, tokens], () =>
    pairBias(table.read().dataSync() as Float32Array, window, heads),
  );
  const mixed = attend(g, g.reshape(windows, -1, tokens, width), { tokens, channels, heads }, (scores) => {
    const biased = g.node('Add', [scores, bias]);
    if (!down && !right) return biased;
    const mask = g.weight(`${layer.name}.mask`, [1, tall * wide, 1, tokens, tokens], () =>
      apart(h, w, window, down, right),
    );
    const grouped = g.reshape(biased, -1, tall * wide, heads, tokens, tokens);
    return g.reshape(g.node('Add', [grouped, mask]), -1, heads, tokens, tokens);
  });
  const back = g.transpose(g.reshape(mixed, -1, tall, wide, window, window, channels), ...[0, 1, 3, 2, 4, 5]);
  const y = rolled(g, g.reshape(back, -1, h, w, channels), [h, w], h - down, w - right);
  const [height, across] = size;
  if (height === h && across === w) return y;
  return g.slice(g.slice(y, 1, 0, height), 2, 0, across);
};

/** What is added to the scores of each head, `[heads, tokens, tokens]`, of the table of relative positions. */
function pairBias(table: Float32Array, window: number, heads: number): Float32Array {
  const rows = relativeIndex(window);
  return Float32Array.from({ length: heads * rows.length }, (_, i) => {
    const head = Math.floor(i / rows.length);
    return table[rows[i % rows.length] * heads + head];
  });
}

export const attentionWriters: Record<string, Writer> = {
  [ClassToken.className]: classToken,
  [PositionEmbedding.className]: (layer, [x], g) =>
    g.node('Add', [x.name, g.parameter(layer, 'pos_embedding')]),
  [SelfAttention.className]: selfAttention,
  [WindowAttention.className]: windowAttention,
};
