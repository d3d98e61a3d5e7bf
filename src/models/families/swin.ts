// Swin transformer (Liu et al. 2021), torchvision's definition.

import { WindowAttention } from '../attention.js';
import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { normal, torchConv, torchConvBias } from '../init.js';
import { PadTo, Patches } from '../shaping.js';

interface Design {
  width: number;
  depths: number[];
  heads: number[];
  drop: number;
}

const epsilon = 1e-5;
/** Side of a window. */
const window = 7;
// PyTorch truncates at ±2, a hundred standard deviations away
const weight = (seed: number): ReturnType<typeof normal> => normal(0.02, seed);

function block(b: Builder, input: Node, name: string, heads: number, shift: number, drop: number): Node {
  const [, height, across, width] = input.shape as number[];
  let x = b.layerNorm(input, `${name}.norm1`, epsilon);
  // before its place, for its table comes first in the state dict
  const attention = new WindowAttention({
    name: `${name}.attn`,
    heads,
    window,
    size: [height, across],
    shift,
    init: weight(b.seed(`${name}.attn`)),
  });
  // padded before the projection, whose bias the padding then has
  x = b.layer(x, new PadTo({ name: `${name}.padded`, to: window }));
  x = b.layer(b.linear(x, `${name}.attn.qkv`, 3 * width, { weight }), attention);
  x = b.linear(x, `${name}.attn.proj`, width, { weight });
  const middle = b.sum(b.stochasticDepth(x, `${name}.drop1`, drop), input, `${name}.attended`);
  x = b.layerNorm(middle, `${name}.norm2`, epsilon);
  x = b.act(b.linear(x, `${name}.mlp.0`, 4 * width, { weight }), `${name}.mlp.1`, 'gelu');
  x = b.linear(x, `${name}.mlp.3`, width, { weight });
  return b.sum(b.stochasticDepth(x, `${name}.drop2`, drop), middle, `${name}.out`);
}

const swin = ({ width, depths, heads, drop }: Design): Architecture => ({
  family: 'swin',
  source: 'torchvision',
  minSize: 4,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = drop }) {
    const b = new Builder({ seed, pool, conv: torchConv, convBias: torchConvBias });
    let x = b.conv(input, 'features.0.0', width, 4, { stride: 4, bias: true });
    x = b.layerNorm(x, 'features.0.2', epsilon);
    const stages = ['features.0.2'];
    const total = depths.reduce((a, n) => a + n, 0);
    let done = 0;
    depths.forEach((count, s) => {
      for (let i = 0; i < count; i++) {
        const rate = (dropPath * done++) / (total - 1);
        x = block(b, x, `features.${2 * s + 1}.${i}`, heads[s], i % 2 ? 3 : 0, rate);
      }
      stages.push(x.sourceLayer.name);
      if (s === depths.length - 1) return;
      const name = `features.${2 * s + 2}`;
      const reduction = b.fullyConnected(`${name}.reduction`, 2 * x.shape[3]!, { weight }, false);
      x = b.layer(x, new Patches({ name: `${name}.patches` }));
      x = b.layer(b.layerNorm(x, `${name}.norm`, epsilon), reduction);
    });
    x = b.layerNorm(x, 'norm', epsilon);
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'head', classes, { weight });
    return { logits, stages, featureMap: 'norm', head: 'head' };
  },
});

export const swins: Record<string, Architecture> = {
  swin_t: swin({ width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24], drop: 0.2 }),
  swin_s: swin({ width: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24], drop: 0.3 }),
  swin_b: swin({ width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32], drop: 0.5 }),
};
