// ResNet (He et al. 2015), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from './builder.js';

/** A block's convolutions, from its input to what is added to the shortcut. */
type Branch = (b: Builder, x: Node, name: string, filters: number, stride: number) => Node;

const basic: Branch = (b, input, name, filters, stride) => {
  let x = b.conv(input, `${name}.conv1`, filters, 3, { stride, pad: 1 });
  x = b.act(b.norm(x, `${name}.bn1`), `${name}.relu`, 'relu');
  return b.norm(b.conv(x, `${name}.conv2`, filters, 3, { pad: 1 }), `${name}.bn2`);
};

/** Factor between a bottleneck's inner filters and its output. */
const expansion = 4;
const bottleneck: Branch = (b, input, name, filters, stride) => {
  let x = b.act(b.norm(b.conv(input, `${name}.conv1`, filters, 1), `${name}.bn1`), `${name}.relu`, 'relu');
  // the stride is in the middle, as in torchvision ("ResNet v1.5")
  x = b.conv(x, `${name}.conv2`, filters, 3, { stride, pad: 1 });
  x = b.act(b.norm(x, `${name}.bn2`), `${name}.relu2`, 'relu');
  return b.norm(b.conv(x, `${name}.conv3`, filters * expansion, 1), `${name}.bn3`);
};

const resnet = (branch: Branch, blocks: number[]): Architecture => ({
  family: 'resnet',
  source: 'torchvision',
  minSize: 32,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed }) {
    const b = new Builder({ seed });
    let x = b.conv(input, 'conv1', 64, 7, { stride: 2, pad: 3 });
    x = b.act(b.norm(x, 'bn1'), 'relu', 'relu');
    x = b.maxPool(x, 'maxpool', { size: 3, stride: 2, pad: 1 });
    const stages = ['relu'];
    blocks.forEach((count, s) => {
      for (let i = 0; i < count; i++)
        x = residual(b, branch, x, `layer${s + 1}.${i}`, 64 << s, i === 0 && s > 0 ? 2 : 1);
      stages.push(`layer${s + 1}.${count - 1}.out`);
    });
    return { logits: b.linear(b.globalPool(x, 'avgpool'), 'fc', classes), stages, head: 'fc' };
  },
});

function residual(
  b: Builder,
  branch: Branch,
  input: Node,
  name: string,
  filters: number,
  stride: number,
): Node {
  const x = branch(b, input, name, filters, stride);
  const channels = x.shape[3]!;
  const same = stride === 1 && input.shape[3] === channels;
  const skip = same
    ? input
    : b.norm(b.conv(input, `${name}.downsample.0`, channels, 1, { stride }), `${name}.downsample.1`);
  return b.act(b.sum(x, skip, `${name}.add`), `${name}.out`, 'relu');
}

export const resnets: Record<string, Architecture> = {
  resnet18: resnet(basic, [2, 2, 2, 2]),
  resnet50: resnet(bottleneck, [3, 4, 6, 3]),
};
