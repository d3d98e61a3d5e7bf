// Xception (Chollet 2017), timm's legacy definition, that of the weights from Keras.

import { Builder, type Architecture, type Node } from '../builder.js';

class Separable extends Builder {
  /** A convolution of 3 × 3 in each channel, one of 1 × 1 across them, and batch norm. */
  separable(x: Node, [conv, norm]: [conv: string, norm: string], filters: number): Node {
    const channels = x.shape[3]!;
    const y = this.conv(x, `${conv}.conv1`, channels, 3, { pad: 1, groups: channels });
    return this.norm(this.conv(y, `${conv}.pointwise`, filters, 1), norm);
  }
  /** Separable convolutions, each after an activation, and a shortcut around them. */
  block(x: Node, name: string, filters: number[], { halve = false, activate = true } = {}): Node {
    const last = filters.at(-1)!;
    const skip = halve ? this.unit(x, [`${name}.skip`, `${name}.skipbn`], last, 1, { stride: 2 }) : x;
    let index = 0;
    const next = (): string => `${name}.rep.${index++}`;
    let y = x;
    filters.forEach((n, i) => {
      if (i > 0 || activate) y = this.act(y, next(), 'relu');
      y = this.separable(y, [next(), next()], n);
    });
    if (halve) y = this.maxPool(y, next(), { size: 3, stride: 2, pad: 1 });
    return this.sum(y, skip, `${name}.out`);
  }
}

const xception: Architecture = {
  family: 'xception',
  source: 'timm',
  minSize: 7,
  size: 299,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Separable({ seed, pool });
    let x = b.unit(input, ['conv1', 'bn1', 'act1'], 32, 3, { stride: 2 });
    x = b.unit(x, ['conv2', 'bn2', 'act2'], 64, 3);
    x = b.block(x, 'block1', [128, 128], { halve: true, activate: false });
    x = b.block(x, 'block2', [256, 256], { halve: true });
    x = b.block(x, 'block3', [728, 728], { halve: true });
    for (let i = 4; i <= 11; i++) x = b.block(x, `block${i}`, [728, 728, 728]);
    x = b.block(x, 'block12', [728, 1024], { halve: true });
    x = b.act(b.separable(x, ['conv3', 'bn3'], 1536), 'act3', 'relu');
    x = b.act(b.separable(x, ['conv4', 'bn4'], 2048), 'act4', 'relu');
    const features = b.dropout(b.headPool(x, 'global_pool'), 'dropout', dropout);
    // as timm: a stage's output is taken behind the activation that starts the next block
    const stages = ['act2', 'block2.rep.0', 'block3.rep.0', 'block12.rep.0', 'act4'];
    return { logits: b.linear(features, 'fc', classes), stages, head: 'fc' };
  },
};

export const xceptions: Record<string, Architecture> = { legacy_xception: xception };
