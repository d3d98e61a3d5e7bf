// EfficientNet (Tan and Le 2019) and EfficientNetV2 (Tan and Le 2021), torchvision's definitions.

import { Builder, divisible, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { baseline, headInit, scaled, type Stage } from './efficientnet-table.js';
import { tfEfficientnets } from './tf-efficientnet.js';

interface Design {
  table: Stage[];
  dropout: number;
  size: number;
  /** Channels before the head; four times the last stage's unless given. */
  last?: number;
  norm?: { epsilon: number; momentum?: number };
  statistics?: { mean: number[]; std: number[] };
}

const efficientnet = ({ table, dropout, size, last, norm, statistics }: Design): Architecture => ({
  family: 'efficientnet',
  source: 'torchvision',
  minSize: 1,
  size,
  ...(statistics ?? imagenetStatistics),
  build(input, { classes, seed, pool, dropout: rate = dropout, dropPath = 0.2 }) {
    const b = new Builder({ seed, pool, norm });
    const total = table.reduce((a, s) => a + s.blocks, 0);
    const stem = table[0].stem;
    let x = b.unit(input, unitNames('features.0'), stem, 3, { stride: 2, pad: 1, kind: 'swish' });
    const stages: string[] = [];
    let done = 0;
    table.forEach((stage, s) => {
      for (let i = 0; i < stage.blocks; i++) {
        const block = stage.fused ? fusedBlock : mbconv;
        const drop = (dropPath * done++) / total;
        x = block(b, x, `features.${s + 1}.${i}`, stage, i === 0 ? stage.stride : 1, drop);
      }
      if (table[s + 1]?.stride !== 1) stages.push(x.sourceLayer.name);
    });
    const at = table.length + 1;
    x = b.unit(x, unitNames(`features.${at}`), last ?? 4 * x.shape[3]!, 1, { kind: 'swish' });
    x = b.dropout(b.headPool(x, 'avgpool'), 'classifier.0', rate);
    const logits = b.linear(x, 'classifier.1', classes, headInit);
    return { logits, stages, featureMap: `features.${at}.2`, head: 'classifier.1' };
  },
});

const unitNames = (name: string): [string, string, string] => [`${name}.0`, `${name}.1`, `${name}.2`];

function residual(b: Builder, x: Node, input: Node, name: string, stride: number, drop: number): Node {
  if (stride !== 1 || input.shape[3] !== x.shape[3]) return x;
  return b.sum(b.stochasticDepth(x, `${name}.stochastic_depth`, drop), input, `${name}.out`);
}

function mbconv(b: Builder, input: Node, name: string, s: Stage, stride: number, drop: number): Node {
  const channels = input.shape[3]!;
  const hidden = divisible(channels * s.expansion);
  let x = input;
  let at = 0;
  const next = (): string => `${name}.block.${at++}`;
  const kind = 'swish';
  if (hidden !== channels) x = b.unit(x, unitNames(next()), hidden, 1, { kind });
  const depthwise = { stride, pad: s.size >> 1, groups: hidden, kind } as const;
  x = b.unit(x, unitNames(next()), hidden, s.size, depthwise);
  x = b.squeeze(x, next(), Math.max(1, channels >> 2), { kind });
  const part = next();
  x = b.unit(x, [`${part}.0`, `${part}.1`], s.channels, 1);
  return residual(b, x, input, name, stride, drop);
}

/** The expansion and the depthwise convolution as one. */
function fusedBlock(b: Builder, input: Node, name: string, s: Stage, stride: number, drop: number): Node {
  const hidden = divisible(input.shape[3]! * s.expansion);
  const expands = s.expansion !== 1;
  const window = { stride, pad: s.size >> 1, kind: 'swish' } as const;
  let x = b.unit(input, unitNames(`${name}.block.0`), expands ? hidden : s.channels, s.size, window);
  if (expands) x = b.unit(x, [`${name}.block.1.0`, `${name}.block.1.1`], s.channels, 1);
  return residual(b, x, input, name, stride, drop);
}

const version1 = (width: number, depth: number, dropout: number, size: number): Architecture =>
  efficientnet({ table: scaled(baseline, width, depth), dropout, size });
/** The larger ones' norms are the TensorFlow originals'. */
const version1Large = (width: number, depth: number, dropout: number, size: number): Architecture =>
  efficientnet({
    table: scaled(baseline, width, depth),
    dropout,
    size,
    norm: { epsilon: 1e-3, momentum: 0.01 },
  });

// expansion, stride, channels, blocks; the first three stages are fused, all kernels 3 × 3
const version2 = (
  rows: Array<[number, number, number, number]>,
  dropout: number,
  size: number,
  statistics?: Design['statistics'],
): Architecture =>
  efficientnet({
    table: rows.map(([expansion, stride, channels, blocks], i) => ({
      expansion,
      size: 3,
      stride,
      channels,
      blocks,
      fused: i < 3,
      stem: rows[0][2],
    })),
    dropout,
    size,
    last: 1280,
    norm: { epsilon: 1e-3 },
    statistics,
  });
const half = [0.5, 0.5, 0.5];

// prettier-ignore
export const efficientnets: Record<string, Architecture> = {
  efficientnet_b0: version1(1, 1, 0.2, 224),
  efficientnet_b1: version1(1, 1.1, 0.2, 240),
  efficientnet_b2: version1(1.1, 1.2, 0.3, 288),
  efficientnet_b3: version1(1.2, 1.4, 0.3, 300),
  efficientnet_b4: version1(1.4, 1.8, 0.4, 380),
  efficientnet_b5: version1Large(1.6, 2.2, 0.4, 456),
  efficientnet_b6: version1Large(1.8, 2.6, 0.5, 528),
  efficientnet_b7: version1Large(2, 3.1, 0.5, 600),
  efficientnet_v2_s: version2(
    [[1, 1, 24, 2], [4, 2, 48, 4], [4, 2, 64, 4], [4, 2, 128, 6], [6, 1, 160, 9], [6, 2, 256, 15]], 0.2, 384),
  efficientnet_v2_m: version2(
    [[1, 1, 24, 3], [4, 2, 48, 5], [4, 2, 80, 5], [4, 2, 160, 7], [6, 1, 176, 14], [6, 2, 304, 18], [6, 1, 512, 5]], 0.3, 480),
  efficientnet_v2_l: version2(
    [[1, 1, 32, 4], [4, 2, 64, 7], [4, 2, 96, 7], [4, 2, 192, 10], [6, 1, 224, 19], [6, 2, 384, 25], [6, 1, 640, 7]], 0.4, 480,
    { mean: half, std: half }),
  ...tfEfficientnets,
};
