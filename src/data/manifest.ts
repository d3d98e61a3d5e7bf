// Opening a data set: a CSV with a row an image, a described set by its name, or a description; all checks on the way.

import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { readCsv } from './csv.js';
import { Dataset, type Row } from './dataset.js';
import { DataError } from './errors.js';
import { checkedDataset, fromRecords, type OpenOptions } from './records.js';
import { info, isName } from './sets/catalogue.js';
import {
  checkDescription,
  manifestFolder,
  readDescription,
  type ManifestDescription,
} from './sets/description.js';
import type { Found } from './sets/layout.js';
import { notHere, rowsOf, type Roots } from './sets/rows.js';

export interface OpenSetOptions extends Omit<OpenOptions, 'root'> {
  /**
   * Folder the files are relative to. Default: the manifest's own; of a named set, where `get` brought it. For a combined set, a folder
   * with one of each part's name, or each part's folder by its name.
   */
  root?: Roots;
}

/**
 * Opens a data set: a CSV manifest; a set of data-manifests/ by its name, such as 'covid-ctset', laid out as its authors distribute
 * it; a JSON description, or its content. Rows without a label are left out and counted in `notes`. Throws DataError: 'name' (no
 * such set), 'manifest' (no such file, unreadable), 'column', 'missing', 'image', 'label', 'leak', 'classes' (one only), 'empty'.
 */
export async function open(
  manifest: string | ManifestDescription,
  options: OpenSetOptions = {},
): Promise<Dataset> {
  if (typeof manifest !== 'string') return openDescribed(checkDescription(manifest, 'The manifest'), options);
  manifest = place(manifest);
  if (isName(manifest)) return openDescribed(info(manifest), options);
  if (extname(manifest).toLowerCase() !== '.json') return openCsv(manifest, options);
  const file = resolve(manifest);
  const description = readDescription(file);
  // a description of one's own lies beside its files
  const own = description.parts || dirname(file) === manifestFolder() ? undefined : dirname(file);
  return openDescribed(description, { ...options, root: options.root ?? own });
}

/** Relative to the current folder, as ever; or to the one that `cellgrad run` was called in, which its parameters refer to. */
function place(path: string): string {
  const called = process.env.CELLGRAD_CALLED_IN;
  return !existsSync(path) && called && existsSync(resolve(called, path)) ? resolve(called, path) : path;
}

async function openDescribed(description: ManifestDescription, given: OpenSetOptions): Promise<Dataset> {
  const { name, manifest, classes, columns, read } = description;
  const options = { ...given, window: given.window ?? read?.window, slice: given.slice ?? read?.slice };
  if (!manifest) return openLaidOut(description, options);
  const folder = resolve(typeof options.root === 'string' ? options.root : '.');
  const csv = resolve(folder, manifest);
  if (!existsSync(csv)) throw notHere(description, csv, manifest);
  const opened = await openCsv(csv, { label: columns?.label, classes, columns, ...options, root: folder });
  return new Dataset(name, opened.classes, opened.rows, opened.source, opened.notes);
}

function openCsv(path: string, { root, ...options }: OpenSetOptions): Promise<Dataset> {
  const file = resolve(path);
  if (typeof root === 'object')
    throw new DataError('option', `${file} is one manifest, so \`root\` must be one folder.`);
  const folder = dirname(file);
  const name = join(basename(folder), basename(file));
  return fromRecords(readCsv(file), { name, where: file, root: resolve(root ?? folder) }, options);
}

/** A set as its authors distribute it. */
function openLaidOut(
  description: ManifestDescription,
  { root, ...options }: OpenSetOptions,
): Promise<Dataset> {
  const { found, place, ...set } = rowsOf(description, { ...options, root });
  const rows = found.map((each, index) => toRow(each, index, place));
  return checkedDataset(rows, { ...set, where: place, oneIsEnough: true }, options);
}

/** A row whose patient isn't told is a patient of its own. */
function toRow({ fields, values, line, file }: Found, index: number, where: string): Row {
  const { label, file: name, patient = name, split = '', source = '', view, licence, sha256 } = fields;
  if (!file || !patient)
    throw new DataError(
      'manifest',
      `${where}, line ${line}: the file's name is empty. Leave the row out with \`where\`.`,
    );
  return {
    index,
    line,
    file,
    name,
    label: label!,
    patient,
    split,
    source,
    view,
    licence,
    sha256,
    extra: values,
  };
}
