// A row's scan as a network of volumes takes it: the part of a batch's making that differs from pictures'.

import { draw, finish, maskThrough } from '../augment/apply.js';
import type { PixelSource, Row } from '../dataset.js';
import { DataError } from '../errors.js';
import { Volume } from '../volume/volume.js';
import { fullWindow } from '../window.js';
import type { Base, Making, Target } from './maker.js';
import { writeFloats } from './write.js';

/** The scan at [depth, size, size], 8-bit grey through the window; the mask by its nearest voxels. */
export async function fetchVolume(source: PixelSource, row: Row, making: Making): Promise<Base> {
  const { depth, size, masks } = making;
  if (!source.volume)
    throw new DataError(
      'option',
      `batches: depth is ${depth}, but ${row.name ?? 'this data set'} is a picture, no volume. Leave depth out, or open scans.`,
    );
  const whole = new Volume(await source.volume(row));
  const window = making.window ?? (whole.unit === 'HU' ? 'lung' : fullWindow(whole.data));
  const wanted = [depth!, size, size];
  const [d, h, w] = whole.shape.map((n, i) => (n * whole.spacing[i]) / wanted[i]);
  const { data, mask } = whole.resample({ spacing: [d, h, w] }).window(window);
  return {
    pixels: data as Uint8Array,
    depth,
    width: size,
    height: size,
    channels: 1,
    ...(masks ? { mask: mask ?? new Uint8Array(data.length) } : {}),
  };
}

/** Writes the network's input: x is [depth, size, size, channels], the mask [depth, size, size]. */
export function makeVolume(
  base: Base & { depth: number },
  making: Making,
  keys: readonly number[],
  tables: readonly Float32Array[],
  target: Target,
): void {
  const drawn = draw(making.steps, base, making.size, [making.seed, ...keys]);
  if (drawn.length === 0)
    for (let i = 0, to = 0; i < base.pixels.length; i++)
      for (const table of tables) target.x[to++] = table[base.pixels[i]];
  else {
    const pixels = Float32Array.from(base.pixels, (v) => v / 255);
    writeFloats(target.x, finish({ ...base, pixels, mask: undefined }, drawn).pixels, 1, making);
  }
  if (base.mask && target.mask) target.mask.set(maskThrough(base.mask, base, drawn));
}
