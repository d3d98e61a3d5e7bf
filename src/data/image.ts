// Pictures from files: JPEG by libjpeg-turbo, the rest by sharp in its own threads; fitted as Pillow does.

import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { DataError, describeError } from './errors.js';
import { decodeJpeg } from './jpeg.js';
import { fitted, grey, withChannels, type FitOptions, type Picture } from './picture.js';

/** Pictures with a longer side are first brought to it by sharp, in its threads; that differs from Pillow by about a grey value. */
const large = 1024;

/**
 * The picture as [size, size, channels], 0 to 1. Equal to Pillow's `convert('L' or 'RGB').resize(BILINEAR) / 255` for pictures up to
 * 1024 × 1024; larger ones are first shrunk by sharp. Turned upright as EXIF says; 16 bits are brought to 8; transparency is
 * dropped. Throws DataError 'missing' or 'image'.
 */
export async function loadImage(
  file: string,
  options: FitOptions & { channels?: 1 | 3 },
): Promise<Float32Array> {
  const pixels = await loadPixels(file, options);
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < out.length; i++) out[i] = pixels[i] / 255;
  return out;
}

/** `loadImage` in 8 bits. */
export async function loadPixels(
  file: string,
  { channels = 1, ...options }: FitOptions & { channels?: 1 | 3 },
): Promise<Uint8Array> {
  const { size, resize = size } = options;
  if (!(Number.isInteger(size) && size > 0))
    throw new DataError('option', `The size of a picture must be a whole number of pixels, not ${size}.`);
  return withChannels(fitted(await loadPicture(file, Math.max(size, resize)), options), channels);
}

/**
 * The whole picture, grey in one channel where it has no colour. One of more than 1024 pixels, and more than twice `side`, on its shorter side is shrunk to that.
 * Throws DataError 'missing' or 'image'.
 */
export async function loadPicture(file: string, side = 0): Promise<Picture> {
  const limit = Math.max(large, 2 * side);
  try {
    const bytes = await readFile(file);
    const { pixels, width, height, channels } =
      (await decodeJpeg(bytes, limit)) ?? (await decode(bytes, limit));
    if (channels === 1) return { pixels, width, height, channels };
    if (channels === 2 || isGrey(pixels, channels))
      return { pixels: grey(pixels, channels), width, height, channels: 1 };
    return { pixels, width, height, channels: 3 };
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new DataError('missing', `There is no file ${file}.`, { cause: error });
    throw new DataError(
      'image',
      `${file} can't be decoded as a picture (${describeError(error).replace(/\s+/g, ' ').trim()}). Mend or remove it, or open the manifest with onError: 'skip'.`,
      { cause: error },
    );
  }
}

async function decode(
  bytes: Buffer,
  limit: number,
): Promise<{ pixels: Uint8Array; width: number; height: number; channels: number }> {
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: 400_000_000 })
    .autoOrient()
    .removeAlpha()
    .resize({
      width: limit,
      height: limit,
      fit: 'outside',
      withoutEnlargement: true,
      kernel: 'linear',
      fastShrinkOnLoad: false,
    })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, ...info };
}

/** Whether all channels are equal everywhere. */
function isGrey(pixels: Uint8Array, channels: number): boolean {
  for (let at = 0; at < pixels.length; at += channels)
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false;
  return true;
}
