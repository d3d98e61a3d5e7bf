// Dual path networks (Chen et al. 2017), timm's definition: beside the residual path grows a dense one.

import { Builder, type Architecture, type Node } from '../builder.js';
import { torchConv, torchConvBias } from '../init.js';

interface Design {
  stem: { filters: number; size: number };
  /** Channels of the first stage's residual path, doubled from stage to stage. */
  residual: number;
  /** Filters of the first stage's inner convolutions, doubled from stage to stage, and their groups. */
  inner: number;
  groups: number;
  /** Blocks of each stage, and the channels that each of them adds to the dense path. */
  blocks: number[];
  growth: number[];
}

interface Block {
  inner: number;
  groups: number;
  residual: number;
  growth: number;
  stride: number;
}

/** Batch norm and ReLU before a convolution. */
function unit(b: Builder, x: Node, name: string, filters: number, size = 1, stride = 1, groups = 1): Node {
  const y = b.act(b.norm(x, `${name}.bn`), `${name}.bn.act`, 'relu');
  return b.conv(y, `${name}.conv`, filters, size, { stride, pad: size >> 1, groups });
}

/** The residual path's channels come first, the dense path's follow; a stage's first block projects both. */
function block(b: Builder, input: Node, name: string, first: boolean, config: Block): Node {
  const { inner, groups, residual, growth, stride } = config;
  const skip = first ? unit(b, input, `${name}.c1x1_w_s${stride}`, residual + 2 * growth, 1, stride) : input;
  let x = unit(b, input, `${name}.c1x1_a`, inner);
  x = unit(b, x, `${name}.c3x3_b`, inner, 3, stride, groups);
  x = unit(b, x, `${name}.c1x1_c`, residual + growth);
  const part = (y: Node, path: string, start: number, end: number): Node =>
    b.channels(y, `${name}.${path}`, start, end);
  const sum = b.sum(
    part(skip, 'skip.residual', 0, residual),
    part(x, 'c1x1_c.residual', 0, residual),
    `${name}.add`,
  );
  return b.concat(
    [
      sum,
      part(skip, 'skip.dense', residual, skip.shape[3]!),
      part(x, 'c1x1_c.dense', residual, residual + growth),
    ],
    `${name}.out`,
  );
}

const dpn = (design: Design): Architecture => ({
  family: 'dpn',
  source: 'timm',
  minSize: 1,
  size: 224,
  mean: [124 / 255, 117 / 255, 104 / 255],
  std: Array<number>(3).fill(1 / (0.0167 * 255)),
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Builder({ seed, pool, conv: torchConv, convBias: torchConvBias, norm: { epsilon: 1e-3 } });
    const { filters, size } = design.stem;
    const stem = 'features.conv1_1';
    const names: [string, string, string] = [`${stem}.conv`, `${stem}.bn`, `${stem}.bn.act`];
    let x = b.unit(input, names, filters, size, { stride: 2, pad: size >> 1 });
    const stages = [`${stem}.bn.act`];
    x = b.maxPool(x, 'features.conv1_pool', { size: 3, stride: 2, pad: 1 });
    design.blocks.forEach((count, s) => {
      const config = {
        inner: design.inner << s,
        groups: design.groups,
        residual: design.residual << s,
        growth: design.growth[s],
      };
      for (let i = 1; i <= count; i++)
        x = block(b, x, `features.conv${s + 2}_${i}`, i === 1, {
          ...config,
          stride: i === 1 && s > 0 ? 2 : 1,
        });
      if (s < design.blocks.length - 1) stages.push(x.sourceLayer.name);
    });
    const last = 'features.conv5_bn_ac.bn';
    // timm's class names ELU for it, but what it builds is ReLU
    x = b.act(b.norm(x, last), `${last}.act`, 'relu');
    stages.push(`${last}.act`);
    x = b.dropout(b.headPool(x, 'global_pool', true), 'drop', dropout);
    x = b.conv(x, 'classifier', classes, 1, { bias: true });
    return { logits: b.flatten(x, 'flatten'), stages, head: 'classifier' };
  },
});

export const dpns: Record<string, Architecture> = {
  dpn68: dpn({
    stem: { filters: 10, size: 3 },
    residual: 64,
    inner: 128,
    groups: 32,
    blocks: [3, 4, 12, 3],
    growth: [16, 32, 32, 64],
  }),
  dpn92: dpn({
    stem: { filters: 64, size: 7 },
    residual: 256,
    inner: 96,
    groups: 32,
    blocks: [3, 4, 20, 3],
    growth: [16, 32, 24, 128],
  }),
  dpn98: dpn({
    stem: { filters: 96, size: 7 },
    residual: 256,
    inner: 160,
    groups: 40,
    blocks: [3, 6, 20, 3],
    growth: [16, 32, 32, 128],
  }),
};
