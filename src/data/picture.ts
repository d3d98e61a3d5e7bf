// A decoded picture, and how it is brought to the size of a network's input.

import { fitSquare, part, resize, type Interpolation } from './resize.js';

/** `pixels` is [height, width, channels], 8 bits. */
export interface Picture {
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3;
}

/** How a picture is fitted into the square: stretched, cut at the longer side, or padded with black. */
export type Fit = 'fill' | 'cover' | 'contain';

export interface FitOptions {
  /** Side of the square in pixels. */
  size: number;
  /** Default 'fill', as the reference pipelines do. */
  fit?: Fit;
  /**
   * Bring the shorter side to this, then cut the square out of the middle: torchvision's `Resize(resize)` and `CenterCrop(size)`.
   * Default: `size` where fit is 'cover'.
   */
  resize?: number;
  /** Default 'bilinear'; 'bicubic' with fit 'fill', or with `resize`. */
  interpolation?: Interpolation;
}

/** The picture in the square [size, size, channels]; equal to Pillow's resizing with `interpolation`, bit for bit. */
export function fitted(picture: Picture, options: FitOptions): Picture {
  const { size, fit = 'fill', interpolation = 'bilinear' } = options;
  const { channels } = picture;
  const square = { width: size, height: size };
  if (fit !== 'cover' && options.resize === undefined && interpolation === 'bilinear')
    return { pixels: fitSquare(picture.pixels, picture, { size, fit, channels }), ...square, channels };
  if (fit === 'fill' && options.resize === undefined)
    return {
      pixels: resize(picture.pixels, picture, square, channels, { interpolation }),
      ...square,
      channels,
    };
  const to = shorterSide(picture, options.resize ?? size);
  // as torchvision rounds the corner of a centre crop
  const [left, top] = [halfEven(to.width - size), halfEven(to.height - size)];
  if (left < 0 || top < 0) {
    const whole = resize(picture.pixels, picture, to, channels, { interpolation });
    return { pixels: part(whole, to, { left, top, ...square }, channels), ...square, channels };
  }
  const window = { x: left, y: top, ...square };
  const pixels = resize(picture.pixels, picture, to, channels, { interpolation, window });
  return { pixels, ...square, channels };
}

/** The whole picture with its shorter side brought to `side`: torchvision's `Resize(side)`. */
export function fittedShorter(
  picture: Picture,
  side: number,
  interpolation: Interpolation = 'bilinear',
): Picture {
  const to = shorterSide(picture, side);
  const { channels } = picture;
  return { pixels: resize(picture.pixels, picture, to, channels, { interpolation }), ...to, channels };
}

function shorterSide(
  { width, height }: { width: number; height: number },
  side: number,
): { width: number; height: number } {
  return width <= height
    ? { width: side, height: Math.trunc((side * height) / width) }
    : { width: Math.trunc((side * width) / height), height: side };
}

/** Half of it, a half pixel to the even side. */
function halfEven(length: number): number {
  const half = length / 2;
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2);
}

/** Three equal channels from one. */
export function inColour(grey: Uint8Array): Uint8Array {
  const out = new Uint8Array(grey.length * 3);
  for (let i = 0, to = 0; i < grey.length; i++) {
    out[to++] = grey[i];
    out[to++] = grey[i];
    out[to++] = grey[i];
  }
  return out;
}

/** The pixels with so many channels; grey from colour by Pillow's weights (ITU-R 601). */
export function withChannels({ pixels, channels }: Picture, wanted: 1 | 3): Uint8Array {
  if (channels === wanted) return pixels;
  return wanted === 3 ? inColour(pixels) : grey(pixels, 3);
}

/** Grey by Pillow's weights from pixels of 2 (grey, alpha), 3 or 4 channels. */
export function grey(pixels: Uint8Array, channels: number): Uint8Array {
  const out = new Uint8Array(pixels.length / channels);
  const [second, third] = channels < 3 ? [0, 0] : [1, 2];
  for (let i = 0, at = 0; i < out.length; i++, at += channels)
    out[i] = (pixels[at] * 19595 + pixels[at + second] * 38470 + pixels[at + third] * 7471 + 0x8000) >> 16;
  return out;
}
