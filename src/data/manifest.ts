// Opening a data set: a CSV with a row an image, or a JSON of data-manifests/ that describes one; all checks on the way.

import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { checkFiles, checkPixels } from './check.js';
import { Dataset, type Row } from './dataset.js';
import { DataError, describeError, someOf } from './errors.js';
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
  const records = readCsv(file).filter((record) => options.where?.(record) ?? true);
  if (records.length === 0)
    throw new DataError('empty', `${file} has no rows${options.where ? ' that pass `where`' : ''}.`);
  const column = (field: Field) => options.columns?.[field] ?? field;
  const present = Object.keys(records[0]);
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
  for (const [at, record] of records.entries()) {
    if (!record[label]) continue;
    const name = value(record, 'file');
    const patient = value(record, 'patient');
    if (!name || !patient)
      throw new DataError(
        'manifest',
        `${file}: row ${at + 1} has an empty '${column(name ? 'patient' : 'file')}'.`,
      );
    rows.push({
      index: rows.length,
      file: resolve(root, name),
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
  if (unlabelled > 0) notes.push(`${unlabelled} rows without a value in '${label}' were left out.`);
  if (rows.length === 0) throw new DataError('empty', `${file}: no row has a value in '${label}'.`);

  const classes = options.classes ?? [...new Set(rows.map((row) => row.label))].sort();
  checkLabels(rows, classes, label, file);
  rows = checkFiles(rows, onError, notes);
  if (options.split) rows = splitByPatient(rows, options.split);
  checkLeak(rows, options.allowLeak ?? false, notes);
  if (check === 'pixels') rows = await checkPixels(rows, onError, notes, options.signal);
  if (rows.length === 0) throw new DataError('empty', `${file}: no image is left. ${notes.join(' ')}`);
  return new Dataset(
    datasetName(file),
    classes,
    rows,
    { pixels: (row, o) => loadPixels(row.file!, o) },
    notes,
  );
}

const datasetName = (file: string): string => file.split('/').slice(-2).join('/');

function readCsv(file: string): Record<string, string>[] {
  if (!existsSync(file)) throw new DataError('manifest', `There is no manifest ${file}.`);
  try {
    return parse(readFileSync(file), { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw new DataError('manifest', `${file} can't be read as CSV: ${describeError(error)}.`, {
      cause: error,
    });
  }
}

function checkLabels(rows: readonly Row[], classes: readonly string[], label: string, file: string): void {
  const outside = new Map<string, number>();
  for (const row of rows)
    if (!classes.includes(row.label)) outside.set(row.label, (outside.get(row.label) ?? 0) + 1);
  if (outside.size > 0)
    throw new DataError(
      'label',
      `${file}: ${someOf([...outside].map(([name, n]) => `'${name}' (${n} rows)`))} in column '${label}' ${outside.size === 1 ? 'is' : 'are'} not among the classes ${classes.join(', ')}. Name them in \`classes\`, or leave those rows out with \`where\`.`,
    );
  const found = new Set(rows.map((row) => row.label));
  if (found.size < 2)
    throw new DataError(
      'classes',
      `${file}: every row has the label '${[...found][0]}' in '${label}'. A classifier needs two classes at least; is another column meant?`,
    );
}

/** The same patient in two splits: the network would be tested on patients it has learnt. */
function checkLeak(rows: readonly Row[], allowed: boolean, notes: string[]): void {
  const splits = new Map<string, Set<string>>();
  for (const row of rows) splits.set(row.patient, (splits.get(row.patient) ?? new Set()).add(row.split));
  const leaks = [...splits].filter(([, s]) => s.size > 1);
  if (leaks.length === 0) return;
  const sentence = `${leaks.length} patient${leaks.length === 1 ? ' is' : 's are'} in more than one split: ${someOf(leaks.map(([p, s]) => `${p} (${[...s].join(' and ')})`))}.`;
  if (!allowed)
    throw new DataError(
      'leak',
      `${sentence} Results would be too good. Split by patient, open(…, { split: { seed: 0 } }), or insist with allowLeak: true.`,
    );
  notes.push(sentence);
}
