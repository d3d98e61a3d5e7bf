// Squeeze-and-excitation networks (Hu et al. 2018): SE-ResNet, SE-ResNeXt and SENet-154, timm's legacy definitions.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { torchConvBias } from '../init.js';
import { expansion, residualStages, type Branch, type Shortcut } from './residual.js';

/** A bottleneck's convolutions: filters of the first two, groups of the second, and which of the two has the stride. */
interface Inner {
  first: number;
  second: number;
  groups: number;
  strideFirst?: boolean;
}

const gated =
  (inner: (filters: number) => Inner): Branch =>
  (b, input, name, filters, stride) => {
    const { first, second, groups, strideFirst } = inner(filters);
    const [one, two] = strideFirst ? [stride, 1] : [1, stride];
    const channels = filters * expansion;
    let x = b.unit(input, [`${name}.conv1`, `${name}.bn1`, `${name}.relu1`], first, 1, { stride: one });
    const middle = { stride: two, pad: 1, groups };
    x = b.unit(x, [`${name}.conv2`, `${name}.bn2`, `${name}.relu2`], second, 3, middle);
    x = b.unit(x, [`${name}.conv3`, `${name}.bn3`], channels, 1);
    return b.squeeze(x, `${name}.se_module`, channels / 16);
  };

// the stride is in the first convolution, as in Caffe
const seResnet = gated((n) => ({ first: n, second: n, groups: 1, strideFirst: true }));
const seResnext = gated((n) => ({ first: 2 * n, second: 2 * n, groups: 32 }));
const senet154 = gated((n) => ({ first: 2 * n, second: 4 * n, groups: 64 }));

/** SENet-154's: of 3 × 3 where it halves its input. */
const wideProjection: Shortcut = (b, x, name, channels, stride) => {
  const [size, pad] = stride > 1 ? [3, 1] : [1, 0];
  return b.unit(x, [`${name}.downsample.0`, `${name}.downsample.1`], channels, size, { stride, pad });
};

type Stem = (b: Builder, x: Node) => Node;
const names = (n: number): [string, string, string] => [
  `layer0.conv${n}`,
  `layer0.bn${n}`,
  `layer0.relu${n}`,
];
const plainStem: Stem = (b, x) => b.unit(x, names(1), 64, 7, { stride: 2, pad: 3 });
const deepStem: Stem = (b, x) =>
  [64, 64, 128].reduce((y, n, i) => b.unit(y, names(i + 1), n, 3, { stride: i ? 1 : 2, pad: 1 }), x);

const senet = (
  branch: Branch,
  blocks: number[],
  { stem, shortcut }: { stem: Stem; shortcut?: Shortcut } = { stem: plainStem },
): Architecture => ({
  family: 'senet',
  source: 'timm',
  minSize: 3,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool, convBias: torchConvBias });
    const first = stem(b, input);
    const pooled = b.maxPool(first, 'pool0', { size: 3, stride: 2, ceil: true });
    const { x, ends } = residualStages(b, pooled, blocks, { branch, shortcut });
    const features = b.dropout(b.headPool(x, 'global_pool'), 'dropout', dropout);
    const logits = b.linear(features, 'last_linear', classes);
    return { logits, stages: [first.sourceLayer.name, ...ends], head: 'last_linear' };
  },
});

export const senets: Record<string, Architecture> = {
  legacy_seresnet50: senet(seResnet, [3, 4, 6, 3]),
  legacy_seresnet101: senet(seResnet, [3, 4, 23, 3]),
  legacy_seresnext50_32x4d: senet(seResnext, [3, 4, 6, 3]),
  legacy_seresnext101_32x4d: senet(seResnext, [3, 4, 23, 3]),
  legacy_senet154: senet(senet154, [3, 8, 36, 3], { stem: deepStem, shortcut: wideProjection }),
};
