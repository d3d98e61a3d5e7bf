// From the files of a data set, as its authors distribute them, to rows: tables read, joined and filtered, fields filled in.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decode, readCsv } from '../csv.js';
import { DataError } from '../errors.js';
import type { Columns, Field, Filter, Layout, ManifestDescription, Source, Table } from './description.js';
import { Tree } from './tree.js';

/** A row before it is checked: its fields, all its columns, and where it stands. */
export interface Found {
  fields: Partial<Record<Field, string>>;
  values: Readonly<Record<string, string>>;
  /** Line in the table; none where a file is the row. */
  line?: number;
  /** The file's absolute path. */
  file?: string;
}

export interface Rows {
  found: Found[];
  /** Tables that were read, relative to the root. */
  tables: string[];
  /** Rows that were left out because no class is theirs, by label. */
  others: Map<string, number>;
  tree: Tree;
}

interface Record_ {
  values: Record<string, string>;
  line?: number;
}

/** The rows of a set whose files lie under `root`. Throws DataError 'missing' where a table isn't there, 'manifest' or 'column'. */
export function readLayout(description: ManifestDescription, layout: Layout, root: string): Rows {
  const rows: Rows = { found: [], tables: [], others: new Map(), tree: new Tree(root) };
  for (const source of layout.sources) readSource(source, layout, description, rows);
  return rows;
}

function readSource(source: Source, layout: Layout, description: ManifestDescription, rows: Rows): void {
  const { tree } = rows;
  const read = source.files
    ? { records: filesThatFit(tree, [source.files].flat()), folder: '' }
    : readTable(source, rows, description);
  if (!read) return;
  let { records } = read;
  for (const other of source.join ?? []) {
    const table = readTable(other, rows, description);
    if (table) records = joined(records, table.records, other.on);
  }
  for (const record of records) {
    Object.assign(record.values, source.set);
    for (const { from, pattern } of source.derive ?? [])
      Object.assign(record.values, groups([pattern].flat(), record.values[from] ?? ''));
  }
  records = records.filter(({ values }) => passes(values, source.where));
  const seen = new Set<string>();
  const columns = { ...description.columns, ...source.columns };
  for (const { values, line } of records) {
    if (source.unique) {
      if (seen.has(values[source.unique])) continue;
      seen.add(values[source.unique]);
    }
    const fields = fillIn(columns, values);
    if (layout.labels) {
      const given = fields.label ?? '';
      fields.label = mapped(layout.labels, given);
      if (fields.label === undefined) {
        rows.others.set(given, (rows.others.get(given) ?? 0) + 1);
        continue;
      }
    }
    const path = place(tree, read.folder, fields.file);
    if (path !== undefined && fields.file!.includes('*')) fields.file = path;
    rows.found.push({ fields, values, line, file: path && join(tree.root, path) });
  }
}

/** The class of a label: named as it is, or by the first expression in slashes that fits; `*` takes the others. */
export function mapped(labels: Record<string, string>, label: string): string | undefined {
  if (label !== '*' && Object.hasOwn(labels, label)) return labels[label];
  for (const [key, name] of Object.entries(labels)) {
    const [, pattern, flags] = /^\/(.+)\/(\w*)$/.exec(key) ?? [];
    if (pattern && new RegExp(pattern, `${flags}u`).test(label)) return name;
  }
  return labels['*'];
}

/** Whether a row's columns have the wanted values. */
export function passes(values: Readonly<Record<string, string>>, filter: Filter = {}): boolean {
  return Object.entries(filter).every(([column, wanted]) => {
    const value = values[column] ?? '';
    if (typeof wanted === 'object' && !Array.isArray(wanted)) return ![wanted.not].flat().includes(value);
    return [wanted].flat().includes(value);
  });
}

function filesThatFit(tree: Tree, patterns: string[]): Record_[] {
  return tree.paths.flatMap((path) => {
    const values = groups(patterns, path);
    return values ? [{ values: { path, ...values } }] : [];
  });
}

/** Named groups of the first expression that fits; undefined where none does. */
function groups(patterns: string[], text: string): Record<string, string> | undefined {
  for (const pattern of patterns) {
    const match = new RegExp(pattern, 'u').exec(text);
    if (!match) continue;
    return Object.fromEntries(
      Object.entries(match.groups ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }
  return undefined;
}

/** undefined where the table is optional and not there. */
function readTable(
  table: Table & { optional?: boolean },
  rows: Rows,
  { title }: ManifestDescription,
): { records: Record_[]; folder: string } | undefined {
  const pattern = (table.csv ?? table.list)!;
  const path = rows.tree.find(`**/${pattern}`);
  if (path === undefined) {
    if (table.optional) return undefined;
    throw new DataError(
      'missing',
      `${title}: there is no ${pattern} in ${rows.tree.root}. Is it the folder that holds the set's files?`,
    );
  }
  rows.tables.push(path);
  const file = join(rows.tree.root, path);
  const records: Record_[] = table.csv ? readCsv(file) : readWords(file, table.words!);
  for (const { values } of records) Object.assign(values, table.set);
  const folder = dirname(path);
  return { records, folder: folder === '.' ? '' : folder };
}

/** Lines of words: `patient file label source`. The one with `*` may hold spaces. */
function readWords(file: string, names: string[]): Record_[] {
  const open = names.findIndex((name) => name.startsWith('*'));
  const last = names.length - 1;
  return decode(readFileSync(file))
    .split(/\r?\n/)
    .flatMap((text, i) => {
      const words = text.trim().split(/\s+/);
      if (!text.trim()) return [];
      const more = words.length - names.length;
      if (more < 0 || (more > 0 && open < 0))
        throw new DataError(
          'manifest',
          `${file}, line ${i + 1} has ${words.length} words in place of ${names.length}: ${text.trim()}.`,
        );
      const values: Record<string, string> = {};
      names.forEach((name, k) => {
        const from = open >= 0 && k > open ? words.length - 1 - last + k : k;
        values[name.replace(/^\*/, '')] = k === open ? words.slice(k, k + more + 1).join(' ') : words[from];
      });
      return [{ values, line: i + 1 }];
    });
}

function joined(records: Record_[], others: Record_[], on: string | [string, string]): Record_[] {
  const [own, theirs] = typeof on === 'string' ? [on, on] : on;
  const byKey = new Map<string, Record<string, string>>();
  for (const { values } of others) if (!byKey.has(values[theirs])) byKey.set(values[theirs], values);
  return records.map(({ values, line }) => ({ line, values: { ...byKey.get(values[own]), ...values } }));
}

function fillIn(columns: Columns, values: Record<string, string>): Partial<Record<Field, string>> {
  const result: Partial<Record<Field, string>> = {};
  for (const [field, text] of Object.entries(columns) as [Field, string][]) {
    const value = text.includes('{')
      ? text.replace(/\{([^}]+)\}/g, (_, column: string) => values[column] ?? '')
      : (values[text] ?? '');
    if (value) result[field] = value;
  }
  return result;
}

/** Where the file lies, relative to the root: beside its table, or, with `*` in its name, wherever it is found. */
function place(tree: Tree, folder: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const path = folder && !file.startsWith('**/') ? `${folder}/${file}` : file;
  return file.includes('*') ? (tree.find(path) ?? path.replace('**/', '')) : path;
}
