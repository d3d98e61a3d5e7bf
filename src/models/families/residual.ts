// Stages of residual blocks (He et al. 2015), as ResNet and the families that follow it have them.

import type { Builder, Node } from '../builder.js';

/** A block's convolutions, from its input to what is added to the shortcut. */
export type Branch = (b: Builder, x: Node, name: string, filters: number, stride: number) => Node;

/** A block's input in the shape of its output, where the two differ. */
export type Shortcut = (b: Builder, x: Node, name: string, channels: number, stride: number) => Node;

export interface Block {
  branch: Branch;
  /** Default: a convolution of 1 × 1. */
  shortcut?: Shortcut;
  /** Stochastic depth of the last block; it grows from 0 at the first. Default 0. */
  drop?: number;
}

/** Factor between a bottleneck's inner filters and its output. */
export const expansion = 4;

const projection: Shortcut = (b, x, name, channels, stride) =>
  b.unit(x, [`${name}.downsample.0`, `${name}.downsample.1`], channels, 1, { stride });

/** A branch and its shortcut, which is projected where the branch changes the shape. */
export function residual(
  b: Builder,
  { branch, shortcut = projection, drop = 0 }: Block,
  input: Node,
  name: string,
  filters: number,
  stride: number,
): Node {
  const x = b.stochasticDepth(branch(b, input, name, filters, stride), `${name}.drop_path`, drop);
  const channels = x.shape[3]!;
  const same = stride === 1 && input.shape[3] === channels;
  const skip = same ? input : shortcut(b, input, name, channels, stride);
  return b.act(b.sum(x, skip, `${name}.add`), `${name}.out`, 'relu');
}

/**
 * Stages of as many blocks each as `blocks` says, named `layer1`, `layer2`, …; from the second on they halve their input
 * and double the filters, which start at 64.
 * @returns the output, and the layers that end the stages
 */
export function residualStages(
  b: Builder,
  input: Node,
  blocks: number[],
  block: Block,
): { x: Node; ends: string[] } {
  let x = input;
  const last = blocks.reduce((sum, count) => sum + count, 0) - 1;
  let done = 0;
  const ends = blocks.map((count, s) => {
    for (let i = 0; i < count; i++) {
      const drop = ((block.drop ?? 0) * done++) / last;
      x = residual(b, { ...block, drop }, x, `layer${s + 1}.${i}`, 64 << s, i === 0 && s > 0 ? 2 : 1);
    }
    return x.sourceLayer.name;
  });
  return { x, ends };
}
