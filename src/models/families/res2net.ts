// Res2Net (Gao et al. 2019), timm's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { expansion, residualStages, type Branch } from './residual.js';

/** A bottleneck whose middle convolution is a cascade: each part of the channels is convolved with what came of the one before. */
const cascade =
  ({ width: base, scale }: { width: number; scale: number }): Branch =>
  (b, input, name, filters, stride) => {
    const channels = filters * expansion;
    const width = Math.floor((filters * base) / 64);
    const x = b.unit(input, [`${name}.conv1`, `${name}.bn1`, `${name}.relu1`], width * scale, 1);
    const part = (i: number): Node => b.channels(x, `${name}.split.${i}`, i * width, (i + 1) * width);
    // a stage's first block convolves its parts side by side and pools the last one
    const first = stride > 1 || input.shape[3] !== channels;
    const parts = Array.from({ length: scale - 1 }, (_, i) => i);
    const convolutions = parts.map((i) => b.convolution(`${name}.convs.${i}`, width, 3, { stride, pad: 1 }));
    const outputs: Node[] = [];
    for (const i of parts) {
      const given = first || i === 0 ? part(i) : b.sum(outputs[i - 1], part(i), `${name}.add.${i}`);
      const y = b.norm(b.layer(given, convolutions[i]), `${name}.bns.${i}`);
      outputs.push(b.act(y, `${name}.relus.${i}`, 'relu'));
    }
    const rest = part(scale - 1);
    outputs.push(first ? b.averagePool(rest, `${name}.pool`, { size: 3, stride, pad: 1 }) : rest);
    const y = b.conv(b.concat(outputs, `${name}.concat`), `${name}.conv3`, channels, 1);
    return b.norm(y, `${name}.bn3`, { start: 0 });
  };

const res2net = (branch: Branch, blocks: number[]): Architecture => ({
  family: 'res2net',
  source: 'timm',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = 0 }) {
    const b = new Builder({ seed, pool });
    const stem = b.unit(input, ['conv1', 'bn1', 'act1'], 64, 7, { stride: 2, pad: 3 });
    const pooled = b.maxPool(stem, 'maxpool', { size: 3, stride: 2, pad: 1 });
    const { x, ends } = residualStages(b, pooled, blocks, { branch, drop: dropPath });
    const features = b.dropout(b.headPool(x, 'global_pool'), 'dropout', dropout);
    return { logits: b.linear(features, 'fc', classes), stages: ['act1', ...ends], head: 'fc' };
  },
});

export const res2nets: Record<string, Architecture> = {
  res2net50_26w_4s: res2net(cascade({ width: 26, scale: 4 }), [3, 4, 6, 3]),
};
