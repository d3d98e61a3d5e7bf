// The volumes of a data set as pictures on the disk, a row a slice: what networks in two dimensions are fed from quickly.

import { rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { runningCell } from '../cell.js';
import { checkWritable, writeWhole } from '../files.js';
import { progress } from '../progress/index.js';
import { csvLine } from './csv.js';
import { Dataset, valueOf, type Row } from './dataset.js';
import { DataError, describeError } from './errors.js';
import { fileSource } from './file-source.js';
import type { SliceOptions } from './volume/slices.js';

export interface WriteSlicesOptions extends SliceOptions {
  /** The folder that the pictures and their manifest.csv go to. */
  out: string;
  /** 'throw' (default) at a volume that can't be read, or 'skip': leave it out and say so in `notes`. */
  onError?: 'throw' | 'skip';
  /** Instead of a bar. */
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

const fields = ['label', 'patient', 'split', 'source', 'view', 'licence'] as const;

/**
 * Writes slices of each row's volume as 8-bit PNG, `count: 16` evenly spaced or as `volume.slices` takes them, with a manifest that has the
 * volume's columns, its file (`scan`) and the slice's number (`slice`), and gives that set: all slices of a volume are of its patient and in its split. The
 * manifest comes last, so that there is none after an interrupt. Throws DataError 'option' where the set has no volumes, as
 * `dataset.volume` does, FileError, and the signal's reason when it is aborted.
 */
export async function writeSlices(
  set: Dataset,
  { out, onError = 'throw', onProgress, signal, ...which }: WriteSlicesOptions,
): Promise<Dataset> {
  const folder = resolve(out);
  const manifest = join(folder, 'manifest.csv');
  checkWritable(manifest);
  rmSync(manifest, { force: true }); // an older one would name pictures that are no more
  const cell = runningCell();
  const over = cell?.cooperate();
  const bar = onProgress ? undefined : progress(set.length, { label: 'Slices' });
  const columns = [...fields, 'scan', ...set.columns().filter((name) => name !== 'scan' && name !== 'slice')];
  const lines = [csvLine(['file', 'slice', ...columns])];
  const { default: sharp } = await import('sharp');
  const rows: Row[] = [];
  const left: string[] = [];
  try {
    for (const [i, row] of set.rows.entries()) {
      signal?.throwIfAborted();
      cell?.signal.throwIfAborted();
      const values = columns.map((name) => (name === 'scan' ? nameOf(row) : valueOf(row, name)));
      try {
        for (const { pixels, width, height, index } of (await set.volume(row)).slices(which)) {
          const name = `${String(row.index).padStart(5, '0')}-${stem(row)}-${String(index).padStart(4, '0')}.png`;
          const png = await sharp(pixels, { raw: { width, height, channels: 1 } })
            .png()
            .toBuffer();
          const file = join(folder, name);
          await writeWhole(file, png);
          const extra = { ...row.extra, scan: nameOf(row), slice: String(index) };
          rows.push({
            ...row,
            index: rows.length,
            line: rows.length + 2,
            file,
            name,
            sha256: undefined,
            extra,
          });
          lines.push(csvLine([name, index, ...values]));
        }
      } catch (error) {
        if (onError === 'throw' || !(error instanceof DataError) || error.code === 'option') throw error;
        left.push(`${nameOf(row)}: ${describeError(error)}`);
      }
      onProgress?.({ done: i + 1, total: set.length });
      bar?.update(1);
    }
    await writeWhole(manifest, `${lines.join('\n')}\n`);
  } finally {
    bar?.close();
    over?.();
  }
  const n = left.length;
  const note = `${n} volume${n === 1 ? '' : 's'} can't be read and ${n === 1 ? 'is' : 'are'} left out, such as ${left[0]}`;
  return new Dataset(set.name, set.classes, rows, fileSource({ manifest }), [
    ...set.notes,
    ...(n ? [note] : []),
  ]);
}

const nameOf = (row: Row): string => row.name ?? row.file ?? String(row.index);

/** The volume's name as a part of a file's. */
const stem = (row: Row): string =>
  basename(nameOf(row))
    .replace(/(\.nii)?\.[^.]*$/, '')
    .replace(/[^\p{L}\p{N}_-]/gu, '_');
