// EfficientNet (Tan and Le 2019): torchvision's b0, and timm's Lite variants of the TensorFlow originals.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { uniform } from '../init.js';

interface Stage {
  expansion: number;
  size: number;
  stride: number;
  channels: number;
  blocks: number;
}
const row = (expansion: number, size: number, stride: number, channels: number, blocks: number): Stage => ({
  expansion,
  size,
  stride,
  channels,
  blocks,
});
const baseline = [
  row(1, 3, 1, 16, 1),
  row(6, 3, 2, 24, 2),
  row(6, 5, 2, 40, 2),
  row(6, 3, 2, 80, 3),
  row(6, 5, 1, 112, 3),
  row(6, 5, 2, 192, 4),
  row(6, 3, 1, 320, 1),
];
const headInit = { weight: (seed: number) => uniform((s) => 1 / Math.sqrt(s[0]), seed) };

/** torchvision's: swish, squeeze and excitation, stochastic depth that grows to 0.2. */
const torchvision = (table: Stage[], dropout: number): Architecture => ({
  family: 'efficientnet',
  source: 'torchvision',
  minSize: 32,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout: rate = dropout }) {
    const b = new Builder({ seed });
    const total = table.reduce((a, s) => a + s.blocks, 0);
    let x = b.conv(input, 'features.0.0', 32, 3, { stride: 2, pad: 1 });
    x = b.act(b.norm(x, 'features.0.1'), 'features.0.2', 'swish');
    const stages = ['features.0.2'];
    let done = 0;
    table.forEach((stage, s) => {
      for (let i = 0; i < stage.blocks; i++) {
        const name = `features.${s + 1}.${i}`;
        x = mbconv(b, x, name, stage, i === 0 ? stage.stride : 1, rate ? (0.2 * done++) / total : 0);
      }
      stages.push(x.sourceLayer.name);
    });
    const at = table.length + 1;
    x = b.norm(b.conv(x, `features.${at}.0`, 4 * x.shape[3]!, 1), `features.${at}.1`);
    x = b.act(x, `features.${at}.2`, 'swish');
    stages.push(`features.${at}.2`);
    x = b.dropout(b.globalPool(x, 'avgpool'), 'classifier.0', rate);
    return { logits: b.linear(x, 'classifier.1', classes, headInit), stages, head: 'classifier.1' };
  },
});

function mbconv(b: Builder, input: Node, name: string, s: Stage, stride: number, drop: number): Node {
  const channels = input.shape[3]!;
  const hidden = channels * s.expansion;
  let x = input;
  let at = 0;
  const part = (): string => `${name}.block.${at}`;
  if (s.expansion !== 1) {
    x = b.norm(b.conv(x, `${part()}.0`, hidden, 1), `${part()}.1`);
    x = b.act(x, `${part()}.2`, 'swish');
    at++;
  }
  x = b.conv(x, `${part()}.0`, hidden, s.size, { stride, pad: s.size >> 1, groups: hidden });
  x = b.act(b.norm(x, `${part()}.1`), `${part()}.2`, 'swish');
  at++;
  let gate = b.globalPool(x, `${part()}.avgpool`, true);
  gate = b.conv(gate, `${part()}.fc1`, Math.max(1, channels >> 2), 1, { bias: true });
  gate = b.conv(b.act(gate, `${part()}.activation`, 'swish'), `${part()}.fc2`, hidden, 1, { bias: true });
  x = b.scale(x, b.act(gate, `${part()}.scale_activation`, 'sigmoid'), `${part()}.out`);
  at++;
  x = b.norm(b.conv(x, `${part()}.0`, s.channels, 1), `${part()}.1`);
  if (stride !== 1 || channels !== s.channels) return x;
  return b.sum(b.stochasticDepth(x, `${name}.stochastic_depth`, drop), input, `${name}.out`);
}

/** timm's tf_efficientnet_lite: ReLU6, no squeeze and excitation, TensorFlow's padding. */
const lite = (table: Stage[], size: number): Architecture => ({
  family: 'efficientnet',
  source: 'timm',
  minSize: 32,
  size,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  build(input, { classes, seed, dropout = 0 }) {
    const b = new Builder({ seed, norm: { epsilon: 1e-3 } });
    const same = { pad: 'same' as const };
    let x = b.conv(input, 'conv_stem', 32, 3, { stride: 2, ...same });
    x = b.act(b.norm(x, 'bn1'), 'act1', 'relu6');
    const stages = ['act1'];
    table.forEach((stage, s) => {
      for (let i = 0; i < stage.blocks; i++) {
        const name = `blocks.${s}.${i}`;
        const stride = i === 0 ? stage.stride : 1;
        const before = x;
        const hidden = before.shape[3]! * stage.expansion;
        const depthwise = (x: Node, norm: string): Node => {
          const y = b.conv(x, `${name}.conv_dw`, hidden, stage.size, { stride, groups: hidden, ...same });
          return b.act(b.norm(y, `${name}.${norm}`), `${name}.${norm}.act`, 'relu6');
        };
        if (stage.expansion === 1) {
          x = depthwise(x, 'bn1');
          x = b.norm(b.conv(x, `${name}.conv_pw`, stage.channels, 1), `${name}.bn2`);
        } else {
          x = b.norm(b.conv(x, `${name}.conv_pw`, hidden, 1), `${name}.bn1`);
          x = depthwise(b.act(x, `${name}.bn1.act`, 'relu6'), 'bn2');
          x = b.norm(b.conv(x, `${name}.conv_pwl`, stage.channels, 1), `${name}.bn3`);
        }
        if (stride === 1 && before.shape[3] === stage.channels) x = b.sum(x, before, `${name}.out`);
      }
      stages.push(x.sourceLayer.name);
    });
    x = b.act(b.norm(b.conv(x, 'conv_head', 1280, 1), 'bn2'), 'act2', 'relu6');
    stages.push('act2');
    x = b.dropout(b.globalPool(x, 'global_pool'), 'drop', dropout);
    return { logits: b.linear(x, 'classifier', classes, headInit), stages, head: 'classifier' };
  },
});

export const efficientnets: Record<string, Architecture> = {
  efficientnet_b0: torchvision(baseline, 0.2),
  tf_efficientnet_lite0: lite(baseline, 224),
};
