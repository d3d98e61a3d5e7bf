// CSV manifests as records with their line numbers.

import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, describeError } from './errors.js';
import type { TableRow } from './records.js';

/** Reads a CSV with a header, in UTF-8. Throws DataError 'manifest'. */
export function readCsv(file: string): TableRow[] {
  if (!existsSync(file))
    throw new DataError('manifest', `There is no manifest ${file}. Paths start at ${process.cwd()}.`);
  if (statSync(file).isDirectory())
    throw new DataError(
      'manifest',
      `${file} is a folder. Name the manifest in it, for instance ${join(file, 'manifest.csv')}.`,
    );
  try {
    const records = parse(readFileSync(file), {
      columns: true,
      bom: true,
      skip_empty_lines: true,
      trim: true,
      info: true,
    }) as unknown as { info: { lines: number }; record: Record<string, string> }[];
    return records.map(({ info, record }) => ({ line: info.lines, values: record }));
  } catch (error) {
    throw new DataError('manifest', `${file} can't be read as CSV: ${describeError(error)}.`, {
      cause: error,
    });
  }
}
