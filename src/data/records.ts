// From records (a CSV's lines, a frame's rows, a folder's files) to a data set: which column is what, and all checks on the way.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkFiles, checkLabels, checkLeak, checkPixels, noteGaps } from './check.js';
import { Dataset, type PixelSource, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { fileSource } from './file-source.js';
import type { ReadOptions } from './medical.js';
import { splitByPatient, type SplitOptions } from './split.js';

export interface OpenOptions extends ReadOptions {
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
  /**
   * Columns without which a set is refused; default both. Where 'patient' isn't named, an image without one counts as a patient of its own;
   * where 'split' isn't, there may be no split. The data set notes it.
   */
  needs?: readonly ('patient' | 'split')[];
  /** Split by patient anew, in place of the manifest's column `split` or where there is none. */
  split?: SplitOptions;
  /** Only these rows, before any check; gets the manifest's columns. */
  where?: (columns: Readonly<Record<string, string>>) => boolean;
  /** Names of the columns, where they aren't `file`, `patient`, `split`, `source`, `view`, `licence`, `sha256`. */
  columns?: Partial<Record<Field, string>>;
  signal?: AbortSignal;
}

const needed = ['patient', 'split'] as const;
const fields = ['file', 'patient', 'split', 'source', 'view', 'licence', 'sha256'] as const;
export type Field = (typeof fields)[number];

/** One image as text by column. */
export interface TableRow {
  /** Line of the file it comes from, counted from 1 at the header. */
  line?: number;
  values: Record<string, string>;
}

export interface Origin {
  /** The data set's name. */
  name: string;
  /** What errors call it: the manifest's path, 'the frame'. */
  where: string;
  root: string;
  /** Where pixels come from and which row there a record means; default: the files. */
  pictures?: { source: PixelSource; row(values: Record<string, string>, place: string): Row };
}

/** The data set of these records. Throws DataError as `open` does. */
export async function fromRecords(
  all: readonly TableRow[],
  { name, where, root, pictures }: Origin,
  options: OpenOptions,
): Promise<Dataset> {
  const records = all.filter(({ values }) => options.where?.(values) ?? true);
  if (records.length === 0)
    throw new DataError('empty', `${where} has no rows${options.where ? ' that pass `where`' : ''}.`);
  const column = (field: Field) => options.columns?.[field] ?? field;
  const label = checkColumns(Object.keys(records[0].values), where, options, !pictures);

  const notes: string[] = [];
  const needsPatient = (options.needs ?? needed).includes('patient');
  let nobodys = 0;
  const used = new Set([label, ...fields.map(column)]);
  const value = (record: Record<string, string>, field: Field) => record[column(field)] || undefined;
  const rows: Row[] = [];
  for (const [i, { line, values }] of records.entries()) {
    if (!values[label]) continue;
    const place = `${where}, ${line === undefined ? `row ${i}` : `line ${line}`}`;
    const file = value(values, 'file');
    const named = value(values, 'patient');
    const patient = named ?? (needsPatient ? undefined : (file ?? `image ${i}`));
    if (!named) nobodys++;
    if ((!file && !pictures) || !patient)
      throw new DataError(
        'manifest',
        `${place}: '${column(patient ? 'file' : 'patient')}' is empty. Fill it in, or leave the row out with \`where\`.`,
      );
    rows.push({
      index: rows.length,
      line,
      name: file,
      view: value(values, 'view'),
      licence: value(values, 'licence'),
      sha256: value(values, 'sha256'),
      ...(pictures ? pictures.row(values, place) : { file: placeOf(root, file!) }),
      label: values[label],
      patient,
      split: value(values, 'split') ?? '',
      source: value(values, 'source') ?? '',
      extra: Object.fromEntries(Object.entries(values).filter(([key]) => !used.has(key))),
    });
  }
  if (nobodys > 0) notes.push(nobodysNote(nobodys, rows.length));
  const unlabelled = records.length - rows.length;
  if (unlabelled > 0)
    notes.push(`${unlabelled} row${unlabelled === 1 ? '' : 's'} without a value in '${label}' left out.`);
  if (rows.length === 0) throw new DataError('empty', `${where}: no row has a value in '${label}'.`);

  return checkedDataset(rows, { name, where, label, notes, source: pictures?.source }, options);
}

/** The file, also where the manifest was written on Windows, with backslashes between folders. */
function placeOf(root: string, file: string): string {
  const path = resolve(root, file);
  return file.includes('\\') && !existsSync(path) ? resolve(root, file.replaceAll('\\', '/')) : path;
}

function nobodysNote(n: number, all: number): string {
  const [what, each] =
    n === all
      ? ['Patients are not known', 'each image counts']
      : n === 1
        ? ['1 image has no patient', 'it counts']
        : [`${n} images have no patient`, 'each counts'];
  return `${what}: ${each} as a patient of its own, so that splits may leak.`;
}

export interface Rows {
  name: string;
  /** What errors call the place that the rows come from. */
  where: string;
  /** What the label's column is called there. */
  label: string;
  /** What was noticed so far. */
  notes: string[];
  /** Default: those found, sorted. */
  classes?: readonly string[];
  /** One class is enough, as the set is to be merged with others. */
  oneIsEnough?: boolean;
  /** Default: the rows' files. */
  source?: PixelSource;
}

/** All checks of rows, and the data set. Throws DataError as `open` does. */
export async function checkedDataset(
  rows: Row[],
  { name, where, label, notes, classes: known, oneIsEnough, source: own }: Rows,
  options: OpenOptions,
): Promise<Dataset> {
  const { onError = 'throw', check = onError === 'skip' ? 'pixels' : 'files' } = options;
  const classes = options.classes ?? known ?? [...new Set(rows.map((row) => row.label))].sort();
  checkLabels(rows, classes, label, where, oneIsEnough);
  if (!own) rows = checkFiles(rows, where, onError, notes);
  if (options.split) rows = splitByPatient(rows, options.split);
  checkLeak(rows, where, options.allowLeak ?? false, notes);
  const source = own ?? fileSource({ manifest: where, window: options.window, slice: options.slice });
  if (check === 'pixels') rows = await checkPixels(rows, source, onError, notes, options.signal);
  if (rows.length === 0) throw new DataError('empty', `${where}: no image is left. ${notes.join(' ')}`);
  noteGaps(rows, classes, notes);
  return new Dataset(name, classes, rows, source, notes);
}

/** The label's column. Throws DataError 'column' where one that is needed is not there. */
function checkColumns(
  present: readonly string[],
  where: string,
  { label: wanted = 'label', columns = {}, split, needs = needed }: OpenOptions,
  needFile: boolean,
): string {
  const labels = [wanted].flat();
  const label = labels.find((name) => present.includes(name)) ?? labels[0];
  const [patientColumn, splitColumn] = [columns.patient ?? 'patient', columns.split ?? 'split'];
  const wantedColumns = [
    ...(needFile ? [columns.file ?? 'file'] : []),
    label,
    ...(needs.includes('patient') ? [patientColumn] : []),
    ...(needs.includes('split') && !split ? [splitColumn] : []),
  ];
  const absent = wantedColumns.filter((name) => !present.includes(name));
  if (absent.length > 0) {
    const guess = absent.includes(label)
      ? (present.find((c) => /label|class|finding/i.test(c)) ?? present[0])
      : undefined;
    throw new DataError(
      'column',
      `${where} has no column ${absent.map((c) => `'${c}'`).join(' and no column ')}. Its columns are ${present.join(', ')}.` +
        (guess ? ` Say which one holds the label: { label: '${guess}' }.` : '') +
        (absent.includes(patientColumn)
          ? " Name it, { columns: { patient: '…' } }, or, if patients aren't known, take each image for a patient of its own: { needs: [] }."
          : '') +
        (absent.includes(splitColumn) ? ' To split by patient here: { split: { seed: 0 } }.' : ''),
      { label: guess },
    );
  }
  return label;
}
