// HRNet (Wang et al. 2020), timm's definition: branches of several resolutions side by side, which keep exchanging what they see.

import { Builder, imagenetStatistics, type Architecture, type Node } from '../builder.js';
import { ModelError } from '../errors.js';
import { torchConvBias } from '../init.js';
import { Upsample } from '../shaping.js';
import { residual } from './residual.js';
import { basic, bottleneck } from './resnet.js';

/** Halves its input `times` times, the channels changed in the last step; `activates` says whether that step ends in a ReLU. */
function halved(b: Builder, x: Node, name: string, filters: number, times: number, activates: boolean): Node {
  for (let i = 0; i < times; i++) {
    const last = i === times - 1;
    const at = `${name}.${i}`;
    const act = activates || !last ? `${at}.2` : undefined;
    x = b.unit(x, [`${at}.0`, `${at}.1`, act], last ? filters : x.shape[3]!, 3, { stride: 2, pad: 1 });
  }
  return x;
}

/** What branch `from` gives to branch `to`: at its resolution, with its channels. */
function exchanged(b: Builder, branches: Node[], name: string, from: number, to: number): Node {
  const x = branches[from];
  const filters = branches[to].shape[3]!;
  if (from === to) return x;
  if (from < to) return halved(b, x, name, filters, to - from, false);
  const y = b.unit(x, [`${name}.0`, `${name}.1`], filters, 1);
  return b.layer(y, new Upsample({ name: `${name}.2`, by: 2 ** (from - to) }));
}

/** Residual blocks in each branch, then the sum of what all branches give to each. */
function module(b: Builder, inputs: Node[], name: string): Node[] {
  const branches = inputs.map((input, i) => {
    let x = input;
    for (let k = 0; k < 4; k++)
      x = residual(b, { branch: basic }, x, `${name}.branches.${i}.${k}`, input.shape[3]!, 1);
    return x;
  });
  return branches.map((_, to) => {
    const at = `${name}.fuse_layers.${to}`;
    const parts = branches.map((_, from) => exchanged(b, branches, `${at}.${from}`, from, to));
    const sum = parts.reduce((x, y, i) => b.sum(x, y, `${at}.${i}.add`));
    return b.act(sum, `${at}.out`, 'relu');
  });
}

/** How many modules stages 2, 3 and 4 have; each stage has a branch more. */
const modules = [1, 4, 3];
/** Inner filters of the blocks before the head, by branch. */
const last = [32, 64, 128, 256];

/** Widens each branch, then adds them up from the highest resolution down. */
function joined(b: Builder, branches: Node[]): Node {
  const wide = branches.map((x, i) =>
    residual(b, { branch: bottleneck() }, x, `incre_modules.${i}.0`, last[i], 1),
  );
  const sum = wide.reduce((x, y, i) => {
    const at = `downsamp_modules.${i - 1}`;
    const window = { stride: 2, pad: 1, bias: true };
    const down = b.unit(x, [`${at}.0`, `${at}.1`, `${at}.2`], y.shape[3]!, 3, window);
    return b.sum(y, down, `${at}.add`);
  });
  return b.unit(sum, ['final_layer.0', 'final_layer.1', 'final_layer.2'], 2048, 1, { bias: true });
}

/** Where a size is halved three times and doubled again, it must come out as it was. */
function checkSize([, height, width]: Node['shape']): void {
  if ([height!, width!].some((n) => Math.ceil(n / 4) % 8))
    throw new ModelError(
      'option',
      `inputShape is [${height}, ${width}]; the branches of HRNet meet only where height and width are multiples of 32, or up to 3 less than one.`,
    );
}

/** @param width channels of the branch of the highest resolution; each further branch has twice as many */
const hrnet = (width: number): Architecture => ({
  family: 'hrnet',
  source: 'timm',
  minSize: 29,
  size: 224,
  ...imagenetStatistics,
  build(input, { classes, seed, pool, dropout = 0 }) {
    checkSize(input.shape);
    const b = new Builder({ seed, pool, convBias: torchConvBias });
    let x = b.unit(input, ['conv1', 'bn1', 'act1'], 64, 3, { stride: 2, pad: 1 });
    x = b.unit(x, ['conv2', 'bn2', 'act2'], 64, 3, { stride: 2, pad: 1 });
    for (let i = 0; i < 4; i++) x = residual(b, { branch: bottleneck() }, x, `layer1.${i}`, 64, 1);
    const first = 'transition1.0';
    let branches = [x];
    modules.forEach((count, s) => {
      const lowest = branches.at(-1)!;
      if (s === 0) branches = [b.unit(x, [`${first}.0`, `${first}.1`, `${first}.2`], width, 3, { pad: 1 })];
      branches.push(halved(b, lowest, `transition${s + 1}.${s + 1}`, width << (s + 1), 1, true));
      for (let i = 0; i < count; i++) branches = module(b, branches, `stage${s + 2}.${i}`);
    });
    x = joined(b, branches);
    x = b.dropout(b.headPool(x, 'global_pool'), 'head_drop', dropout);
    // as in timm, the widened branches, not the stages of the same names
    const stages = ['act1', ...last.map((_, i) => `incre_modules.${i}.0.out`)];
    const logits = b.linear(x, 'classifier', classes);
    return { logits, stages, featureMap: 'final_layer.2', head: 'classifier' };
  },
});

export const hrnets: Record<string, Architecture> = { hrnet_w18: hrnet(18) };
