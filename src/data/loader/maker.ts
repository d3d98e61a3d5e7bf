// One row of a batch: its picture fetched, brought to size, augmented and scaled. The same on any thread.

import { draw, finish, maskThrough, start } from '../augment/apply.js';
import { crops } from '../augment/geometry.js';
import type { Augmentation } from '../augment/index.js';
import type { PixelSource, Row } from '../dataset.js';
import { fitted, fittedShorter, withChannels, type FitOptions, type Picture } from '../picture.js';
import type { WindowChoice } from '../window.js';
import { fetchVolume, makeVolume } from './volumes.js';
import { writeBytes, writeFloats, type ChannelOrder } from './write.js';

/** What is made of every row; survives structured cloning. */
export interface Making extends FitOptions {
  /** Slices of volumes; undefined for pictures. */
  depth?: number;
  /** Of volumes. */
  window?: WindowChoice;
  channels: 1 | 3;
  channelOrder: ChannelOrder;
  steps: readonly Augmentation[];
  seed: number;
  masks: boolean;
  /** One a channel. */
  mean: readonly number[];
  std: readonly number[];
}

/** A picture or volume before anything random happens to it, and its mask: what caches keep. */
export interface Base extends Picture {
  /** Slices of a volume, whose pixels are [depth, height, width]. */
  depth?: number;
  /** [height, width] or [depth, height, width]. */
  mask?: Uint8Array;
}

/** What the base depends on beside the row, as text. */
export function baseKey({
  depth,
  window,
  size,
  fit = 'fill',
  resize,
  interpolation,
  channels,
  steps,
  masks,
}: Making): string {
  const part = depth
    ? [depth, typeof window === 'object' ? [window.center, window.width] : window]
    : [fit, resize, interpolation, channels, steps.length > 0 && crops(steps[0].op)];
  return [size, masks, ...part].join('/');
}

export async function fetchBase(source: PixelSource, row: Row, making: Making): Promise<Base> {
  if (making.depth) return fetchVolume(source, row, making);
  const { size, resize, interpolation, steps, channels, masks } = making;
  const whole = steps.length > 0 && crops(steps[0].op);
  if (source.picture && !masks) {
    const picture = await source.picture(row, { side: Math.max(size, resize ?? size) });
    const own = channels === 1 ? { ...picture, channels, pixels: withChannels(picture, 1) } : picture;
    if (!whole) return fitted(own, making);
    return resize === undefined ? own : fittedShorter(own, resize, interpolation);
  }
  // such a source gives squares only
  const side = resize ?? size;
  const pixels = await source.pixels(row, { size: side, channels, fit: making.fit ?? 'fill' });
  const square: Base = { pixels, width: side, height: side, channels };
  const cut = (picture: Picture): Picture =>
    whole || side === size ? picture : fitted(picture, { size, resize: side });
  if (!masks) return cut(square);
  const mask = source.mask?.(row, { size: side }) ?? new Uint8Array(side * side);
  return { ...cut(square), mask: cut({ pixels: mask, width: side, height: side, channels: 1 }).pixels };
}

/** Tables of a channel each: 8-bit value to network input. */
export function scales({ mean, std }: Pick<Making, 'mean' | 'std'>): Float32Array[] {
  return mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / std[c]));
}

export interface Target {
  /** [size, size, channels], or [depth, size, size, channels]. */
  x: Float32Array;
  /** [size, size], or [depth, size, size]. */
  mask?: Uint8Array;
}

/** Writes the network's input for one row. `keys` are what the draw depends on beside the seed. */
export function make(
  base: Base,
  making: Making,
  keys: readonly number[],
  tables: readonly Float32Array[],
  target: Target,
): void {
  const { depth } = base;
  if (depth) return makeVolume({ ...base, depth }, making, keys, tables, target);
  const drawn = draw(making.steps, { ...base, depth: 1 }, making.size, [making.seed, ...keys]);
  const { picture, mirrored, rest } = start(base, drawn);
  if (rest.length === 0)
    writeBytes(target.x, picture, tables, { mirrored, channelOrder: making.channelOrder });
  else {
    const pixels = Float32Array.from(picture.pixels, (v) => v / 255);
    const sample = { ...picture, depth: 1, pixels };
    const moved = finish(mirrored ? { ...sample, pixels: mirror(sample) } : sample, rest);
    writeFloats(target.x, moved.pixels, moved.channels, making);
  }
  if (base.mask && target.mask) target.mask.set(maskThrough(base.mask, { ...base, depth: 1 }, drawn));
}

function mirror({
  pixels,
  width,
  height,
  channels,
}: {
  pixels: Float32Array;
  width: number;
  height: number;
  channels: number;
}): Float32Array {
  const out = new Float32Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++)
        out[(y * width + x) * channels + c] = pixels[(y * width + width - 1 - x) * channels + c];
  return out;
}
