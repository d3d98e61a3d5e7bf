// SqueezeNet (Iandola et al. 2016), torchvision's definition.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { normal, uniform } from '../init.js';

interface Version {
  stem: [filters: number, size: number];
  /** Position of a pool, or the squeeze of the fire module there; each expands to eight times as many. */
  body: Array<'pool' | number>;
}

/** Channels are squeezed, then expanded by filters of 1 × 1 and of 3 × 3. */
function fire(b: Builder, x: Node, name: string, squeeze: number): Node {
  const part = (x: Node, kind: string, filters: number, size: number): Node => {
    const y = b.conv(x, `${name}.${kind}`, filters, size, { pad: size >> 1, bias: true });
    return b.act(y, `${name}.${kind}_activation`, 'relu');
  };
  const y = part(x, 'squeeze', squeeze, 1);
  return b.concat(
    [part(y, 'expand1x1', 4 * squeeze, 1), part(y, 'expand3x3', 4 * squeeze, 3)],
    `${name}.out`,
  );
}

const squeezenet = (minSize: number, { stem, body }: Version): Architecture => ({
  family: 'squeezenet',
  source: 'torchvision',
  minSize,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, dropout = 0.5 }) {
    const conv = (s: number): ReturnType<typeof uniform> =>
      uniform((shape) => Math.sqrt(6 / shape.slice(1).reduce((a, n) => a * n, 1)), s);
    const b = new Builder({ seed, conv });
    let x = b.conv(input, 'features.0', stem[0], stem[1], { stride: 2, bias: true });
    x = b.act(x, 'features.1', 'relu');
    const stages: string[] = [];
    body.forEach((part, i) => {
      const name = `features.${i + 2}`;
      if (part === 'pool') {
        stages.push(x.sourceLayer.name);
        x = b.maxPool(x, name, { size: 3, stride: 2, ceil: true });
      } else x = fire(b, x, name, part);
    });
    stages.push(x.sourceLayer.name);
    x = b.dropout(x, 'classifier.0', dropout);
    x = b.conv(x, 'classifier.1', classes, 1, { bias: true, init: normal(0.01, seed) });
    x = b.act(x, 'classifier.2', 'relu');
    const logits = b.globalPool(x, 'avgpool');
    return { logits, stages, featureMap: 'classifier.2', head: 'classifier.1' };
  },
});

export const squeezenets: Record<string, Architecture> = {
  squeezenet1_0: squeezenet(21, {
    stem: [96, 7],
    body: ['pool', 16, 16, 32, 'pool', 32, 48, 48, 64, 'pool', 64],
  }),
  squeezenet1_1: squeezenet(17, {
    stem: [64, 3],
    body: ['pool', 16, 16, 'pool', 32, 32, 'pool', 48, 48, 64, 64],
  }),
};
