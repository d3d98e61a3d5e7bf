// NASNet-A (Zoph et al. 2018), timm's definition.

import type { Architecture, Node } from '../builder.js';
import { CellBuilder, type Side } from './cell-builder.js';

/** Of the last output and the one before, both brought to the cell's filters. */
const halving: Array<[Side, Side]> = [
  [
    [5, 0, 2],
    [7, 1, 2],
  ],
  [
    ['max', 0, 2],
    [7, 1, 2],
  ],
  [
    ['mean', 0, 2],
    [5, 1, 2],
  ],
  [
    ['same', 3],
    ['mean', 2],
  ],
  [
    [3, 2],
    ['max', 0, 2],
  ],
];
const normal: Array<[Side, Side]> = [
  [
    [5, 0],
    [3, 1],
  ],
  [
    [5, 1],
    [3, 1],
  ],
  [
    ['mean', 0],
    ['same', 1],
  ],
  [
    ['mean', 1],
    ['mean', 1],
  ],
  [
    [3, 0],
    ['same', 0],
  ],
];

class NasNet extends CellBuilder {
  halvingCell(inputs: [Node, Node], name: string, filters: number): Node {
    return this.cell(inputs, name, filters, halving, [3, 4, 5, 6]);
  }
  normalCell(inputs: [Node, Node], name: string, filters: number): Node {
    return this.cell(inputs, name, filters, normal, [1, 2, 3, 4, 5, 6]);
  }
  /** The last output and the one before, where that is as large. */
  inputs(x: Node, previous: Node, name: string, filters: number): [Node, Node] {
    const left = this.point(previous, `${name}.conv_prev_1x1`, filters);
    return [this.point(x, `${name}.conv_1x1`, filters), left];
  }
  /** The last output and the one before, where that is twice as large. */
  unequal(x: Node, previous: Node, name: string, filters: number): [Node, Node] {
    return [this.point(x, `${name}.conv_1x1`, filters), this.factorised(previous, name, filters)];
  }
}

const nasnetalarge: Architecture = {
  family: 'nasnet',
  source: 'timm',
  minSize: 3,
  size: 331,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new NasNet(seed, pool);
    const filters = 168;
    const conv = b.first(input, 'conv0');
    const point = b.point(conv, 'cell_stem_0.conv_1x1', filters / 4);
    let previous = b.halvingCell([point, conv], 'cell_stem_0', filters / 4);
    const inputs = b.unequal(previous, conv, 'cell_stem_1', filters / 2);
    let x = b.halvingCell(inputs, 'cell_stem_1', filters / 2);
    const stages = ['conv0.bn', 'cell_stem_1.conv_1x1.act'];
    for (let i = 0; i < 18; i++) {
      const width = filters << Math.floor(i / 6);
      const reduces = i > 0 && i % 6 === 0;
      let y = x;
      if (reduces) {
        const name = `reduction_cell_${i / 6 - 1}`;
        y = b.halvingCell(b.inputs(x, previous, name, width), name, width);
        stages.push(`${name}.conv_1x1.act`);
      }
      const name = `cell_${i}`;
      const prepare = i % 6 === 0 ? 'unequal' : 'inputs';
      const next = b.normalCell(b[prepare](y, previous, name, width), name, width);
      [previous, x] = [y, next];
    }
    return { logits: b.classify(x, classes, dropout), stages: [...stages, 'act'], head: 'last_linear' };
  },
};

export const nasnets: Record<string, Architecture> = { nasnetalarge };
