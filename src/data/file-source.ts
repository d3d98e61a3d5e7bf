// Where the pictures of a manifest come from: the files it names, whose errors say the manifest's line.

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PixelSource, Row } from './dataset.js';
import { filesIn } from './dicom/series.js';
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
    key: async (row) => {
      const state = await stateOf(row.file!).catch(() => undefined); // who reads it says what is wrong
      return state && [row.file, state, read.window, read.slice];
    },
    recipe: { module: import.meta.url, make: 'fileSource', options },
  };
}

/** Size and time of change of a file; of a scan in several files those of all; undefined where there is none. */
async function stateOf(file: string): Promise<string | undefined> {
  const facts = await stat(file, { bigint: true }).catch(() => undefined);
  if (!facts) return undefined;
  const files = facts.isDirectory() ? await filesIn(file) : await besides(file);
  const states = await Promise.all(
    files.map(async (path) => {
      const { size, mtimeNs } = await stat(path, { bigint: true });
      return `${path} ${size} ${mtimeNs}`;
    }),
  );
  return states.join('\n');
}

/** The file; of one that is only a header (MetaImage, NRRD, NIfTI) also those of its name that hold the voxels. */
async function besides(file: string): Promise<string[]> {
  const header = /\.(?:mhd|nhdr|hdr(?:\.gz)?)$/i;
  if (!header.test(file)) return [file];
  const [folder, stem] = [dirname(file), basename(file).replace(header, '')];
  const names = await readdir(folder);
  return names.filter((name) => name.startsWith(`${stem}.`)).map((name) => join(folder, name));
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
