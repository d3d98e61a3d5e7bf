// Opening a data set: a CSV with a row an image, or a JSON of data-manifests/ that describes one; all checks on the way.

import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { checkFiles, checkLabels, checkLeak, checkPixels, noteGaps } from './check.js';
import { readCsv } from './csv.js';
import { Dataset, type ImageOptions, type PixelSource, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { loadPixels } from './image.js';
import { readDescription, type ManifestDescription } from './schema.js';
import { splitByPatient, type SplitOptions } from './split.js';

export interface OpenOptions {
  /** The column with the label, or several, of which the first that is there counts. Default 'label'. */
  label?: string | readonly string[];
  /** Class names in the wanted order; a label outside is an error. Default: those found, sorted. */
  classes?: readonly string[];
  /** Folder the files are relative to. Default: the manifest's own. */
  root?: string;
  /** 'throw' (default) at a missing or broken image, or 'skip': leave it out and say so in `notes`. */
  onError?: 'throw' | 'skip';
  /** What is looked at on opening: that the files are there, or every picture decoded. Default 'files'; 'pixels' with onError 'skip'. */
  check?: 'files' | 'pixels';
  /** The same patient in two splits is an error, as it makes results too good; true only notes it. */
  allowLeak?: boolean;
  /** Split by patient anew, in place of the manifest's column `split` or where there is none. */
  split?: SplitOptions;
  /** Only these rows, before any check; gets the manifest's columns. */
  where?: (columns: Readonly<Record<string, string>>) => boolean;
  /** Names of the columns, where they aren't `file`, `patient`, `split`, `source`, `view`, `licence`, `sha256`. */
  columns?: Partial<Record<Field, string>>;
  signal?: AbortSignal;
}

const fields = ['file', 'patient', 'split', 'source', 'view', 'licence', 'sha256'] as const;
export type Field = (typeof fields)[number];

/**
 * Opens a data set from a CSV manifest, a JSON manifest, or the latter's content. Rows without a label are left out and counted in
 * `notes`. Throws DataError: 'manifest' (no such file, unreadable), 'column', 'missing', 'image', 'label', 'leak', 'classes' (one
 * only), 'empty'.
 */
export async function open(
  manifest: string | ManifestDescription,
  options: OpenOptions = {},
): Promise<Dataset> {
  if (typeof manifest === 'string') manifest = place(manifest);
  if (typeof manifest !== 'string' || extname(manifest).toLowerCase() === '.json') {
    const { description, csv, folder } = readDescription(manifest, options.root);
    const opened = await openCsv(csv, {
      label: description.columns?.label,
      classes: description.classes,
      columns: description.columns,
      ...options,
      root: options.root ?? folder,
    });
    return new Dataset(description.name, opened.classes, opened.rows, opened.source, opened.notes);
  }
  return openCsv(manifest, options);
}

/** Relative to the current folder, as ever; or to the one that `cellgrad run` was called in, which its parameters refer to. */
function place(path: string): string {
  const called = process.env.CELLGRAD_CALLED_IN;
  return !existsSync(path) && called && existsSync(resolve(called, path)) ? resolve(called, path) : path;
}

async function openCsv(path: string, options: OpenOptions): Promise<Dataset> {
  const { onError = 'throw', check = onError === 'skip' ? 'pixels' : 'files' } = options;
  const file = resolve(path);
  const root = resolve(options.root ?? dirname(file));
  const records = readCsv(file).filter(({ values }) => options.where?.(values) ?? true);
  if (records.length === 0)
    throw new DataError('empty', `${file} has no rows${options.where ? ' that pass `where`' : ''}.`);
  const column = (field: Field) => options.columns?.[field] ?? field;
  const present = Object.keys(records[0].values);
  const labels = [options.label ?? 'label'].flat();
  const label = labels.find((name) => present.includes(name)) ?? labels[0];
  const needed = [column('file'), label, column('patient'), ...(options.split ? [] : [column('split')])];
  const absent = needed.filter((name) => !present.includes(name));
  if (absent.length > 0)
    throw new DataError(
      'column',
      `${file} has no column ${absent.map((c) => `'${c}'`).join(' and no column ')}. Its columns are ${present.join(', ')}.` +
        (absent.includes(label)
          ? ` Say which one holds the label: open(…, { label: '${present.find((c) => /label|class|finding/i.test(c)) ?? present[0]}' }).`
          : '') +
        (absent.includes(column('split'))
          ? ' To split by patient here: open(…, { split: { seed: 0 } }).'
          : ''),
    );

  const notes: string[] = [];
  const used = new Set([label, ...fields.map(column)]);
  const value = (record: Record<string, string>, field: Field) => record[column(field)] || undefined;
  let rows: Row[] = [];
  for (const { line, values: record } of records) {
    if (!record[label]) continue;
    const name = value(record, 'file');
    const patient = value(record, 'patient');
    if (!name || !patient)
      throw new DataError(
        'manifest',
        `${file}, line ${line}: '${column(name ? 'patient' : 'file')}' is empty. Fill it in, or leave the row out with \`where\`.`,
      );
    rows.push({
      index: rows.length,
      line,
      file: resolve(root, name),
      name,
      label: record[label],
      patient,
      split: value(record, 'split') ?? '',
      source: value(record, 'source') ?? '',
      view: value(record, 'view'),
      licence: value(record, 'licence'),
      sha256: value(record, 'sha256'),
      extra: Object.fromEntries(Object.entries(record).filter(([key]) => !used.has(key))),
    });
  }
  const unlabelled = records.length - rows.length;
  if (unlabelled > 0)
    notes.push(`${unlabelled} row${unlabelled === 1 ? '' : 's'} without a value in '${label}' left out.`);
  if (rows.length === 0) throw new DataError('empty', `${file}: no row has a value in '${label}'.`);

  const classes = options.classes ?? [...new Set(rows.map((row) => row.label))].sort();
  checkLabels(rows, classes, label, file);
  rows = checkFiles(rows, file, onError, notes);
  if (options.split) rows = splitByPatient(rows, options.split);
  checkLeak(rows, file, options.allowLeak ?? false, notes);
  const source: PixelSource = { pixels: (row, o) => pixelsOf(row, file, o) };
  if (check === 'pixels') rows = await checkPixels(rows, source, onError, notes, options.signal);
  if (rows.length === 0) throw new DataError('empty', `${file}: no image is left. ${notes.join(' ')}`);
  noteGaps(rows, classes, notes);
  return new Dataset(join(basename(dirname(file)), basename(file)), classes, rows, source, notes);
}

/** The row's picture; an error names its place in the manifest. */
async function pixelsOf(row: Row, manifest: string, options: Required<ImageOptions>): Promise<Uint8Array> {
  try {
    return await loadPixels(row.file!, options);
  } catch (error) {
    if (!(error instanceof DataError) || error.code === 'option') throw error;
    throw new DataError(error.code, `${manifest}, line ${row.line}: ${error.message}`, {
      cause: error.cause,
    });
  }
}
