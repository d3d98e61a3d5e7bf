// VGG (Simonyan and Zisserman 2015), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture } from '../builder.js';
import { normal } from '../init.js';

/** How many convolutions each stage has. */
const depths = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] };
const headInit = { weight: (seed: number) => normal(0.01, seed) };

const vgg = (depth: keyof typeof depths, norm: boolean): Architecture => ({
  family: 'vgg',
  source: 'torchvision',
  minSize: 32,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout = 0.5 }) {
    const b = new Builder({ seed });
    let x = input;
    let at = 0;
    const next = (): string => `features.${at++}`;
    const stages: string[] = [];
    depths[depth].forEach((count, stage) => {
      for (let i = 0; i < count; i++) {
        x = b.conv(x, next(), Math.min(512, 64 << stage), 3, { pad: 1, bias: true });
        if (norm) x = b.norm(x, next());
        x = b.act(x, next(), 'relu');
      }
      stages.push(x.sourceLayer.name);
      x = b.maxPool(x, next(), { size: 2, stride: 2 });
    });
    stages.push(x.sourceLayer.name);
    x = b.flatten(b.adaptivePool(x, 'avgpool', 7), 'flatten');
    for (const i of [0, 3]) {
      x = b.act(b.linear(x, `classifier.${i}`, 4096, headInit), `classifier.${i + 1}`, 'relu');
      x = b.dropout(x, `classifier.${i + 2}`, dropout);
    }
    return { logits: b.linear(x, 'classifier.6', classes, headInit), stages, head: 'classifier.6' };
  },
});

export const vggs: Record<string, Architecture> = {
  vgg11: vgg(11, false),
  vgg11_bn: vgg(11, true),
  vgg13: vgg(13, false),
  vgg13_bn: vgg(13, true),
  vgg16: vgg(16, false),
  vgg16_bn: vgg(16, true),
  vgg19: vgg(19, false),
  vgg19_bn: vgg(19, true),
};
