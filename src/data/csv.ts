// CSV: manifests as records with their line numbers, and lines written.

import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, describeError } from './errors.js';
import type { TableRow } from './records.js';

/**
 * Reads a CSV with a header: comma, semicolon, tab or bar between the columns, as its first line tells; UTF-8 or UTF-16 with a byte
 * order mark, UTF-8 without, or else Windows-1252. Throws DataError 'manifest'.
 */
export function readCsv(file: string): TableRow[] {
  if (!existsSync(file))
    throw new DataError('manifest', `There is no manifest ${file}. Paths start at ${process.cwd()}.`);
  if (statSync(file).isDirectory())
    throw new DataError(
      'manifest',
      `${file} is a folder. Name the manifest in it, for instance ${join(file, 'manifest.csv')}.`,
    );
  try {
    const text = decode(readFileSync(file));
    // Excel's first line, which names the delimiter
    const named = /^sep=(.)\r?\n/i.exec(text);
    const records = parse(text, {
      columns: distinct,
      delimiter: named?.[1] ?? delimiterOf(text),
      from_line: named ? 2 : 1,
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

/** Of columns of one name the first keeps it; the others get a number, as in pandas, so that none hides another. */
function distinct(header: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return header.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}.${before}`;
  });
}

/** Bytes as text, without a byte order mark. */
export function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** The one of the usual delimiters that the header has most of, outside quotes. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t', '|'].reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** One line of a CSV, quoted where it must be. */
export const csvLine = (values: readonly unknown[]): string =>
  values
    .map((value) => {
      const text = String(value ?? '');
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
