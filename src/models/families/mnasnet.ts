// MnasNet (Tan et al. 2019), torchvision's definition.

import { Builder, divisible, imagenetStatistics, type Architecture } from '../builder.js';
import { uniform } from '../init.js';

// expansion, kernel, channels, blocks, stride
const rows = [
  [3, 3, 24, 3, 2],
  [3, 5, 40, 3, 2],
  [6, 5, 80, 3, 2],
  [6, 3, 96, 2, 1],
  [6, 5, 192, 4, 2],
  [6, 3, 320, 1, 1],
];

const mnasnet = (width: number): Architecture => ({
  family: 'mnasnet',
  source: 'torchvision',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool, norm: { momentum: 1 - 0.9997 } });
    const names = (at: number): [string, string, string] => [
      `layers.${at}`,
      `layers.${at + 1}`,
      `layers.${at + 2}`,
    ];
    const first = divisible(32 * width);
    let x = b.unit(input, names(0), first, 3, { stride: 2, pad: 1 });
    x = b.unit(x, names(3), first, 3, { pad: 1, groups: first });
    x = b.unit(x, ['layers.6', 'layers.7'], divisible(16 * width), 1);
    const stages = ['layers.7'];
    rows.forEach(([expansion, size, channels, blocks, stride], row) => {
      const filters = divisible(channels * width);
      for (let i = 0; i < blocks; i++) {
        const name = `layers.${row + 8}.${i}.layers`;
        const before = x;
        const hidden = before.shape[3]! * expansion;
        x = b.unit(x, [`${name}.0`, `${name}.1`, `${name}.2`], hidden, 1);
        const depthwise = { stride: i ? 1 : stride, pad: size >> 1, groups: hidden };
        x = b.unit(x, [`${name}.3`, `${name}.4`, `${name}.5`], hidden, size, depthwise);
        x = b.unit(x, [`${name}.6`, `${name}.7`], filters, 1);
        // the first block of a stack has no shortcut where it changes the shape
        if (before.shape[3] === filters && (i > 0 || stride === 1)) x = b.sum(x, before, `${name}.out`);
      }
      if (rows[row + 1]?.[4] !== 1) stages.push(x.sourceLayer.name);
    });
    x = b.unit(x, names(14), 1280, 1);
    x = b.dropout(b.headPool(x, 'avgpool'), 'classifier.0', dropout);
    const weight = (s: number): ReturnType<typeof uniform> => uniform((shape) => Math.sqrt(3 / shape[0]), s);
    const logits = b.linear(x, 'classifier.1', classes, { weight });
    return { logits, stages, featureMap: 'layers.16', head: 'classifier.1' };
  },
});

export const mnasnets: Record<string, Architecture> = {
  mnasnet0_5: mnasnet(0.5),
  mnasnet0_75: mnasnet(0.75),
  mnasnet1_0: mnasnet(1),
  mnasnet1_3: mnasnet(1.3),
};
