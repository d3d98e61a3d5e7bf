// ResNeSt (Zhang et al. 2020), timm's definition.

import { Builder, divisible, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { torchConvBias } from '../init.js';
import { RadixSoftmax } from '../shaping.js';
import { expansion, residualStages, type Branch, type Shortcut } from './residual.js';

const radix = 2;

/** Two convolutions side by side, added with weights for each channel that are learnt from the sum of both. */
function splitAttention(b: Builder, input: Node, name: string, filters: number): Node {
  const split = (x: Node, part: string): [Node, Node] => [
    b.channels(x, `${name}.${part}.0`, 0, filters),
    b.channels(x, `${name}.${part}.1`, filters, 2 * filters),
  ];
  const all = radix * filters;
  const names: [string, string, string] = [`${name}.conv`, `${name}.bn0`, `${name}.act0`];
  const x = b.unit(input, names, all, 3, { pad: 1, groups: radix });
  const means = split(b.globalPool(x, `${name}.avgpool`, true), 'means');
  const squeezed = Math.max(32, divisible(all / 4));
  let gate = b.sum(...means, `${name}.sum`);
  gate = b.conv(gate, `${name}.fc1`, squeezed, 1, { bias: true });
  gate = b.act(b.norm(gate, `${name}.bn1`), `${name}.act1`, 'relu');
  gate = b.conv(gate, `${name}.fc2`, all, 1, { bias: true });
  gate = b.layer(gate, new RadixSoftmax({ name: `${name}.rsoftmax`, radix }));
  return b.sum(...split(b.scale(x, gate, `${name}.scale`), 'scaled'), `${name}.out`);
}

const branch: Branch = (b, input, name, filters, stride) => {
  let x = b.unit(input, [`${name}.conv1`, `${name}.bn1`, `${name}.act1`], filters, 1);
  x = splitAttention(b, x, `${name}.conv2`, filters);
  if (stride > 1) x = b.averagePool(x, `${name}.avd_last`, { size: 3, stride, pad: 1 });
  return b.norm(b.conv(x, `${name}.conv3`, filters * expansion, 1), `${name}.bn3`, { start: 0 });
};

/** A mean of 2 × 2 where it halves its input, then a convolution of 1 × 1. */
const averaged: Shortcut = (b, x, name, channels, stride) => {
  const pool = { size: 2, stride, ceil: true, countPadding: false };
  const y = stride > 1 ? b.averagePool(x, `${name}.downsample.0`, pool) : x;
  return b.unit(y, [`${name}.downsample.1`, `${name}.downsample.2`], channels, 1);
};

const resnest = (blocks: number[]): Architecture => ({
  family: 'resnest',
  source: 'timm',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = 0 }) {
    const b = new Builder({ seed, pool, convBias: torchConvBias });
    let x = b.unit(input, ['conv1.0', 'conv1.1', 'conv1.2'], 32, 3, { stride: 2, pad: 1 });
    x = b.unit(x, ['conv1.3', 'conv1.4', 'conv1.5'], 32, 3, { pad: 1 });
    x = b.unit(x, ['conv1.6', 'bn1', 'act1'], 64, 3, { pad: 1 });
    x = b.maxPool(x, 'maxpool', { size: 3, stride: 2, pad: 1 });
    const { x: last, ends } = residualStages(b, x, blocks, { branch, shortcut: averaged, drop: dropPath });
    const features = b.dropout(b.headPool(last, 'global_pool'), 'dropout', dropout);
    return { logits: b.linear(features, 'fc', classes), stages: ['act1', ...ends], head: 'fc' };
  },
});

export const resnests: Record<string, Architecture> = { resnest50d: resnest([3, 4, 6, 3]) };
