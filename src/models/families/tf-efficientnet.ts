// timm's EfficientNets with TensorFlow's weights: its padding and epsilon, B0 to B7, and Lite without squeeze and excitation.

import { Builder, divisible, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { normal } from '../init.js';
import { baseline, headInit, scaled, type Stage } from './efficientnet-table.js';

const same = { pad: 'same' as const };

interface Design {
  table: Stage[];
  size: number;
  /** Channels before the head. */
  last: number;
  lite: boolean;
}

const tfEfficientnet = ({ table, size, last, lite }: Design): Architecture => ({
  family: 'efficientnet',
  source: 'timm',
  minSize: 1,
  size,
  ...(lite ? { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } : imagenetStatistics),
  build(input, { classes, seed, pool, dropout = 0, dropPath = 0 }) {
    const b = new Builder({ seed, pool, norm: { epsilon: 1e-3 } });
    const kind = lite ? 'relu6' : 'swish';
    let x = b.unit(input, ['conv_stem', 'bn1', 'act1'], table[0].stem, 3, { stride: 2, ...same, kind });
    const stages: string[] = [];
    const total = table.reduce((sum, { blocks }) => sum + blocks, 0);
    let done = 0;
    const block = (input: Node, name: string, stage: Stage, stride: number): Node => {
      const drop = (dropPath * done++) / total;
      const channels = input.shape[3]!;
      const hidden = channels * stage.expansion;
      let x = input;
      let norms = 0;
      const norm = (): string => `${name}.bn${++norms}`;
      const expands = stage.expansion !== 1;
      if (expands) x = b.unit(x, [`${name}.conv_pw`, norm(), `${name}.bn1.act`], hidden, 1, { kind });
      // by outputs, of which each input has one
      const init = normal(Math.SQRT2 / stage.size, b.seed(`${name}.conv_dw`));
      const depthwise = { stride, groups: hidden, ...same, kind, init } as const;
      const middle = norm();
      x = b.unit(x, [`${name}.conv_dw`, middle, `${middle}.act`], hidden, stage.size, depthwise);
      if (!lite)
        x = b.squeeze(x, `${name}.se`, Math.round(channels / 4), {
          kind,
          names: ['conv_reduce', 'conv_expand'],
        });
      x = b.unit(x, [`${name}.${expands ? 'conv_pwl' : 'conv_pw'}`, norm()], stage.channels, 1);
      if (stride !== 1 || channels !== stage.channels) return x;
      return b.sum(b.stochasticDepth(x, `${name}.drop_path`, drop), input, `${name}.out`);
    };
    table.forEach((stage, s) => {
      for (let i = 0; i < stage.blocks; i++) x = block(x, `blocks.${s}.${i}`, stage, i ? 1 : stage.stride);
      if (table[s + 1]?.stride !== 1) stages.push(x.sourceLayer.name);
    });
    x = b.unit(x, ['conv_head', 'bn2', 'act2'], last, 1, { kind });
    x = b.dropout(b.headPool(x, 'global_pool'), 'drop', dropout);
    const logits = b.linear(x, 'classifier', classes, headInit);
    return { logits, stages, featureMap: 'act2', head: 'classifier' };
  },
});

const full = (width: number, depth: number, size: number): Architecture =>
  tfEfficientnet({
    table: scaled(baseline, width, depth),
    size,
    last: divisible(1280 * width),
    lite: false,
  });
const lite = (width: number, depth: number, size: number): Architecture =>
  tfEfficientnet({ table: scaled(baseline, width, depth, true), size, last: 1280, lite: true });

export const tfEfficientnets: Record<string, Architecture> = {
  tf_efficientnet_b0: full(1, 1, 224),
  tf_efficientnet_b1: full(1, 1.1, 240),
  tf_efficientnet_b2: full(1.1, 1.2, 260),
  tf_efficientnet_b3: full(1.2, 1.4, 300),
  tf_efficientnet_b4: full(1.4, 1.8, 380),
  tf_efficientnet_b5: full(1.6, 2.2, 456),
  tf_efficientnet_b6: full(1.8, 2.6, 528),
  tf_efficientnet_b7: full(2, 3.1, 600),
  tf_efficientnet_lite0: lite(1, 1, 224),
  tf_efficientnet_lite1: lite(1, 1.1, 240),
  tf_efficientnet_lite2: lite(1.1, 1.2, 260),
  tf_efficientnet_lite3: lite(1.2, 1.4, 300),
  tf_efficientnet_lite4: lite(1.4, 1.8, 380),
};
