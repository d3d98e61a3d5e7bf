// Any volume: a folder of DICOM slices, or a file of a format that holds one.

import { stat } from 'node:fs/promises';
import { readSeries, type SeriesOptions } from '../dicom/series.js';
import { readMetaImage, readNrrd } from './itk.js';
import { readNifti } from './nifti.js';
import type { Orientation } from './orient.js';
import type { Volume } from './volume.js';

export interface VolumeOptions extends SeriesOptions {
  /** Which way columns, rows and slices run. Default 'LPS', as in a CT's axial slices; false leaves them as they are stored. */
  orient?: Orientation | false;
  /** Which volume of a NIfTI file that holds several. Default the first. */
  index?: number;
  /** Unit of the values where the file doesn't say: 'HU' for CT. DICOM says it. */
  unit?: 'HU' | '';
}

const formats: [ending: RegExp, read: (file: string, options: VolumeOptions) => Promise<Volume>][] = [
  [/\.(nii|hdr)(\.gz)?$/i, async (file, { index }) => (await readNifti(file)).volume(index)],
  [/\.mh[ad]$/i, readMetaImage],
  [/\.(nrrd|nhdr)$/i, readNrrd],
];

/** Whether a file's name is that of a volume: NIfTI, MetaImage, NRRD. */
export const isVolume = (file: string): boolean => formats.some(([ending]) => ending.test(file));

/**
 * Reads a volume: a folder of a DICOM series, a DICOM file of several frames, NIfTI (`.nii`, `.nii.gz`, `.hdr` with `.img`), MetaImage (`.mha`, `.mhd`) or NRRD
 * (`.nrrd`, `.nhdr`), turned so that slices go from the feet to the head, rows from front to back and columns from the patient's right to
 * left. Throws DataError 'missing', 'image', 'series' or 'option'.
 */
export async function readVolume(path: string, options: VolumeOptions = {}): Promise<Volume> {
  const folder = (await stat(path).catch(() => undefined))?.isDirectory();
  const format = folder ? undefined : formats.find(([ending]) => ending.test(path));
  let volume = format ? await format[1](path, options) : await readSeries(path, options);
  if (options.unit !== undefined && volume.unit === '') volume = volume.with({ unit: options.unit });
  return options.orient === false ? volume : volume.orient(options.orient ?? 'LPS');
}
