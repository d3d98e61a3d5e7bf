// Where the pictures of a manifest come from: the files it names, whose errors say the manifest's line.

import type { PixelSource, Row } from './dataset.js';
import { DataError } from './errors.js';
import { loadPicture, loadPixels } from './image.js';

/** The files of `manifest`, a path that only errors name. */
export function fileSource({ manifest }: { manifest: string }): PixelSource {
  return {
    pixels: (row, options) => named(row, manifest, loadPixels(row.file!, options)),
    picture: (row, { side }) => named(row, manifest, loadPicture(row.file!, side)),
    recipe: { module: import.meta.url, make: 'fileSource', options: { manifest } },
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
