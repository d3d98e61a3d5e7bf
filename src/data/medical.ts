// DICOM files and slices of volumes as pictures.

import { isDicom } from './dicom/parse.js';
import { readDicom } from './dicom/image.js';
import { DataError } from './errors.js';
import type { Picture } from './picture.js';
import { readVolume } from './volume/read.js';
import type { WindowChoice } from './window.js';

/** What decides how a file that isn't an ordinary picture becomes one. */
export interface ReadOptions {
  /** Window of DICOM files, volumes and pictures of 16 bits: 'lung', 'mediastinum', 'bone', … or { center, width }. Default: DICOM's own. */
  window?: WindowChoice;
  /** Which slice of a volume, or frame of a DICOM file that has several: its middle one, or a number from 0. */
  slice?: 'middle' | number;
}

/** A DICOM file has its mark, or an ending that says so where the mark is missing. */
export const isDicomFile = (file: string, bytes: Uint8Array): boolean =>
  isDicom(bytes) || /\.(dcm|dicom)$/i.test(file);

/** Throws DataError 'image', or 'option' where one of several frames must be chosen. */
export async function dicomPicture(
  file: string,
  bytes: Uint8Array,
  { window, slice }: ReadOptions,
): Promise<Picture> {
  const image = await readDicom(bytes, { frame: slice, name: file });
  const colour = image.channels === 3;
  const [height, width] = image.shape.slice(-2 - Number(colour));
  if (image.pixels.length !== height * width * image.channels)
    throw needsSlice(file, `${image.shape[0]} frames`);
  return { pixels: image.window(window), width, height, channels: image.channels };
}

/** One slice of a volume, its pixels made square. Throws DataError as `readVolume` does, and 'option' without a slice. */
export async function volumePicture(file: string, { window, slice }: ReadOptions): Promise<Picture> {
  if (slice === undefined) throw needsSlice(file, 'a whole volume');
  const [{ pixels, width, height }] = (await readVolume(file)).slices({ at: slice, window });
  return { pixels, width, height, channels: 1 };
}

const needsSlice = (file: string, what: string): DataError =>
  new DataError(
    'option',
    `${file} holds ${what}, not one picture. Say which slice: { slice: 'middle' } or a number from 0; dataset.volume(row) gives all.`,
  );
