// Pixels as the network's input.

import type { Picture } from '../picture.js';

/** In which order a network takes the channels of colour pictures. */
export type ChannelOrder = 'rgb' | 'bgr';

/** 8-bit values through a table for each of the network's channels. */
export function writeBytes(
  x: Float32Array,
  { pixels, width, height, channels }: Picture,
  tables: readonly Float32Array[],
  { mirrored, channelOrder }: { mirrored: boolean; channelOrder: ChannelOrder },
): void {
  const step = mirrored ? -channels : channels;
  const middle = channels === 3 ? 1 : 0;
  const [first, last] = channelOrder === 'bgr' ? [2 * middle, 0] : [0, 2 * middle];
  const [one, two, three] = tables;
  for (let row = 0, to = 0; row < height; row++) {
    let from = (row * width + (mirrored ? width - 1 : 0)) * channels;
    if (tables.length === 1)
      for (let column = 0; column < width; column++, from += step) x[to++] = one[pixels[from]];
    else
      for (let column = 0; column < width; column++, from += step) {
        x[to++] = one[pixels[from + first]];
        x[to++] = two[pixels[from + middle]];
        x[to++] = three[pixels[from + last]];
      }
  }
}

/** Values from 0 to 1 as the network's input; grey is repeated where it wants colour. */
export function writeFloats(
  x: Float32Array,
  pixels: Float32Array,
  channels: number,
  {
    mean,
    std,
    channelOrder,
  }: { mean: readonly number[]; std: readonly number[]; channelOrder: ChannelOrder },
): void {
  const wanted = mean.length;
  const from = (c: number): number => (channels === 1 ? 0 : channelOrder === 'bgr' ? channels - 1 - c : c);
  for (let i = 0, to = 0; to < x.length; i++)
    for (let c = 0; c < wanted; c++) x[to++] = (pixels[i * channels + from(c)] - mean[c]) / std[c];
}
