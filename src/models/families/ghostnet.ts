// GhostNet (Han et al. 2020), timm's definition: half of the channels come of cheap operations on the other half.

import { Builder, divisible, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { torchConv, torchConvBias } from '../init.js';

/** A block: kernel, hidden channels, channels, whether it squeezes, stride. */
type Row = [size: number, hidden: number, channels: number, squeeze: boolean, stride: number];

/** Convolutions of 1 × 1 make half of the channels, depthwise ones of these the rest. */
function ghost(b: Builder, x: Node, name: string, channels: number, activates: boolean): Node {
  const part = (x: Node, kind: string, size: number, groups: number): Node => {
    const at = `${name}.${kind}`;
    const act = activates ? `${at}.2` : undefined;
    return b.unit(x, [`${at}.0`, `${at}.1`, act], half, size, { pad: size >> 1, groups });
  };
  const half = channels / 2;
  const primary = part(x, 'primary_conv', 1, 1);
  return b.concat([primary, part(primary, 'cheap_operation', 3, half)], `${name}.out`);
}

function bottleneck(b: Builder, input: Node, name: string, row: Row): Node {
  const [size, hidden, channels, squeeze, stride] = row;
  const given = input.shape[3]!;
  const depthwise = (groups: number): object => ({ stride, pad: size >> 1, groups });
  let x = ghost(b, input, `${name}.ghost1`, hidden, true);
  if (stride > 1) x = b.unit(x, [`${name}.conv_dw`, `${name}.bn_dw`], hidden, size, depthwise(hidden));
  if (squeeze)
    x = b.squeeze(x, `${name}.se`, divisible(hidden / 4, 4), {
      gate: 'hardSigmoid',
      names: ['conv_reduce', 'conv_expand'],
    });
  x = ghost(b, x, `${name}.ghost2`, channels, false);
  const shortcut = (at: number): [string, string] => [`${name}.shortcut.${at}`, `${name}.shortcut.${at + 1}`];
  let skip = input;
  if (stride > 1 || given !== channels) {
    skip = b.unit(skip, shortcut(0), given, size, depthwise(given));
    skip = b.unit(skip, shortcut(2), channels, 1);
  }
  return b.sum(x, skip, `${name}.out`);
}

// by stage, and within it by timm's groups
const rows: Row[][][] = [
  [[[3, 16, 16, false, 1]]],
  [[[3, 48, 24, false, 2]], [[3, 72, 24, false, 1]]],
  [[[5, 72, 40, true, 2]], [[5, 120, 40, true, 1]]],
  [
    [[3, 240, 80, false, 2]],
    [
      [3, 200, 80, false, 1],
      [3, 184, 80, false, 1],
      [3, 184, 80, false, 1],
      [3, 480, 112, true, 1],
      [3, 672, 112, true, 1],
    ],
  ],
  [
    [[5, 672, 160, true, 2]],
    [
      [5, 960, 160, false, 1],
      [5, 960, 160, true, 1],
      [5, 960, 160, false, 1],
      [5, 960, 160, true, 1],
    ],
  ],
];

const ghostnet: Architecture = {
  family: 'ghostnet',
  source: 'timm',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool, conv: torchConv, convBias: torchConvBias });
    let x = b.unit(input, ['conv_stem', 'bn1', 'act1'], 16, 3, { stride: 2, pad: 1 });
    const stages = ['act1'];
    let group = 0;
    for (const stage of rows) {
      for (const blocks of stage) {
        blocks.forEach((row, i) => (x = bottleneck(b, x, `blocks.${group}.${i}`, row)));
        group++;
        // timm takes the blocks that halve the map, not the last of a resolution
        if (blocks[0][4] > 1) stages.push(x.sourceLayer.name);
      }
    }
    const last = `blocks.${group}.0`;
    x = b.unit(x, [`${last}.conv`, `${last}.bn1`, `${last}.bn1.act`], 960, 1);
    x = b.conv(b.headPool(x, 'global_pool', true), 'conv_head', 1280, 1, { bias: true });
    x = b.flatten(b.act(x, 'act2', 'relu'), 'flatten');
    x = b.dropout(x, 'drop', dropout);
    const logits = b.linear(x, 'classifier', classes);
    return { logits, stages, featureMap: `${last}.bn1.act`, head: 'classifier' };
  },
};

export const ghostnets: Record<string, Architecture> = { ghostnet_100: ghostnet };
