// Pictures from files: decoded by sharp in its own threads, shrunk as Pillow's BILINEAR does.

import sharp from 'sharp';
import type { ImageOptions } from './dataset.js';
import { DataError, describeError } from './errors.js';
import { resize } from './resize.js';

/** Above this many pixels sharp also does the shrinking, in its threads; it differs from Pillow's by about one grey value. */
const large = 1_000_000;

/**
 * The picture as [size, size, channels], 0 to 1. Equal to Pillow's `convert('L' or 'RGB').resize(BILINEAR) / 255` for pictures up to
 * a megapixel; larger ones are shrunk by sharp. 16-bit pictures are brought to 8 bits, transparency is dropped. Throws DataError
 * 'missing' or 'image'.
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
  try {
    const source = sharp(file, { failOn: 'error', limitInputPixels: 400_000_000 });
    const { width, height } = await source.metadata();
    if (fit !== 'fill' || width * height > large)
      source.resize(size, size, { kernel: 'linear', fit, background: '#000', fastShrinkOnLoad: false });
    const { data, info } = await source
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return resize(toChannels(pixels, info.channels, channels), info, { width: size, height: size }, channels);
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

/** Grey from colour by Pillow's weights (ITU-R 601), colour from grey by repetition. */
function toChannels(pixels: Uint8Array, from: number, to: 1 | 3): Uint8Array {
  if (from === to) return pixels;
  const n = pixels.length / from;
  const out = new Uint8Array(n * to);
  for (let i = 0; i < n; i++) {
    if (to === 3) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = pixels[i * from];
    else if (from < 3) out[i] = pixels[i * from];
    else
      out[i] =
        (pixels[from * i] * 19595 + pixels[from * i + 1] * 38470 + pixels[from * i + 2] * 7471 + 0x8000) >>
        16;
  }
  return out;
}
