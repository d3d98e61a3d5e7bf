// The stages of EfficientNet-B0, and how those of the other sizes follow from them.

import { divisible } from '../builder.js';
import { uniform } from '../init.js';

export interface Stage {
  expansion: number;
  size: number;
  stride: number;
  channels: number;
  blocks: number;
  /** Whether its blocks are of version 2's fused kind. */
  fused?: boolean;
  /** Channels of the network's stem. */
  stem: number;
}
const row = (expansion: number, size: number, stride: number, channels: number, blocks: number): Stage => ({
  expansion,
  size,
  stride,
  channels,
  blocks,
  stem: 32,
});
export const baseline = [
  row(1, 3, 1, 16, 1),
  row(6, 3, 2, 24, 2),
  row(6, 5, 2, 40, 2),
  row(6, 3, 2, 80, 3),
  row(6, 5, 1, 112, 3),
  row(6, 5, 2, 192, 4),
  row(6, 3, 1, 320, 1),
];

/** The rule of initialisation of the head's weight. */
export const headInit = { weight: (seed: number) => uniform((s) => 1 / Math.sqrt(s[0]), seed) };

/** Compound scaling; `fixedEnds` leaves the stem's width and the depth of the first and last stage, as in Lite. */
export const scaled = (table: Stage[], width: number, depth: number, fixedEnds = false): Stage[] =>
  table.map((stage, i) => ({
    ...stage,
    channels: divisible(stage.channels * width),
    blocks: fixedEnds && (i === 0 || i === table.length - 1) ? stage.blocks : Math.ceil(stage.blocks * depth),
    stem: fixedEnds ? stage.stem : divisible(stage.stem * width),
  }));
