// What is looked at in a data set: labels, patients in two splits, image files there, decodable, and those the manifest means.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Dataset, PixelSource, Row } from './dataset.js';
import { DataError, someOf } from './errors.js';

type OnError = 'throw' | 'skip';

const lineOf = (row: Row) => (row.line === undefined ? (row.name ?? `row ${row.index}`) : `line ${row.line}`);
const place = (row: Row) => (row.line === undefined ? row.file! : `${row.file} (${lineOf(row)})`);
const places = (rows: readonly Row[]) => someOf(rows.map(place));
const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
const be = (n: number) => (n === 1 ? 'is' : 'are');

/** Every label one of the classes, and two classes at least, but where one is enough. */
export function checkLabels(
  rows: readonly Row[],
  classes: readonly string[],
  label: string,
  manifest: string,
  oneIsEnough = false,
): void {
  const outside = new Map<string, Row[]>();
  for (const row of rows) {
    if (classes.includes(row.label)) continue;
    if (!outside.has(row.label)) outside.set(row.label, []);
    outside.get(row.label)!.push(row);
  }
  if (outside.size > 0) {
    const named = [...outside].map(
      ([name, found]) =>
        `'${name}' (${found.length === 1 ? '' : `${found.length} rows, the first on `}${lineOf(found[0])})`,
    );
    throw new DataError(
      'label',
      `${manifest}: ${someOf(named)} in column '${label}' ${be(outside.size)} not among the classes ${classes.join(', ')}. Name ${outside.size === 1 ? 'it' : 'them'} in \`classes\`, or leave those rows out with \`where\`.`,
    );
  }
  const found = new Set(rows.map((row) => row.label));
  if (found.size < 2 && !oneIsEnough)
    throw new DataError(
      'classes',
      `${manifest}: every row has the label '${[...found][0]}' in column '${label}'. A classifier needs two classes at least; is another column meant (\`label\`), or does \`where\` leave out too much?`,
    );
}

/** The same patient, or the same file, in two splits: the network would be tested on what it has learnt. */
export function checkLeak(rows: readonly Row[], manifest: string, allowed: boolean, notes: string[]): void {
  const patients = inSplits(rows, ({ patient }) => patient);
  // a file whose patient is in two splits is told of with the patient
  const told = new Set(patients.map(({ name }) => name));
  const files = inSplits(
    rows.filter(({ patient }) => !told.has(patient)),
    ({ file }) => file,
  );
  const leaks = [
    { found: patients, noun: 'patient', why: '', mend: 'Split by patient, { split: { seed: 0 } }' },
    { found: files, noun: 'file', why: ', under several patients', mend: 'Give it one patient' },
  ];
  for (const { found, noun, why, mend } of leaks) {
    if (found.length === 0) continue;
    const named = found.map(({ name, splits }) => `${name} (${splits})`);
    const sentence = `${manifest}: ${count(found.length, noun)} ${be(found.length)} in more than one split${why}: ${someOf(named)}.`;
    if (!allowed)
      throw new DataError(
        'leak',
        `${sentence} Results would be too good. ${mend}, or insist with { allowLeak: true }.`,
      );
    notes.push(sentence);
  }
}

/** What is in more than one split, and on which lines. */
function inSplits(
  rows: readonly Row[],
  key: (row: Row) => string | undefined,
): { name: string; splits: string }[] {
  const seen = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const name = key(row);
    if (name === undefined) continue;
    const splits = seen.get(name) ?? new Map<string, Row>();
    if (!splits.has(row.split)) splits.set(row.split, row);
    seen.set(name, splits);
  }
  return [...seen]
    .filter(([, splits]) => splits.size > 1)
    .map(([name, splits]) => ({
      name,
      splits: [...splits].map(([split, row]) => `'${split}' on ${lineOf(row)}`).join(', '),
    }));
}

/** Classes without an image, here or in a split, and rows in no split: no errors, but worth a note. */
export function noteGaps(rows: readonly Row[], classes: readonly string[], notes: string[]): void {
  const nowhere = rows.filter((row) => row.split === '').length;
  if (nowhere > 0) notes.push(`${count(nowhere, 'image')} ${be(nowhere)} in no split.`);
  const labels = new Set(rows.map((row) => row.label));
  const none = classes.filter((c) => !labels.has(c));
  if (none.length > 0) notes.push(`No image has the label ${none.join(' or ')}.`);
  for (const split of new Set(rows.map((row) => row.split).filter(Boolean))) {
    const here = new Set(rows.filter((row) => row.split === split).map((row) => row.label));
    const absent = classes.filter((c) => labels.has(c) && !here.has(c));
    if (absent.length > 0) notes.push(`The split '${split}' has no image of ${absent.join(' or ')}.`);
  }
}

export function checkFiles(rows: Row[], manifest: string, onError: OnError, notes: string[]): Row[] {
  const missing = new Set(rows.filter((row) => !existsSync(row.file!)));
  if (missing.size === 0) return rows;
  const sentence = `${manifest}: ${count(missing.size, 'image')} of ${rows.length} ${be(missing.size)} missing: ${places([...missing])}.`;
  if (onError === 'throw')
    throw new DataError(
      'missing',
      `${sentence} Is \`root\` the right folder? To go on without: { onError: 'skip' }.`,
    );
  notes.push(sentence);
  return rows.filter((row) => !missing.has(row));
}

/** Decodes every picture once, small. */
export async function checkPixels(
  rows: Row[],
  source: PixelSource,
  onError: OnError,
  notes: string[],
  signal?: AbortSignal,
): Promise<Row[]> {
  const broken = new Set<Row>();
  await each(rows, signal, async (row) => {
    try {
      await source.pixels(row, { size: 8, channels: 1 });
    } catch (error) {
      if (onError === 'throw') throw error;
      broken.add(row);
    }
  });
  if (broken.size === 0) return rows;
  const inOrder = [...broken].sort((a, b) => a.index - b.index);
  notes.push(`${count(broken.size, 'image')} of ${rows.length} can't be decoded: ${places(inOrder)}.`);
  return rows.filter((row) => !broken.has(row));
}

/** `verify` of an open data set. */
export async function verifyRows(
  dataset: Dataset,
  { onError = 'throw', signal }: { onError?: OnError; signal?: AbortSignal } = {},
): Promise<Dataset> {
  const wrong: Row[] = [];
  await each(dataset.rows, signal, async (row) => {
    if (!row.file || !row.sha256) return;
    if ((await sha256(row.file)) !== row.sha256.toLowerCase()) wrong.push(row);
  });
  if (wrong.length === 0) return dataset;
  wrong.sort((a, b) => a.index - b.index);
  const sentence = `${count(wrong.length, 'image')} of ${dataset.length} ${wrong.length === 1 ? 'has' : 'have'} another sha256 than the manifest says, or ${be(wrong.length)} gone: ${places(wrong)}.`;
  if (onError === 'throw')
    throw new DataError('checksum', `${sentence} Fetch ${wrong.length === 1 ? 'it' : 'them'} again.`);
  return dataset.with(
    dataset.rows.filter((row) => !wrong.includes(row)),
    dataset.classes,
    [...dataset.notes, sentence],
  );
}

/** The file's checksum in hexadecimal; '' where it can't be read. */
async function sha256(file: string): Promise<string> {
  const content = await readFile(file).catch(() => undefined);
  return content ? createHash('sha256').update(content).digest('hex') : '';
}

/** Runs `work` on every row, eight at a time; after an error no further one is begun. */
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
  const stop = (error: unknown) => {
    next = rows.length;
    throw error;
  };
  await Promise.all(Array.from({ length: 8 }, () => lane().catch(stop)));
}
