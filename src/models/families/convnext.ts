// ConvNeXt (Liu et al. 2022), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { normal } from '../init.js';
import { LayerScale } from '../shaping.js';

const epsilon = 1e-6;
// PyTorch truncates at ±2, a hundred standard deviations away
const weight = (seed: number): ReturnType<typeof normal> => normal(0.02, seed);

function block(b: Builder, input: Node, name: string, drop: number): Node {
  const channels = input.shape[3]!;
  // before its place, for its parameter comes first in the state dict
  const scale = new LayerScale({ name: `${name}.layer_scale`, start: 1e-6 });
  let x = b.conv(input, `${name}.block.0`, channels, 7, { pad: 3, groups: channels, bias: true });
  x = b.layerNorm(x, `${name}.block.2`, epsilon);
  x = b.act(b.linear(x, `${name}.block.3`, 4 * channels, { weight }), `${name}.block.4`, 'gelu');
  x = b.layer(b.linear(x, `${name}.block.5`, channels, { weight }), scale);
  return b.sum(b.stochasticDepth(x, `${name}.stochastic_depth`, drop), input, `${name}.out`);
}

const convnext = (widths: number[], depths: number[], drop: number): Architecture => ({
  family: 'convnext',
  source: 'torchvision',
  minSize: 32,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = drop }) {
    const b = new Builder({ seed, pool, conv: weight });
    let x = b.conv(input, 'features.0.0', widths[0], 4, { stride: 4, bias: true });
    x = b.layerNorm(x, 'features.0.1', epsilon);
    const stages = ['features.0.1'];
    const total = depths.reduce((a, n) => a + n, 0);
    let done = 0;
    depths.forEach((count, s) => {
      for (let i = 0; i < count; i++)
        x = block(b, x, `features.${2 * s + 1}.${i}`, (dropPath * done++) / (total - 1));
      stages.push(x.sourceLayer.name);
      if (s === depths.length - 1) return;
      x = b.layerNorm(x, `features.${2 * s + 2}.0`, epsilon);
      x = b.conv(x, `features.${2 * s + 2}.1`, widths[s + 1], 2, { stride: 2, bias: true });
    });
    x = b.layerNorm(b.headPool(x, 'avgpool'), 'classifier.0', epsilon);
    x = b.dropout(x, 'dropout', dropout);
    return { logits: b.linear(x, 'classifier.2', classes, { weight }), stages, head: 'classifier.2' };
  },
});

export const convnexts: Record<string, Architecture> = {
  convnext_tiny: convnext([96, 192, 384, 768], [3, 3, 9, 3], 0.1),
  convnext_small: convnext([96, 192, 384, 768], [3, 3, 27, 3], 0.4),
  convnext_base: convnext([128, 256, 512, 1024], [3, 3, 27, 3], 0.5),
  convnext_large: convnext([192, 384, 768, 1536], [3, 3, 27, 3], 0.5),
};
