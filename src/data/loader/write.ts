// Pixels as the network's input.

import type { Picture } from '../picture.js';

/** 8-bit values through a table a channel. */
export function writeBytes(
  x: Float32Array,
  { pixels, width, height, channels }: Picture,
  tables: readonly Float32Array[],
  mirrored: boolean,
): void {
  const step = mirrored ? -channels : channels;
  const colour = channels === 3 ? 1 : 0;
  const [red, green, blue] = tables;
  for (let row = 0, to = 0; row < height; row++) {
    let from = (row * width + (mirrored ? width - 1 : 0)) * channels;
    if (tables.length === 1)
      for (let column = 0; column < width; column++, from += step) x[to++] = red[pixels[from]];
    else
      for (let column = 0; column < width; column++, from += step) {
        x[to++] = red[pixels[from]];
        x[to++] = green[pixels[from + colour]];
        x[to++] = blue[pixels[from + 2 * colour]];
      }
  }
}

/** Values from 0 to 1 as the network's input; grey is repeated where it wants colour. */
export function writeFloats(
  x: Float32Array,
  pixels: Float32Array,
  channels: number,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
): void {
  const wanted = mean.length;
  for (let i = 0, to = 0; to < x.length; i++)
    for (let c = 0; c < wanted; c++)
      x[to++] = (pixels[i * channels + (channels === 1 ? 0 : c)] - mean[c]) / std[c];
}
