// AlexNet (Krizhevsky 2014, "one weird trick"), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture } from '../builder.js';
import { torchConv, torchConvBias } from '../init.js';

const alexnet: Architecture = {
  family: 'alexnet',
  source: 'torchvision',
  minSize: 63,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout = 0.5 }) {
    const b = new Builder({ seed, conv: torchConv, convBias: torchConvBias });
    const pool = { size: 3, stride: 2 };
    let x = b.conv(input, 'features.0', 64, 11, { stride: 4, pad: 2, bias: true });
    x = b.maxPool(b.act(x, 'features.1', 'relu'), 'features.2', pool);
    x = b.act(b.conv(x, 'features.3', 192, 5, { pad: 2, bias: true }), 'features.4', 'relu');
    x = b.maxPool(x, 'features.5', pool);
    for (const [at, filters] of [
      [6, 384],
      [8, 256],
      [10, 256],
    ])
      x = b.act(
        b.conv(x, `features.${at}`, filters, 3, { pad: 1, bias: true }),
        `features.${at + 1}`,
        'relu',
      );
    x = b.maxPool(x, 'features.12', pool);
    x = b.flatten(b.adaptivePool(x, 'avgpool', 6), 'flatten');
    x = b.linear(b.dropout(x, 'classifier.0', dropout), 'classifier.1', 4096);
    x = b.dropout(b.act(x, 'classifier.2', 'relu'), 'classifier.3', dropout);
    x = b.act(b.linear(x, 'classifier.4', 4096), 'classifier.5', 'relu');
    const logits = b.linear(x, 'classifier.6', classes);
    return {
      logits,
      stages: ['features.1', 'features.4', 'features.11', 'features.12'],
      head: 'classifier.6',
    };
  },
};

export const alexnets: Record<string, Architecture> = { alexnet };
