// ResNet (He et al. 2015), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from './builder.js';

const basic = (blocks: number[]): Architecture => ({
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
      const filters = 64 << s;
      for (let i = 0; i < count; i++) {
        const name = `layer${s + 1}.${i}`;
        x = block(b, x, name, filters, i === 0 && s > 0 ? 2 : 1);
      }
      stages.push(`layer${s + 1}.${count - 1}.out`);
    });
    return { logits: b.linear(b.globalPool(x, 'avgpool'), 'fc', classes), stages, head: 'fc' };
  },
});

function block(b: Builder, input: Node, name: string, filters: number, stride: number): Node {
  let x = b.conv(input, `${name}.conv1`, filters, 3, { stride, pad: 1 });
  x = b.act(b.norm(x, `${name}.bn1`), `${name}.relu`, 'relu');
  x = b.norm(b.conv(x, `${name}.conv2`, filters, 3, { pad: 1 }), `${name}.bn2`);
  const same = stride === 1 && input.shape[3] === filters;
  const skip = same
    ? input
    : b.norm(b.conv(input, `${name}.downsample.0`, filters, 1, { stride }), `${name}.downsample.1`);
  return b.act(b.sum(x, skip, `${name}.add`), `${name}.out`, 'relu');
}

export const resnets: Record<string, Architecture> = {
  resnet18: basic([2, 2, 2, 2]),
};
