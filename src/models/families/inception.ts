// Inception v3 (Szegedy et al. 2016), torchvision's definition, without the auxiliary head.

import { imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { linearBias, normal } from '../init.js';
import type { Size } from '../layers.js';
import { InceptionBuilder, column, row } from './inception-unit.js';
import { timmInceptions } from './timm-inception.js';

/** Convolutions after one another: part of the name, filters, size; a stride of 2 pads nothing. */
type Chain = Array<[name: string, filters: number, size: Size, stride?: number]>;

class Inception extends InceptionBuilder {
  chain(x: Node, module: string, parts: Chain): Node {
    return parts.reduce(
      (y, [name, filters, size, stride]) => this.basic(y, `${module}.${name}`, filters, size, stride),
      x,
    );
  }
  pooled(x: Node, name: string, filters: number): Node {
    const y = this.averagePool(x, `${name}.pool`, { size: 3, stride: 1, pad: 1 });
    return this.basic(y, `${name}.branch_pool`, filters, 1);
  }
  /** Branches side by side, with a pooled one, or a maximum where the module halves its input. */
  module(x: Node, name: string, chains: Chain[], pool: number | 'max'): Node {
    const branches = chains.map((chain) => this.chain(x, name, chain));
    branches.push(
      pool === 'max' ? this.maxPool(x, `${name}.pool`, { size: 3, stride: 2 }) : this.pooled(x, name, pool),
    );
    return this.concat(branches, `${name}.out`);
  }
  /** The last modules, whose branches fork at their end. */
  forked(x: Node, name: string): Node {
    const fork = (y: Node, part: string): Node[] => [
      this.basic(y, `${name}.${part}a`, 384, [1, 3]),
      this.basic(y, `${name}.${part}b`, 384, [3, 1]),
    ];
    const direct = this.basic(x, `${name}.branch1x1`, 320, 1);
    const short = fork(this.basic(x, `${name}.branch3x3_1`, 384, 1), 'branch3x3_2');
    const long = fork(
      this.chain(x, name, [
        ['branch3x3dbl_1', 448, 1],
        ['branch3x3dbl_2', 384, 3],
      ]),
      'branch3x3dbl_3',
    );
    return this.concat([direct, ...short, ...long, this.pooled(x, name, 192)], `${name}.out`);
  }
}

const direct = (filters: number): Chain => [['branch1x1', filters, 1]];
const double3 = (last: number): Chain => [
  ['branch3x3dbl_1', 64, 1],
  ['branch3x3dbl_2', 96, 3],
  ['branch3x3dbl_3', 96, 3, last],
];
const small = [
  direct(64),
  [
    ['branch5x5_1', 48, 1],
    ['branch5x5_2', 64, 5],
  ],
  double3(1),
] as Chain[];
const large = (c: number): Chain[] => [
  direct(192),
  [
    ['branch7x7_1', c, 1],
    ['branch7x7_2', c, row],
    ['branch7x7_3', 192, column],
  ],
  [
    ['branch7x7dbl_1', c, 1],
    ['branch7x7dbl_2', c, column],
    ['branch7x7dbl_3', c, row],
    ['branch7x7dbl_4', c, column],
    ['branch7x7dbl_5', 192, row],
  ],
];

const inceptionV3: Architecture = {
  family: 'inception',
  source: 'torchvision',
  minSize: 75,
  size: 299,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.5 }) {
    const b = new Inception({ seed, pool, conv: (s) => normal(0.1, s), norm: { epsilon: 1e-3 } });
    let x = b.basic(input, 'Conv2d_1a_3x3', 32, 3, 2);
    x = b.basic(b.basic(x, 'Conv2d_2a_3x3', 32, 3, 1, false), 'Conv2d_2b_3x3', 64, 3);
    const stages = ['Conv2d_2b_3x3.relu'];
    x = b.basic(b.maxPool(x, 'maxpool1', { size: 3, stride: 2 }), 'Conv2d_3b_1x1', 80, 1);
    x = b.basic(x, 'Conv2d_4a_3x3', 192, 3, 1, false);
    stages.push('Conv2d_4a_3x3.relu');
    x = b.maxPool(x, 'maxpool2', { size: 3, stride: 2 });
    x = b.module(x, 'Mixed_5b', small, 32);
    x = b.module(x, 'Mixed_5c', small, 64);
    x = b.module(x, 'Mixed_5d', small, 64);
    stages.push('Mixed_5d.out');
    x = b.module(x, 'Mixed_6a', [[['branch3x3', 384, 3, 2]], double3(2)], 'max');
    for (const [part, channels] of [
      ['b', 128],
      ['c', 160],
      ['d', 160],
      ['e', 192],
    ] as const)
      x = b.module(x, `Mixed_6${part}`, large(channels), 192);
    stages.push('Mixed_6e.out');
    const reduction: Chain[] = [
      [
        ['branch3x3_1', 192, 1],
        ['branch3x3_2', 320, 3, 2],
      ],
      [
        ['branch7x7x3_1', 192, 1],
        ['branch7x7x3_2', 192, row],
        ['branch7x7x3_3', 192, column],
        ['branch7x7x3_4', 192, 3, 2],
      ],
    ];
    x = b.module(x, 'Mixed_7a', reduction, 'max');
    x = b.forked(b.forked(x, 'Mixed_7b'), 'Mixed_7c');
    stages.push('Mixed_7c.out');
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'fc', classes, { weight: (s) => normal(0.1, s), bias: linearBias });
    return { logits, stages, head: 'fc', auxiliary: ['AuxLogits'] };
  },
};

export const inceptions: Record<string, Architecture> = { inception_v3: inceptionV3, ...timmInceptions };
