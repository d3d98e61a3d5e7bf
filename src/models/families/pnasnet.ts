// PNASNet-5 (Liu et al. 2018), timm's definition.

import type { Architecture, Node } from '../builder.js';
import { CellBuilder, type Side } from './cell-builder.js';

/** Of the output before the last, and the last one. */
const sums = (stride: number, stem: boolean): Array<[Side, Side]> => [
  [
    [5, 0, stride],
    [stem ? 'max point' : 'max', 0, stride],
  ],
  [
    [7, 1, stride],
    ['max', 1, stride],
  ],
  [
    [5, 1, stride],
    [3, 1, stride],
  ],
  [
    [3, 4],
    ['max', 1, stride],
  ],
  [
    [3, 0, stride],
    [stride > 1 ? 'point' : 'same', 1, stride],
  ],
];

class PNasNet extends CellBuilder {
  progressive(inputs: [Node, Node], name: string, filters: number, stride: number, stem = false): Node {
    return this.cell(inputs, name, filters, sums(stride, stem), [2, 3, 4, 5, 6]);
  }
}

/** Filters and stride of the cells after the first; the one after a stride of 2 has inputs of two sizes. */
const cells: Array<[name: string, filters: number, stride: number]> = [
  ['cell_stem_1', 108, 2],
  ...Array.from({ length: 12 }, (_, i): [string, number, number] => [
    `cell_${i}`,
    216 << Math.floor(i / 4),
    i === 4 || i === 8 ? 2 : 1,
  ]),
];

const pnasnet5large: Architecture = {
  family: 'pnasnet',
  source: 'timm',
  minSize: 3,
  size: 331,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new PNasNet(seed, pool);
    let previous = b.first(input, 'conv_0');
    const point = b.point(previous, 'cell_stem_0.conv_1x1', 54);
    let x = b.progressive([previous, point], 'cell_stem_0', 54, 2, true);
    let halved = true;
    const stages = ['conv_0.bn'];
    for (const [name, filters, stride] of cells) {
      const before = `${name}.conv_prev_1x1`;
      const left = halved ? b.factorised(previous, before, filters) : b.point(previous, before, filters);
      const right = b.point(x, `${name}.conv_1x1`, filters);
      [previous, x] = [x, b.progressive([left, right], name, filters, stride)];
      halved = stride > 1;
      if (halved) stages.push(`${name}.conv_1x1.act`);
    }
    return { logits: b.classify(x, classes, dropout), stages: [...stages, 'act'], head: 'last_linear' };
  },
};

export const pnasnets: Record<string, Architecture> = { pnasnet5large };
