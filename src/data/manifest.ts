// Opening a data set: a CSV with a row an image, or a JSON of data-manifests/ that describes one; all checks on the way.

import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { readCsv } from './csv.js';
import { Dataset } from './dataset.js';
import { fromRecords, type OpenOptions } from './records.js';
import { readDescription, type ManifestDescription } from './schema.js';

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

function openCsv(path: string, options: OpenOptions): Promise<Dataset> {
  const file = resolve(path);
  const folder = dirname(file);
  const name = join(basename(folder), basename(file));
  return fromRecords(readCsv(file), { name, where: file, root: resolve(options.root ?? folder) }, options);
}
