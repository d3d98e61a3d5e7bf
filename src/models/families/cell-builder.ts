// What the cells of NASNet and PNASNet are made of, timm's definitions: all windows are padded as TensorFlow's SAME.

import { Builder, type Node, type Pool } from '../builder.js';
import { torchConv } from '../init.js';
import { Shift } from '../shaping.js';

/**
 * One side of a sum. How: by a separable convolution of that size, the maximum or mean of 3 × 3, a convolution of 1 × 1 (after
 * a maximum: `max point`), or as it is. Of what: 0 and 1 are a cell's inputs, 2 its first sum, and so on.
 */
export type Side = [
  how: number | 'max' | 'mean' | 'point' | 'max point' | 'same',
  of: number,
  stride?: number,
];

export class CellBuilder extends Builder {
  constructor(seed: number, pool?: Pool) {
    super({ seed, pool, conv: torchConv, norm: { epsilon: 1e-3 } });
  }
  /** The stem's first convolution, without an activation. */
  first(x: Node, name: string): Node {
    return this.unit(x, [`${name}.conv`, `${name}.bn`], 96, 3, { stride: 2 });
  }
  /** ReLU, a convolution of 1 × 1, and batch norm. */
  point(x: Node, name: string, filters: number, stride = 1): Node {
    const y = this.act(x, `${name}.act`, 'relu');
    return this.unit(y, [`${name}.conv`, `${name}.bn`], filters, 1, { stride });
  }
  /** Twice ReLU, a separable convolution, and batch norm; the first time with the stride. */
  separable(x: Node, name: string, filters: number, size: number, stride = 1): Node {
    let y = x;
    for (const part of [1, 2]) {
      const [channels, conv] = [y.shape[3]!, `${name}.separable_${part}`];
      y = this.act(y, `${name}.act_${part}`, 'relu');
      const window = { stride: part === 1 ? stride : 1, pad: 'same', groups: channels } as const;
      y = this.conv(y, `${conv}.depthwise_conv2d`, channels, size, window);
      y = this.unit(y, [`${conv}.pointwise_conv2d`, `${name}.bn_sep_${part}`], filters, 1);
    }
    return y;
  }
  /** Half the size, by two convolutions that see pixels of their own. */
  factorised(x: Node, name: string, filters: number): Node {
    const y = this.act(x, `${name}.act`, 'relu');
    const odd = this.layer(y, new Shift({ name: `${name}.path_2.pad` }));
    const path = (y: Node, part: number): Node =>
      this.conv(y, `${name}.path_${part}.conv`, filters / 2, 1, { stride: 2 });
    const both = this.concat([path(y, 1), path(odd, 2)], `${name}.paths`);
    return this.norm(both, `${name}.final_path_bn`);
  }
  private side(x: Node, name: string, filters: number, how: Side[0], stride = 1): Node {
    const window = { size: 3, stride, pad: 'same' } as const;
    switch (how) {
      case 'max':
        return this.maxPool(x, name, window);
      case 'mean':
        // of the zeros around the map only those of a stride of 2 count, as in timm
        return this.averagePool(x, name, { ...window, countPadding: stride > 1 });
      case 'point':
        return this.point(x, name, filters, stride);
      case 'max point':
        return this.unit(
          this.maxPool(x, `${name}.max_pool`, window),
          [`${name}.conv`, `${name}.bn`],
          filters,
          1,
        );
      case 'same':
        return x;
      default:
        return this.separable(x, name, filters, how, stride);
    }
  }
  /** A cell's sums of two; of its inputs and these, those of `out` side by side. */
  cell(inputs: [Node, Node], name: string, filters: number, sums: Array<[Side, Side]>, out: number[]): Node {
    const all: Node[] = [...inputs];
    sums.forEach((sides, i) => {
      const [a, b] = sides.map(([how, of, stride], right) =>
        this.side(all[of], `${name}.comb_iter_${i}_${right ? 'right' : 'left'}`, filters, how, stride),
      );
      all.push(this.sum(a, b, `${name}.comb_iter_${i}`));
    });
    return this.concat(
      out.map((i) => all[i]),
      `${name}.out`,
    );
  }
  /** Mean over the last map, and the classifier. */
  classify(x: Node, classes: number, dropout: number): Node {
    const y = this.headPool(this.act(x, 'act', 'relu'), 'global_pool');
    return this.linear(this.dropout(y, 'head_drop', dropout), 'last_linear', classes);
  }
}
