// MobileNetV2 (Sandler et al. 2018) and V3 (Howard et al. 2019), torchvision's definitions.

import { Builder, divisible, imagenetStatistics, type Architecture, type Node } from '../builder.js';
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
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool });
    let x = b.conv(input, 'features.0.0', 32, 3, { stride: 2, pad: 1 });
    x = b.act(b.norm(x, 'features.0.1'), 'features.0.2', 'relu6');
    const stages: string[] = [];
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
    stages.push(last);
    x = b.norm(b.conv(x, `features.${index}.0`, 1280, 1), `features.${index}.1`);
    x = b.act(x, `features.${index}.2`, 'relu6');
    x = b.dropout(b.headPool(x, 'avgpool'), 'classifier.0', dropout);
    const logits = b.linear(x, 'classifier.1', classes, { weight: (s) => normal(0.01, s) });
    return { logits, stages, featureMap: `features.${index}.2`, head: 'classifier.1' };
  },
};

/** A block of V3: kernel, hidden channels, channels, whether it squeezes, whether its activation is hard-swish, stride. */
type Row = [size: number, hidden: number, channels: number, squeeze: boolean, hard: boolean, stride: number];

function blockV3(b: Builder, input: Node, name: string, row: Row): Node {
  const [size, hidden, channels, squeeze, hard, stride] = row;
  const kind = hard ? 'hardSwish' : 'relu';
  let x = input;
  let at = 0;
  const next = (): string => `${name}.block.${at++}`;
  const names = (part: string): [string, string, string] => [`${part}.0`, `${part}.1`, `${part}.2`];
  if (hidden !== input.shape[3]) x = b.unit(x, names(next()), hidden, 1, { kind });
  x = b.unit(x, names(next()), hidden, size, { stride, pad: size >> 1, groups: hidden, kind });
  if (squeeze) x = b.squeeze(x, next(), divisible(hidden >> 2), { gate: 'hardSigmoid' });
  const last = next();
  x = b.unit(x, [`${last}.0`, `${last}.1`], channels, 1);
  return stride === 1 && input.shape[3] === channels ? b.sum(x, input, `${name}.out`) : x;
}

const mobilenetV3 = (rows: Row[], hidden: number): Architecture => ({
  family: 'mobilenet',
  source: 'torchvision',
  minSize: 1,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0.2 }) {
    const b = new Builder({ seed, pool, norm: { epsilon: 1e-3, momentum: 0.01 } });
    const kind = 'hardSwish';
    const names = (at: number): [string, string, string] => [
      `features.${at}.0`,
      `features.${at}.1`,
      `features.${at}.2`,
    ];
    let x = b.unit(input, names(0), 16, 3, { stride: 2, pad: 1, kind });
    const stages: string[] = [];
    rows.forEach((row, i) => {
      if (row[5] === 2) stages.push(x.sourceLayer.name);
      x = blockV3(b, x, `features.${i + 1}`, row);
    });
    const last = names(rows.length + 1);
    x = b.unit(x, last, 6 * x.shape[3]!, 1, { kind });
    stages.push(last[2]);
    const weight = (s: number): ReturnType<typeof normal> => normal(0.01, s);
    x = b.linear(b.headPool(x, 'avgpool'), 'classifier.0', hidden, { weight });
    x = b.dropout(b.act(x, 'classifier.1', kind), 'classifier.2', dropout);
    return { logits: b.linear(x, 'classifier.3', classes, { weight }), stages, head: 'classifier.3' };
  },
});

const large: Row[] = [
  [3, 16, 16, false, false, 1],
  [3, 64, 24, false, false, 2],
  [3, 72, 24, false, false, 1],
  [5, 72, 40, true, false, 2],
  [5, 120, 40, true, false, 1],
  [5, 120, 40, true, false, 1],
  [3, 240, 80, false, true, 2],
  [3, 200, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 480, 112, true, true, 1],
  [3, 672, 112, true, true, 1],
  [5, 672, 160, true, true, 2],
  [5, 960, 160, true, true, 1],
  [5, 960, 160, true, true, 1],
];
const small: Row[] = [
  [3, 16, 16, true, false, 2],
  [3, 72, 24, false, false, 2],
  [3, 88, 24, false, false, 1],
  [5, 96, 40, true, true, 2],
  [5, 240, 40, true, true, 1],
  [5, 240, 40, true, true, 1],
  [5, 120, 48, true, true, 1],
  [5, 144, 48, true, true, 1],
  [5, 288, 96, true, true, 2],
  [5, 576, 96, true, true, 1],
  [5, 576, 96, true, true, 1],
];

export const mobilenets: Record<string, Architecture> = {
  mobilenet_v2: mobilenetV2,
  mobilenet_v3_large: mobilenetV3(large, 1280),
  mobilenet_v3_small: mobilenetV3(small, 1024),
};
