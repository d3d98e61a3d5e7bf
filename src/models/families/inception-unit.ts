// The unit of the Inception networks: convolution, batch norm and ReLU, from which their branches are made.

import { Builder, type Node } from '../builder.js';
import { both, type Size } from '../layers.js';

export const row: Size = [1, 7];
export const column: Size = [7, 1];

export class InceptionBuilder extends Builder {
  /** A stride of 2 pads nothing. */
  basic(x: Node, name: string, filters: number, size: Size, stride = 1, pad = true): Node {
    const [h, w] = both(size);
    const padding: [number, number] = pad && stride === 1 ? [h >> 1, w >> 1] : [0, 0];
    const names: [string, string, string] = [`${name}.conv`, `${name}.bn`, `${name}.relu`];
    return this.unit(x, names, filters, size, { stride, pad: padding });
  }
}
