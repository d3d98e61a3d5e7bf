// Inception v4 and Inception-ResNet v2 (Szegedy et al. 2017), timm's definitions.

import type { Architecture, Node } from '../builder.js';
import { torchConv, torchConvBias } from '../init.js';
import type { Size } from '../layers.js';
import { InceptionBuilder, column, row } from './inception-unit.js';

/** A convolution: filters, size, stride, whether it pads; a stride of 2 never does. */
type Unit = [filters: number, size: Size, stride?: number, pad?: boolean];
/** Convolutions after one another. */
type Branch = Unit[];

class Inception extends InceptionBuilder {
  /** Its convolutions are numbered where there are several. */
  branch(x: Node, name: string, units: Branch, first = 0): Node {
    const names = units.map((_, i) => (units.length + first > 1 ? `${name}.${i + first}` : name));
    return units.reduce((y, unit, i) => this.basic(y, names[i], ...unit), x);
  }
  branches(x: Node, name: string, list: Branch[]): Node[] {
    return list.map((units, i) => this.branch(x, `${name}.branch${i}`, units));
  }
  maximum(x: Node, name: string): Node {
    return this.maxPool(x, name, { size: 3, stride: 2 });
  }
  /** A branch of means, after `at` others. */
  pooled(x: Node, name: string, at: number, filters: number): Node {
    const window = { size: 3, stride: 1, pad: 1, countPadding: false };
    const y = this.averagePool(x, `${name}.branch${at}.0`, window);
    return this.branch(y, `${name}.branch${at}`, [[filters, 1]], 1);
  }
  /** Branches side by side, and one of means. */
  mixed(x: Node, name: string, list: Branch[], filters: number): Node {
    const parts = [...this.branches(x, name, list), this.pooled(x, name, list.length, filters)];
    return this.concat(parts, `${name}.out`);
  }
  /** Branches side by side that halve their input, and one of maxima. */
  reduction(x: Node, name: string, list: Branch[]): Node {
    const parts = [...this.branches(x, name, list), this.maximum(x, `${name}.branch${list.length}`)];
    return this.concat(parts, `${name}.out`);
  }
  /** Branches whose sum, by convolutions of 1 × 1 and scaled down, is added to their input. */
  residual(x: Node, name: string, list: Branch[], scale: number, activates = true): Node {
    let y = this.concat(this.branches(x, name, list), `${name}.concat`);
    y = this.conv(y, `${name}.conv2d`, x.shape[3]!, 1, { bias: true });
    if (scale !== 1) y = this.multiply(y, `${name}.scale`, scale);
    y = this.sum(y, x, `${name}.add`);
    return activates ? this.act(y, `${name}.act`, 'relu') : y;
  }
  /** v4's last modules, whose branches fork at their end. */
  forked(x: Node, name: string): Node {
    const unit = (y: Node, part: string, ...unit: Unit): Node => this.basic(y, `${name}.${part}`, ...unit);
    const direct = unit(x, 'branch0', 256, 1);
    const short = unit(x, 'branch1_0', 384, 1);
    const parts = [direct, unit(short, 'branch1_1a', 256, [1, 3]), unit(short, 'branch1_1b', 256, [3, 1])];
    const long = unit(unit(unit(x, 'branch2_0', 384, 1), 'branch2_1', 448, [3, 1]), 'branch2_2', 512, [1, 3]);
    parts.push(unit(long, 'branch2_3a', 256, [1, 3]), unit(long, 'branch2_3b', 256, [3, 1]));
    return this.concat([...parts, this.pooled(x, name, 3, 256)], `${name}.out`);
  }
}

const repeat = (times: number, block: (i: number) => void): void => {
  for (let i = 0; i < times; i++) block(i);
};

const settings = { conv: torchConv, convBias: torchConvBias, norm: { epsilon: 1e-3 } };
const common = {
  family: 'inception',
  source: 'timm',
  minSize: 75,
  size: 299,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};

/** Of both networks' first reduction; v4's is wider. */
const reductionA = (first: number, second: number, last: number): Branch[] => [
  [[384, 3, 2]],
  [
    [first, 1],
    [second, 3],
    [last, 3, 2],
  ],
];

// prettier-ignore
const v4 = {
  a: [[[96, 1]], [[64, 1], [96, 3]], [[64, 1], [96, 3], [96, 3]]] as Branch[],
  b: [
    [[384, 1]],
    [[192, 1], [224, row], [256, column]],
    [[192, 1], [192, column], [224, row], [224, column], [256, row]],
  ] as Branch[],
  reductionB: [[[192, 1], [192, 3, 2]], [[256, 1], [256, row], [320, column], [320, 3, 2]]] as Branch[],
};

const inceptionV4: Architecture = {
  ...common,
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Inception({ seed, pool, ...settings });
    let at = 0;
    const next = (): string => `features.${at++}`;
    let x = b.basic(b.basic(input, next(), 32, 3, 2), next(), 32, 3, 1, false);
    x = b.basic(x, next(), 64, 3);
    const stages = [x.sourceLayer.name];
    const end = (): unknown => stages.push(x.sourceLayer.name);
    let name = next();
    const pooled = b.maximum(x, `${name}.maxpool`);
    x = b.concat([pooled, b.basic(x, `${name}.conv`, 96, 3, 2)], `${name}.out`);
    end();
    name = next();
    const stem: Branch[] = [
      [
        [64, 1],
        [96, 3, 1, false],
      ],
      [
        [64, 1],
        [64, row],
        [64, column],
        [96, 3, 1, false],
      ],
    ];
    x = b.concat(b.branches(x, name, stem), `${name}.out`);
    name = next();
    const halved = b.basic(x, `${name}.conv`, 192, 3, 2);
    x = b.concat([halved, b.maximum(x, `${name}.maxpool`)], `${name}.out`);
    repeat(4, () => (x = b.mixed(x, next(), v4.a, 96)));
    end();
    x = b.reduction(x, next(), reductionA(192, 224, 256));
    repeat(7, () => (x = b.mixed(x, next(), v4.b, 128)));
    end();
    x = b.reduction(x, next(), v4.reductionB);
    repeat(3, () => (x = b.forked(x, next())));
    end();
    x = b.dropout(b.headPool(x, 'global_pool'), 'head_drop', dropout);
    return { logits: b.linear(x, 'last_linear', classes), stages, head: 'last_linear' };
  },
};

// prettier-ignore
const resnetV2 = {
  mixed5b: [[[96, 1]], [[48, 1], [64, 5]], [[64, 1], [96, 3], [96, 3]]] as Branch[],
  block35: [[[32, 1]], [[32, 1], [32, 3]], [[32, 1], [48, 3], [64, 3]]] as Branch[],
  block17: [[[192, 1]], [[128, 1], [160, row], [192, column]]] as Branch[],
  mixed7a: [[[256, 1], [384, 3, 2]], [[256, 1], [288, 3, 2]], [[256, 1], [288, 3], [320, 3, 2]]] as Branch[],
  block8: [[[192, 1]], [[192, 1], [224, [1, 3]], [256, [3, 1]]]] as Branch[],
};

const inceptionResnetV2: Architecture = {
  ...common,
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Inception({ seed, pool, ...settings });
    let x = b.basic(b.basic(input, 'conv2d_1a', 32, 3, 2), 'conv2d_2a', 32, 3, 1, false);
    x = b.basic(x, 'conv2d_2b', 64, 3);
    const stages = [x.sourceLayer.name];
    const end = (): unknown => stages.push(x.sourceLayer.name);
    x = b.basic(b.maximum(x, 'maxpool_3a'), 'conv2d_3b', 80, 1);
    x = b.basic(x, 'conv2d_4a', 192, 3, 1, false);
    end();
    x = b.mixed(b.maximum(x, 'maxpool_5a'), 'mixed_5b', resnetV2.mixed5b, 64);
    repeat(10, (i) => (x = b.residual(x, `repeat.${i}`, resnetV2.block35, 0.17)));
    end();
    x = b.reduction(x, 'mixed_6a', reductionA(256, 256, 384));
    repeat(20, (i) => (x = b.residual(x, `repeat_1.${i}`, resnetV2.block17, 0.1)));
    end();
    x = b.reduction(x, 'mixed_7a', resnetV2.mixed7a);
    repeat(9, (i) => (x = b.residual(x, `repeat_2.${i}`, resnetV2.block8, 0.2)));
    x = b.basic(b.residual(x, 'block8', resnetV2.block8, 1, false), 'conv2d_7b', 1536, 1);
    end();
    x = b.dropout(b.headPool(x, 'global_pool'), 'head_drop', dropout);
    return { logits: b.linear(x, 'classif', classes), stages, head: 'classif' };
  },
};

export const timmInceptions: Record<string, Architecture> = {
  inception_v4: inceptionV4,
  inception_resnet_v2: inceptionResnetV2,
};
