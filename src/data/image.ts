// Pictures from files: JPEG by libjpeg-turbo, the rest by sharp in its own threads; fitted as Pillow does.

import { readFile } from 'node:fs/promises';
import { DataError, describeError } from './errors.js';
import { decodeJpeg } from './jpeg.js';
import { dicomPicture, isDicomFile, volumePicture, type ReadOptions } from './medical.js';
import { fitted, grey, withChannels, type FitOptions, type Picture } from './picture.js';
import { isVolume } from './volume/read.js';
import { fullWindow, windowed, type Window, type WindowChoice } from './window.js';

/** Pictures with a longer side are first brought to it by sharp, in its threads; that differs from Pillow by about a grey value. */
const large = 1024;

/**
 * The picture as [size, size, channels], 0 to 1. Equal to Pillow's `convert('L' or 'RGB').resize(BILINEAR) / 255` for pictures up to
 * 1024 × 1024; larger ones are first shrunk by sharp. Turned upright as EXIF says; transparency is dropped. 16 bits are brought
 * to 8 through `window`, else from 0 to the most that as many bits as the picture uses can hold (4095 where its greatest value is 3000); those of TIFF
 * with a sign, 32 bits or floating point else from the least to the greatest value. DICOM is shown through `window`, else the file's own; `slice` is the one of a volume or of several frames. Throws DataError 'missing' or 'image'.
 */
export async function loadImage(
  file: string,
  options: FitOptions & ReadOptions & { channels?: 1 | 3 },
): Promise<Float32Array> {
  const pixels = await loadPixels(file, options);
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < out.length; i++) out[i] = pixels[i] / 255;
  return out;
}

/** `loadImage` in 8 bits. */
export async function loadPixels(
  file: string,
  { channels = 1, ...options }: FitOptions & ReadOptions & { channels?: 1 | 3 },
): Promise<Uint8Array> {
  const { size, resize = size } = options;
  if (!(Number.isInteger(size) && size > 0))
    throw new DataError('option', `The size of a picture must be a whole number of pixels, not ${size}.`);
  return withChannels(fitted(await loadPicture(file, Math.max(size, resize), options), options), channels);
}

/**
 * The whole picture, grey in one channel where it has no colour. One of more than 1024 pixels, and more than twice `side`, on its shorter side is shrunk to that.
 * Throws DataError 'missing' or 'image'.
 */
export async function loadPicture(file: string, side = 0, read: ReadOptions = {}): Promise<Picture> {
  const limit = Math.max(large, 2 * side);
  try {
    if (isVolume(file)) return await volumePicture(file, read);
    const bytes = await readFile(file);
    if (isDicomFile(file, bytes)) return await dicomPicture(file, bytes, read);
    const { pixels, width, height, channels } =
      (await decodeJpeg(bytes, limit)) ?? (await decode(bytes, limit, read.window));
    if (channels === 1) return { pixels, width, height, channels };
    if (channels === 2 || isGrey(pixels, channels))
      return { pixels: grey(pixels, channels), width, height, channels: 1 };
    return { pixels, width, height, channels: 3 };
  } catch (error) {
    if (error instanceof DataError) throw error;
    if ((error as { code?: string }).code === 'ENOENT')
      throw new DataError('missing', `There is no file ${file}.`, { cause: error });
    throw new DataError(
      'image',
      `${file} can't be decoded as a picture (${describeError(error).replace(/\s+/g, ' ').trim()}). Mend or remove it, or open the manifest with onError: 'skip'.`,
      { cause: error },
    );
  }
}

/** More pixels than that are refused by the file's head, before any is decoded. */
const mostPixels = 400_000_000;

async function decode(
  bytes: Buffer,
  limit: number,
  window?: WindowChoice,
): Promise<{ pixels: Uint8Array; width: number; height: number; channels: number }> {
  const { default: sharp } = await import('sharp');
  const input = sharp(bytes, { failOn: 'error', limitInputPixels: false });
  const { width, height, depth, channels, space } = await input.metadata();
  if (width * height > mostPixels)
    throw new Error(
      `it claims ${width} × ${height} pixels, more than the ${mostPixels / 1e6} million that are read`,
    );
  const image = input.autoOrient().removeAlpha().resize({
    width: limit,
    height: limit,
    fit: 'outside',
    withoutEnlargement: true,
    kernel: 'linear',
    fastShrinkOnLoad: false,
  });
  if (depth === 'uchar') {
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { pixels: data, ...info };
  }
  const sixteen = depth === 'ushort' || depth === 'short';
  if (!sixteen && space === 'grey16')
    throw new Error('its values are floating-point numbers of 16 bits; save it with 32');
  // what is below 0 would become 0 on the way
  const raised = depth === 'short' ? 32768 : 0;
  const { data, info } = await (raised ? image.linear(1, raised) : image)
    .toColourspace(!sixteen ? 'b-w' : channels < 3 ? 'grey16' : 'rgb16')
    .raw({ depth: sixteen ? 'ushort' : 'float' })
    .toBuffer({ resolveWithObject: true });
  const Values = sixteen ? Uint16Array : Float32Array;
  const read = new Values(Uint8Array.from(data).buffer);
  const values = raised ? Float32Array.from(read, (v) => v - raised) : read;
  return {
    pixels: windowed(values, window ?? (depth === 'ushort' ? usedBits(values) : fullWindow(values))),
    ...info,
  };
}

/** The range of as many bits as the greatest value needs: detectors of 10, 12 or 14 bits write files of 16. */
function usedBits(values: Uint16Array | Float32Array): Window {
  let most = 255;
  for (const v of values) if (v > most) most = v;
  const width = 2 ** Math.ceil(Math.log2(most + 1));
  return { center: width / 2, width };
}

/** Whether all channels are equal everywhere. */
function isGrey(pixels: Uint8Array, channels: number): boolean {
  for (let at = 0; at < pixels.length; at += channels)
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false;
  return true;
}
