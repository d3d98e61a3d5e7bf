// DenseNet (Huang et al. 2017), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture } from '../builder.js';
import { kaiming, linear } from '../init.js';

const densenet = (growth: number, blocks: number[], stem: number): Architecture => ({
  family: 'densenet',
  source: 'torchvision',
  minSize: 29,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Builder({ seed, pool, conv: (s) => kaiming('in', s) });
    let x = b.conv(input, 'features.conv0', stem, 7, { stride: 2, pad: 3 });
    x = b.act(b.norm(x, 'features.norm0'), 'features.relu0', 'relu');
    const stages = ['features.relu0'];
    x = b.maxPool(x, 'features.pool0', { size: 3, stride: 2, pad: 1 });
    blocks.forEach((count, s) => {
      for (let i = 1; i <= count; i++) {
        const name = `features.denseblock${s + 1}.denselayer${i}`;
        let y = b.act(b.norm(x, `${name}.norm1`), `${name}.relu1`, 'relu');
        y = b.conv(y, `${name}.conv1`, 4 * growth, 1);
        y = b.act(b.norm(y, `${name}.norm2`), `${name}.relu2`, 'relu');
        y = b.conv(y, `${name}.conv2`, growth, 3, { pad: 1 });
        x = b.concat([x, y], `${name}.out`);
      }
      if (s === blocks.length - 1) return;
      stages.push(`features.denseblock${s + 1}.denselayer${count}.out`);
      const name = `features.transition${s + 1}`;
      x = b.act(b.norm(x, `${name}.norm`), `${name}.relu`, 'relu');
      x = b.conv(x, `${name}.conv`, x.shape[3]! >> 1, 1);
      x = b.averagePool(x, `${name}.pool`, { size: 2, stride: 2 });
    });
    x = b.act(b.norm(x, 'features.norm5'), 'features.relu5', 'relu');
    stages.push('features.relu5');
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'classifier', classes, { weight: linear });
    return { logits, stages, head: 'classifier' };
  },
});

export const densenets: Record<string, Architecture> = {
  densenet121: densenet(32, [6, 12, 24, 16], 64),
  densenet161: densenet(48, [6, 12, 36, 24], 96),
  densenet169: densenet(32, [6, 12, 32, 32], 64),
  densenet201: densenet(32, [6, 12, 48, 32], 64),
};
