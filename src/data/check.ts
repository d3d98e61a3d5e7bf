// Looks at the image files of a data set: are they there, can they be decoded, are they the ones the manifest means.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Dataset, Row } from './dataset.js';
import { DataError, someOf } from './errors.js';
import { loadPixels } from './image.js';

type OnError = 'throw' | 'skip';

const names = (rows: readonly Row[]) => someOf(rows.map((row) => row.file!));
const files = (n: number) => `${n} image${n === 1 ? '' : 's'}`;

export function checkFiles(rows: Row[], onError: OnError, notes: string[]): Row[] {
  const missing = rows.filter((row) => !existsSync(row.file!));
  if (missing.length === 0) return rows;
  const sentence = `${files(missing.length)} of ${rows.length} ${missing.length === 1 ? 'is' : 'are'} missing: ${names(missing)}.`;
  if (onError === 'throw')
    throw new DataError(
      'missing',
      `${sentence} Is \`root\` the right folder? To go on without: open(…, { onError: 'skip' }).`,
    );
  notes.push(sentence);
  return rows.filter((row) => !missing.includes(row));
}

export async function checkPixels(
  rows: Row[],
  onError: OnError,
  notes: string[],
  signal?: AbortSignal,
): Promise<Row[]> {
  const broken: Row[] = [];
  await each(rows, signal, async (row) => {
    try {
      await loadPixels(row.file!, { size: 8 });
    } catch (error) {
      if (onError === 'throw') throw error;
      broken.push(row);
    }
  });
  if (broken.length === 0) return rows;
  broken.sort((a, b) => a.index - b.index);
  notes.push(`${files(broken.length)} of ${rows.length} can't be decoded: ${names(broken)}.`);
  return rows.filter((row) => !broken.includes(row));
}

/**
 * Compares every file with the manifest's sha256. Returns the data set; throws DataError 'checksum' naming the first files that
 * differ, or, with onError 'skip', leaves those out and says so in `notes`. Rows without a sha256 pass.
 */
export async function verify(
  dataset: Dataset,
  { onError = 'throw', signal }: { onError?: OnError; signal?: AbortSignal } = {},
): Promise<Dataset> {
  const wrong: Row[] = [];
  await each(dataset.rows, signal, async (row) => {
    if (!row.file || !row.sha256) return;
    const sum = createHash('sha256')
      .update(await readFile(row.file))
      .digest('hex');
    if (sum !== row.sha256.toLowerCase()) wrong.push(row);
  });
  if (wrong.length === 0) return dataset;
  wrong.sort((a, b) => a.index - b.index);
  const sentence = `${files(wrong.length)} of ${dataset.length} ${wrong.length === 1 ? 'has' : 'have'} another sha256 than the manifest says: ${names(wrong)}.`;
  if (onError === 'throw')
    throw new DataError('checksum', `${sentence} Fetch ${wrong.length === 1 ? 'it' : 'them'} again.`);
  return dataset.with(
    dataset.rows.filter((row) => !wrong.includes(row)),
    dataset.classes,
    [...dataset.notes, sentence],
  );
}

/** Runs `work` on every row, eight at a time. */
async function each(
  rows: readonly Row[],
  signal: AbortSignal | undefined,
  work: (row: Row) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < rows.length) {
      signal?.throwIfAborted();
      await work(rows[next++]);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}
