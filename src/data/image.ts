// Pictures from files: decoded by sharp in its own threads, shrunk as Pillow's BILINEAR does.

import sharp from 'sharp';
import type { ImageOptions } from './dataset.js';
import { DataError, describeError } from './errors.js';
import { resize } from './resize.js';

/** Pictures with a longer side are first brought to it by sharp, in its threads; that differs from Pillow by about a grey value. */
const large = 1024;

/**
 * The picture as [size, size, channels], 0 to 1. Equal to Pillow's `convert('L' or 'RGB').resize(BILINEAR) / 255` for pictures up to
 * 1024 × 1024; larger ones are first shrunk by sharp. Turned upright as EXIF says; 16 bits are brought to 8; transparency is
 * dropped. Throws DataError 'missing' or 'image'.
 */
export async function loadImage(file: string, options: ImageOptions): Promise<Float32Array> {
  const pixels = await loadPixels(file, options);
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < out.length; i++) out[i] = pixels[i] / 255;
  return out;
}

/** `loadImage` in 8 bits. */
export async function loadPixels(
  file: string,
  { size, channels = 1, fit = 'fill' }: ImageOptions,
): Promise<Uint8Array> {
  if (!(Number.isInteger(size) && size > 0))
    throw new DataError('option', `The size of a picture must be a whole number of pixels, not ${size}.`);
  const limit = Math.max(large, 2 * size);
  const within =
    fit === 'fill'
      ? { width: limit, height: limit, fit: 'inside' as const, withoutEnlargement: true }
      : { width: size, height: size, fit, background: '#000' };
  try {
    const { data, info } = await sharp(file, { failOn: 'error', limitInputPixels: 400_000_000 })
      .autoOrient()
      .removeAlpha()
      .resize({ ...within, kernel: 'linear', fastShrinkOnLoad: false })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const grey = toGrey(data, info.channels, channels === 1);
    const square = { width: size, height: size };
    if (!grey) return resize(data, info, square, 3);
    const shrunk = resize(grey, info, square);
    return channels === 1 ? shrunk : inColour(shrunk);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (error instanceof DataError) throw error;
    if (code === 'ENOENT' || /Input file is missing/.test(message ?? ''))
      throw new DataError('missing', `There is no file ${file}.`, { cause: error });
    throw new DataError(
      'image',
      `${file} can't be decoded as a picture (${describeError(error).replace(/\s+/g, ' ').trim()}). Mend or remove it, or open the manifest with onError: 'skip'.`,
      { cause: error },
    );
  }
}

/** Grey, by Pillow's weights (ITU-R 601) where there is colour; undefined if there is and `always` isn't set. */
function toGrey(pixels: Uint8Array, from: number, always: boolean): Uint8Array | undefined {
  if (from === 1) return pixels;
  const out = new Uint8Array(pixels.length / from);
  let at = 0;
  for (let i = 0; i < out.length; i++, at += from) {
    const r = pixels[at];
    const g = from < 3 ? r : pixels[at + 1];
    const b = from < 3 ? r : pixels[at + 2];
    if (!always && (r !== g || r !== b)) return undefined;
    out[i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
  }
  return out;
}

/** Three equal channels from one. */
export function inColour(grey: Uint8Array): Uint8Array {
  const out = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = grey[i];
  return out;
}
