// GoogLeNet (Szegedy et al. 2015), torchvision's definition, without the auxiliary heads.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { linearBias, normal } from '../init.js';

// 1 × 1; reduction and 3 × 3; reduction and the second 3 × 3; after the pool
const modules: Record<string, number[]> = {
  '3a': [64, 96, 128, 16, 32, 32],
  '3b': [128, 128, 192, 32, 96, 64],
  '4a': [192, 96, 208, 16, 48, 64],
  '4b': [160, 112, 224, 24, 64, 64],
  '4c': [128, 128, 256, 24, 64, 64],
  '4d': [112, 144, 288, 32, 64, 64],
  '4e': [256, 160, 320, 32, 128, 128],
  '5a': [256, 160, 320, 32, 128, 128],
  '5b': [384, 192, 384, 48, 128, 128],
};
/** The pool after a module: its number and size. */
const pools: Record<string, [number, number]> = { '3b': [3, 3], '4e': [4, 2] };

const googlenet: Architecture = {
  family: 'googlenet',
  source: 'torchvision',
  minSize: 15,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool, conv: (s) => normal(0.01, s), norm: { epsilon: 1e-3 } });
    const unit = (x: Node, name: string, filters: number, size: number, stride = 1): Node =>
      b.unit(x, [`${name}.conv`, `${name}.bn`, `${name}.relu`], filters, size, { stride, pad: size >> 1 });
    const halved = (x: Node, name: string, size: number): Node =>
      b.maxPool(x, name, { size, stride: 2, ceil: true });
    let x = unit(input, 'conv1', 64, 7, 2);
    const stages = ['conv1.relu'];
    x = unit(unit(halved(x, 'maxpool1', 3), 'conv2', 64, 1), 'conv3', 192, 3);
    stages.push('conv3.relu');
    x = halved(x, 'maxpool2', 3);
    for (const [module, [direct, reduce3, size3, reduce5, size5, projection]] of Object.entries(modules)) {
      const name = `inception${module}`;
      const branches = [unit(x, `${name}.branch1`, direct, 1)];
      branches.push(unit(unit(x, `${name}.branch2.0`, reduce3, 1), `${name}.branch2.1`, size3, 3));
      // torchvision's "5 × 5" has filters of 3 × 3, as the published weights have
      branches.push(unit(unit(x, `${name}.branch3.0`, reduce5, 1), `${name}.branch3.1`, size5, 3));
      const pooled = b.maxPool(x, `${name}.branch4.0`, { size: 3, stride: 1, pad: 1, ceil: true });
      branches.push(unit(pooled, `${name}.branch4.1`, projection, 1));
      x = b.concat(branches, `${name}.out`);
      if (module in pools) {
        stages.push(`${name}.out`);
        x = halved(x, `maxpool${pools[module][0]}`, pools[module][1]);
      }
    }
    stages.push('inception5b.out');
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'fc', classes, { weight: (s) => normal(0.01, s), bias: linearBias });
    return { logits, stages, head: 'fc', auxiliary: ['aux1', 'aux2'] };
  },
};

export const googlenets: Record<string, Architecture> = { googlenet };
