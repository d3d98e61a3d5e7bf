// RegNetY (Radosavovic et al. 2020), torchvision's definition.

import { Builder, divisible, imagenetStatistics, type Architecture } from '../builder.js';
import { normal, torchConvBias } from '../init.js';

interface Design {
  depth: number;
  /** Width of the first block, its growth from block to block, and the factor between stages. */
  start: number;
  slope: number;
  step: number;
  /** Channels of a group. */
  group: number;
}

/** Python's rounding: halves to the even neighbour. */
const round = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Width and number of blocks of each stage: widths that grow linearly, rounded to powers of `step`. */
function stagesOf({ depth, start, slope, step, group }: Design): Array<[width: number, blocks: number]> {
  const counts = new Map<number, number>();
  for (let i = 0; i < depth; i++) {
    const power = round(Math.log((start + slope * i) / start) / Math.log(step));
    const width = 8 * round((start * step ** power) / 8);
    counts.set(width, (counts.get(width) ?? 0) + 1);
  }
  return [...counts].map(([width, blocks]) => [divisible(width, Math.min(group, width)), blocks]);
}

const regnet = (design: Design): Architecture => ({
  family: 'regnet',
  source: 'torchvision',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = 0 }) {
    const b = new Builder({ seed, pool, convBias: torchConvBias });
    let x = b.unit(input, ['stem.0', 'stem.1', 'stem.2'], 32, 3, { stride: 2, pad: 1 });
    const stages = ['stem.2'];
    let done = 0;
    stagesOf(design).forEach(([width, blocks], s) => {
      for (let i = 0; i < blocks; i++) {
        const name = `trunk_output.block${s + 1}.block${s + 1}-${i}`;
        const stride = i ? 1 : 2;
        const before = x;
        const names = (part: string): [string, string] => [`${name}.${part}.0`, `${name}.${part}.1`];
        const skip = i ? x : b.unit(x, names('proj'), width, 1, { stride });
        x = b.unit(x, [...names('f.a'), `${name}.f.a.2`], width, 1);
        const groups = width / Math.min(design.group, width);
        x = b.unit(x, [...names('f.b'), `${name}.f.b.2`], width, 3, { stride, pad: 1, groups });
        x = b.squeeze(x, `${name}.f.se`, round(before.shape[3]! / 4));
        x = b.unit(x, names('f.c'), width, 1);
        x = b.stochasticDepth(x, `${name}.drop_path`, (dropPath * done++) / (design.depth - 1));
        x = b.act(b.sum(skip, x, `${name}.add`), `${name}.activation`, 'relu');
      }
      stages.push(x.sourceLayer.name);
    });
    const weight = (s: number): ReturnType<typeof normal> => normal(0.01, s);
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'fc', classes, { weight });
    return { logits, stages, head: 'fc' };
  },
});

export const regnets: Record<string, Architecture> = {
  regnet_y_400mf: regnet({ depth: 16, start: 48, slope: 27.89, step: 2.09, group: 8 }),
  regnet_y_800mf: regnet({ depth: 14, start: 56, slope: 38.84, step: 2.4, group: 16 }),
  regnet_y_1_6gf: regnet({ depth: 27, start: 48, slope: 20.71, step: 2.65, group: 24 }),
  regnet_y_3_2gf: regnet({ depth: 21, start: 80, slope: 42.63, step: 2.66, group: 24 }),
};
