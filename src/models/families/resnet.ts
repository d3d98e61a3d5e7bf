// ResNet (He et al. 2015), ResNeXt (Xie et al. 2017) and wide ResNet (Zagoruyko and Komodakis 2016), torchvision's definitions.

import { Builder, imagenetStatistics, type Architecture } from '../builder.js';
import { expansion, residualStages, type Branch } from './residual.js';

interface Widths {
  groups: number;
  /** Channels of a group of the inner convolution, where a stage starts at 64 filters. */
  width: number;
}

export const basic: Branch = (b, input, name, filters, stride) => {
  let x = b.conv(input, `${name}.conv1`, filters, 3, { stride, pad: 1 });
  x = b.act(b.norm(x, `${name}.bn1`), `${name}.relu`, 'relu');
  return b.norm(b.conv(x, `${name}.conv2`, filters, 3, { pad: 1 }), `${name}.bn2`);
};

export const bottleneck =
  ({ groups, width }: Widths = { groups: 1, width: 64 }): Branch =>
  (b, input, name, filters, stride) => {
    const inner = Math.floor((filters * width) / 64) * groups;
    let x = b.unit(input, [`${name}.conv1`, `${name}.bn1`, `${name}.relu`], inner, 1);
    // the stride is in the middle, as in torchvision ("ResNet v1.5")
    const middle = { stride, pad: 1, groups };
    x = b.unit(x, [`${name}.conv2`, `${name}.bn2`, `${name}.relu2`], inner, 3, middle);
    return b.unit(x, [`${name}.conv3`, `${name}.bn3`], filters * expansion, 1);
  };

const resnet = (branch: Branch, blocks: number[]): Architecture => ({
  family: 'resnet',
  source: 'torchvision',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0, dropPath = 0 }) {
    const b = new Builder({ seed, pool });
    let x = b.conv(input, 'conv1', 64, 7, { stride: 2, pad: 3 });
    x = b.act(b.norm(x, 'bn1'), 'relu', 'relu');
    x = b.maxPool(x, 'maxpool', { size: 3, stride: 2, pad: 1 });
    const { x: map, ends } = residualStages(b, x, blocks, { branch, drop: dropPath });
    const features = b.dropout(b.headPool(map, 'avgpool'), 'dropout', dropout);
    return { logits: b.linear(features, 'fc', classes), stages: ['relu', ...ends], head: 'fc' };
  },
});

export const resnets: Record<string, Architecture> = {
  resnet18: resnet(basic, [2, 2, 2, 2]),
  resnet34: resnet(basic, [3, 4, 6, 3]),
  resnet50: resnet(bottleneck(), [3, 4, 6, 3]),
  resnet101: resnet(bottleneck(), [3, 4, 23, 3]),
  resnet152: resnet(bottleneck(), [3, 8, 36, 3]),
  wide_resnet50_2: resnet(bottleneck({ groups: 1, width: 128 }), [3, 4, 6, 3]),
  wide_resnet101_2: resnet(bottleneck({ groups: 1, width: 128 }), [3, 4, 23, 3]),
  resnext50_32x4d: resnet(bottleneck({ groups: 32, width: 4 }), [3, 4, 6, 3]),
  resnext101_32x8d: resnet(bottleneck({ groups: 32, width: 8 }), [3, 4, 23, 3]),
  resnext101_64x4d: resnet(bottleneck({ groups: 64, width: 4 }), [3, 4, 23, 3]),
};
