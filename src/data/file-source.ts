// Where the pictures of a manifest come from: the files it names, whose errors say the manifest's line.

import type { PixelSource, Row } from './dataset.js';
import { DataError } from './errors.js';
import { loadPicture, loadPixels } from './image.js';
import type { ReadOptions } from './medical.js';
import { readVolume } from './volume/read.js';

/** The files of `manifest`, a path that only errors name; `window` and `slice` are for DICOM, volumes and pictures of 16 bits. */
export function fileSource(options: { manifest: string } & ReadOptions): PixelSource {
  const { manifest, ...read } = options;
  return {
    pixels: (row, fit) => named(row, manifest, loadPixels(row.file!, { ...read, ...fit })),
    picture: (row, { side }) => named(row, manifest, loadPicture(row.file!, side, read)),
    volume: (row) => named(row, manifest, readVolume(row.file!)),
    recipe: { module: import.meta.url, make: 'fileSource', options },
  };
}

async function named<T>(row: Row, manifest: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof DataError) || error.code === 'option' || row.line === undefined) throw error;
    throw new DataError(error.code, `${manifest}, line ${row.line}: ${error.message}`, {
      cause: error.cause,
    });
  }
}
