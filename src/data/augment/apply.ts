// A pipeline of augmentations applied to one picture or volume: what is drawn depends on the seed and the keys alone.

import { random } from '../random.js';
import { part, resize } from '../resize.js';
import type { Picture } from '../picture.js';
import { geometric } from './geometry.js';
import { intensity } from './intensity.js';
import { after, identity } from './matrix.js';
import type { Augmentation, Extent, Mapping, Matrix, Sample } from './types.js';
import { warp, type WarpOptions } from './warp.js';

/** What makes one draw: the seed, the epoch, the row, and how often the row has come in the epoch. */
export type Keys = readonly (number | string)[];

/** Moves that are next to each other in the pipeline, resampled once. */
interface Moves {
  mappings: Mapping[];
  to: Extent;
  options: WarpOptions;
}

/** What was drawn for one picture: moves, and changes of values, in their order. */
export type Drawn = (Moves | { change: (sample: Sample) => void })[];

/** Draws every step. `target` is the side that crops give. */
export function draw(steps: readonly Augmentation[], on: Extent, target: number, keys: Keys): Drawn {
  const drawn: Drawn = [];
  let extent = on;
  steps.forEach((step, i) => {
    const r = random(...keys, 'augment', i, step.op);
    if (!r.chance(step.p)) return;
    const mover = geometric[step.op];
    if (!mover) {
      drawn.push({ change: (sample) => intensity[step.op].change(step as never, sample, r) });
      return;
    }
    const { mapping, to } = mover.draw(step as never, extent, r, target);
    extent = to;
    const { fill, interpolation } = step as Partial<WarpOptions>;
    const last = drawn.at(-1);
    const joins =
      last &&
      'mappings' in last &&
      (fill ?? last.options.fill) === last.options.fill &&
      (interpolation ?? last.options.interpolation) === last.options.interpolation;
    if (!joins) {
      drawn.push({
        mappings: [mapping],
        to,
        options: { fill: fill ?? 0, interpolation: interpolation ?? 'bilinear' },
      });
      return;
    }
    last.mappings.push(mapping);
    last.to = to;
  });
  return drawn;
}

/** The one map of moves without displacements. */
function composed({ mappings }: Moves): Matrix | undefined {
  let matrix = identity;
  for (const mapping of mappings) {
    if (!('matrix' in mapping)) return undefined;
    matrix = after(matrix, mapping.matrix);
  }
  return matrix;
}

/** A box of whole pixels inside the picture that fills the result, maybe mirrored: what `resize` does better than a warp. */
interface Cut {
  left: number;
  top: number;
  width: number;
  height: number;
  mirrored: boolean;
}

function cutOf(moves: Moves, from: Extent): Cut | undefined {
  const m = composed(moves);
  if (
    !m ||
    m[1] !== 0 ||
    m[4] !== 0 ||
    m[5] < 0 ||
    from.depth > 1 ||
    moves.options.interpolation !== 'bilinear'
  )
    return undefined;
  const edge = (at: number, k: number, shift: number): number => k * (at - 0.5) + shift + 0.5;
  const xs = [edge(0, m[0], m[3]), edge(moves.to.width, m[0], m[3])];
  const ys = [edge(0, m[5], m[7]), edge(moves.to.height, m[5], m[7])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), ...ys].map((v) =>
    Math.abs(v - Math.round(v)) < 1e-6 ? Math.round(v) : NaN,
  );
  const inside = left >= 0 && top >= 0 && right <= from.width && bottom <= from.height;
  return inside ? { left, top, width: right - left, height: bottom - top, mirrored: m[0] < 0 } : undefined;
}

/** A picture in 8 bits, and what is still to be done to it in floating point. */
export interface Started {
  picture: Picture;
  mirrored: boolean;
  rest: Drawn;
}

/** Does in 8 bits, as Pillow would, what can be done so: a first cut, a mirror, and shrinking before a warp that shrinks. */
export function start(picture: Picture, drawn: Drawn): Started {
  const [first, ...rest] = drawn;
  if (!first || !('mappings' in first)) return { picture, mirrored: false, rest: drawn };
  const from = { ...picture, depth: 1 };
  const cut = cutOf(first, from);
  if (cut) {
    const { width, height } = first.to;
    const { channels } = picture;
    const pixels = resize(part(picture.pixels, picture, cut, channels), cut, first.to, channels);
    return { picture: { pixels, width, height, channels }, mirrored: cut.mirrored, rest };
  }
  let matrix = identity;
  for (const mapping of first.mappings) if ('matrix' in mapping) matrix = after(matrix, mapping.matrix);
  const shrink = Math.min(Math.hypot(matrix[0], matrix[4]), Math.hypot(matrix[1], matrix[5]));
  if (shrink <= 1) return { picture, mirrored: false, rest: drawn };
  const small = {
    width: Math.max(1, Math.round(picture.width / shrink)),
    height: Math.max(1, Math.round(picture.height / shrink)),
  };
  const [kx, ky] = [small.width / picture.width, small.height / picture.height];
  const shrunk: Matrix = [kx, 0, 0, kx / 2 - 0.5, 0, ky, 0, ky / 2 - 0.5, 0, 0, 1, 0];
  const pixels = resize(picture.pixels, picture, small, picture.channels);
  return {
    picture: { pixels, ...small, channels: picture.channels },
    mirrored: false,
    rest: [{ ...first, mappings: [{ matrix: shrunk }, ...first.mappings] }, ...rest],
  };
}

/** The rest, in floating point. The sample may be changed. */
export function finish(sample: Sample, drawn: Drawn): Sample {
  for (const step of drawn)
    if ('mappings' in step) sample = warp(sample, step.mappings, step.to, step.options);
    else step.change(sample);
  return sample;
}

/** The mask through the moves alone. */
export function maskThrough(mask: Uint8Array, on: Extent, drawn: Drawn): Uint8Array {
  let sample: Sample = { ...on, channels: 0, pixels: new Float32Array(0), mask };
  for (const step of drawn)
    if ('mappings' in step) sample = warp(sample, step.mappings, step.to, step.options);
  return sample.mask!;
}
