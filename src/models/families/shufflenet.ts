// ShuffleNet V2 (Ma et al. 2018), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { torchConv } from '../init.js';
import { ShuffleChannels } from '../shaping.js';

function block(b: Builder, input: Node, name: string, filters: number, stride: number): Node {
  const half = filters / 2;
  const depthwise = (x: Node, conv: string, norm: string): Node => {
    const groups = x.shape[3]!;
    return b.unit(x, [`${name}.${conv}`, `${name}.${norm}`], groups, 3, { stride, pad: 1, groups });
  };
  const pointwise = (x: Node, branch: string, at: number): Node =>
    b.unit(
      x,
      [`${name}.${branch}.${at}`, `${name}.${branch}.${at + 1}`, `${name}.${branch}.${at + 2}`],
      half,
      1,
    );
  const splits = stride === 1;
  const left = splits
    ? b.channels(input, `${name}.left`, 0, half)
    : pointwise(depthwise(input, 'branch1.0', 'branch1.1'), 'branch1', 2);
  let right = splits ? b.channels(input, `${name}.right`, half, filters) : input;
  right = pointwise(right, 'branch2', 0);
  right = pointwise(depthwise(right, 'branch2.3', 'branch2.4'), 'branch2', 5);
  const x = b.concat([left, right], `${name}.concat`);
  return b.layer(x, new ShuffleChannels({ name: `${name}.out`, groups: 2 }));
}

const shufflenet = (channels: number[]): Architecture => ({
  family: 'shufflenet',
  source: 'torchvision',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0 }) {
    const b = new Builder({ seed, pool, conv: torchConv });
    let x = b.unit(input, ['conv1.0', 'conv1.1', 'conv1.2'], 24, 3, { stride: 2, pad: 1 });
    const stages = ['conv1.2', 'maxpool'];
    x = b.maxPool(x, 'maxpool', { size: 3, stride: 2, pad: 1 });
    [4, 8, 4].forEach((count, s) => {
      for (let i = 0; i < count; i++) x = block(b, x, `stage${s + 2}.${i}`, channels[s], i ? 1 : 2);
      stages.push(x.sourceLayer.name);
    });
    x = b.unit(x, ['conv5.0', 'conv5.1', 'conv5.2'], channels[3], 1);
    x = b.dropout(b.headPool(x, 'avgpool'), 'dropout', dropout);
    const logits = b.linear(x, 'fc', classes);
    return { logits, stages, featureMap: 'conv5.2', head: 'fc' };
  },
});

export const shufflenets: Record<string, Architecture> = {
  shufflenet_v2_x0_5: shufflenet([48, 96, 192, 1024]),
  shufflenet_v2_x1_0: shufflenet([116, 232, 464, 1024]),
  shufflenet_v2_x1_5: shufflenet([176, 352, 704, 1024]),
  shufflenet_v2_x2_0: shufflenet([244, 488, 976, 2048]),
};
