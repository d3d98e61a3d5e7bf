// MobileNetV2 (Sandler et al. 2018), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture } from '../builder.js';
import { normal } from '../init.js';

// expansion, channels, blocks, stride
const rows = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

const mobilenetV2: Architecture = {
  family: 'mobilenet',
  source: 'torchvision',
  minSize: 32,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout = 0.2 }) {
    const b = new Builder({ seed });
    let x = b.conv(input, 'features.0.0', 32, 3, { stride: 2, pad: 1 });
    x = b.act(b.norm(x, 'features.0.1'), 'features.0.2', 'relu6');
    const stages = ['features.0.2'];
    let index = 1;
    let last = 'features.0.2';
    for (const [expansion, channels, blocks, stride] of rows)
      for (let i = 0; i < blocks; i++) {
        const name = `features.${index}`;
        const s = i === 0 ? stride : 1;
        if (s === 2) stages.push(last);
        const before = x;
        const hidden = before.shape[3]! * expansion;
        let at = 0;
        if (expansion !== 1) {
          x = b.norm(b.conv(x, `${name}.conv.0.0`, hidden, 1), `${name}.conv.0.1`);
          x = b.act(x, `${name}.conv.0.2`, 'relu6');
          at = 1;
        }
        x = b.conv(x, `${name}.conv.${at}.0`, hidden, 3, { stride: s, pad: 1, groups: hidden });
        x = b.act(b.norm(x, `${name}.conv.${at}.1`), `${name}.conv.${at}.2`, 'relu6');
        x = b.norm(b.conv(x, `${name}.conv.${at + 1}`, channels, 1), `${name}.conv.${at + 2}`);
        last = `${name}.conv.${at + 2}`;
        if (s === 1 && before.shape[3] === channels) {
          last = `${name}.out`;
          x = b.sum(x, before, last);
        }
        index++;
      }
    x = b.norm(b.conv(x, `features.${index}.0`, 1280, 1), `features.${index}.1`);
    x = b.act(x, `features.${index}.2`, 'relu6');
    stages.push(`features.${index}.2`);
    x = b.dropout(b.globalPool(x, 'avgpool'), 'classifier.0', dropout);
    const logits = b.linear(x, 'classifier.1', classes, { weight: (s) => normal(0.01, s) });
    return { logits, stages, head: 'classifier.1' };
  },
};

export const mobilenets: Record<string, Architecture> = { mobilenet_v2: mobilenetV2 };
