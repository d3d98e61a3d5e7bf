// Residual networks of volumes (Tran et al. 2018), torchvision's definitions, made for video: 3-D, mixed and (2+1)-D convolutions.

import type { ops } from '../../compute/index.js';
import { Builder, type Architecture, type Node } from '../builder.js';
import { kaiming, normal } from '../init.js';
import { Conv3d } from '../conv3d.js';

interface Window extends ops.Conv3dOptions {
  size: ops.Triple;
}

class Video extends Builder {
  conv3d(x: Node, name: string, filters: number, window: Window): Node {
    return this.layer(x, new Conv3d({ name, filters, init: kaiming('out', this.seed(name)), ...window }));
  }
  /** Convolution, batch norm and ReLU, counted from `at`. */
  unit3d(x: Node, name: string, filters: number, window: Window, at = 0): Node {
    const y = this.norm(this.conv3d(x, `${name}.${at}`, filters, window), `${name}.${at + 1}`);
    return this.act(y, `${name}.${at + 2}`, 'relu');
  }
}

/** How a block convolves 3 × 3 × 3. */
interface Kind {
  conv: (b: Video, x: Node, name: string, filters: number, stride: number, middle: number) => Node;
  /** Stride of a shortcut. */
  shortcut: (stride: number) => ops.Triple;
}

const solid: Kind = {
  conv: (b, x, name, filters, stride) => b.conv3d(x, name, filters, { size: 3, stride, pad: 1 }),
  shortcut: (stride) => stride,
};

const inSlice = (stride: number): Window => ({
  size: [1, 3, 3],
  stride: [1, stride, stride],
  pad: [0, 1, 1],
});
const alongDepth = (stride = 1): Window => ({ size: [3, 1, 1], stride: [stride, 1, 1], pad: [1, 0, 0] });

/** Each slice by itself. */
const flat: Kind = {
  conv: (b, x, name, filters, stride) => b.conv3d(x, name, filters, inSlice(stride)),
  shortcut: (stride) => [1, stride, stride],
};

/** Each slice by itself, then along the depth. */
const factored: Kind = {
  conv(b, x, name, filters, stride, middle) {
    const y = b.unit3d(x, name, middle, inSlice(stride));
    return b.conv3d(y, `${name}.3`, filters, alongDepth(stride));
  },
  shortcut: (stride) => stride,
};

/** Returns its output, and the name of the layer that gives it. */
type Stem = (b: Video, input: Node) => [Node, string];
const whole: Stem = (b, input) => [
  b.unit3d(input, 'stem', 64, { size: [3, 7, 7], stride: [1, 2, 2], pad: [1, 3, 3] }),
  'stem.2',
];
const halves: Stem = (b, input) => {
  const x = b.unit3d(input, 'stem', 45, { size: [1, 7, 7], stride: [1, 2, 2], pad: [0, 3, 3] });
  return [b.unit3d(x, 'stem', 64, alongDepth(), 3), 'stem.5'];
};

function block(b: Video, kind: Kind, input: Node, name: string, filters: number, stride: number): Node {
  const channels = input.shape[4]!;
  // filters between the two convolutions of a factored one, so that it has as many parameters as a solid one
  const middle = Math.floor((channels * filters * 27) / (channels * 9 + 3 * filters));
  let x = kind.conv(b, input, `${name}.conv1.0`, filters, stride, middle);
  x = b.act(b.norm(x, `${name}.conv1.1`), `${name}.conv1.2`, 'relu');
  x = b.norm(kind.conv(b, x, `${name}.conv2.0`, filters, 1, middle), `${name}.conv2.1`);
  let skip = input;
  if (stride !== 1 || channels !== filters) {
    skip = b.conv3d(input, `${name}.downsample.0`, filters, { size: 1, stride: kind.shortcut(stride) });
    skip = b.norm(skip, `${name}.downsample.1`);
  }
  return b.act(b.sum(x, skip, `${name}.add`), `${name}.out`, 'relu');
}

const video = (stem: Stem, kinds: Kind[]): Architecture => ({
  family: 'video',
  source: 'torchvision',
  minSize: 1,
  size: 112,
  depth: 16,
  mean: [0.43216, 0.394666, 0.37645],
  std: [0.22803, 0.22145, 0.216989],
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Video({ seed, pool });
    const [y, end] = stem(b, input);
    let x = y;
    const stages = [end];
    kinds.forEach((kind, s) => {
      const name = `layer${s + 1}`;
      x = block(b, kind, x, `${name}.0`, 64 << s, s ? 2 : 1);
      x = block(b, kind, x, `${name}.1`, 64 << s, 1);
      stages.push(`${name}.1.out`);
    });
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'fc', classes, { weight: (s) => normal(0.01, s) });
    return { logits, stages, head: 'fc' };
  },
});

export const videos: Record<string, Architecture> = {
  r3d_18: video(whole, [solid, solid, solid, solid]),
  mc3_18: video(whole, [solid, flat, flat, flat]),
  r2plus1d_18: video(halves, [factored, factored, factored, factored]),
};
