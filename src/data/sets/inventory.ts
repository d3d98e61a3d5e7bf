// What of a set is on the disk: missing, surplus and altered files, beside what its authors and `get` say there should be.

import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { sha256File } from '../../net/download.js';
import { progress } from '../../progress/index.js';
import { DataError } from '../errors.js';
import { info } from './catalogue.js';
import type { ManifestDescription } from './description.js';
import { readReceipt } from './receipt.js';
import { folderOf, rowsIn } from './rows.js';

/** Bytes whose checksums take longer than a second or two. */
const LONG = 5e8;

export interface VerifyOptions {
  /** The set's folder. Default: where `get` brings it. */
  root?: string;
  /** Reads every file that `get` brought and compares its checksum. Default true. */
  checksums?: boolean;
  /** Default: a bar, where it takes long. */
  onProgress?: (progress: { done: number; files: number }) => void;
  signal?: AbortSignal;
}

/** What was found; paths are relative to `root`, with `/`. */
export interface SetReport {
  name: string;
  title: string;
  root: string;
  /** Files looked at. */
  files: number;
  /** Rows of the set, by class, and as its authors count them. */
  images: number;
  counts: Record<string, number>;
  expected: ManifestDescription['counts'];
  /** Files that a table names, or that `get` brought, and that are not there. */
  missing: string[];
  /** Files that neither a row nor a table is, nor `get` brought. */
  surplus: string[];
  /** Files with another checksum than when `get` brought them. */
  altered: string[];
  /** Whether checksums were compared: only where `get` brought the files. */
  compared: boolean;
  ok: boolean;
}

/** Looks at a set where it lies. Throws DataError 'name' or 'missing'. */
export async function verifySet(
  name: string,
  { root, checksums = true, onProgress, signal }: VerifyOptions = {},
): Promise<SetReport> {
  const description = info(name);
  if (description.parts)
    throw new DataError(
      'option',
      `${description.title} is combined of others and has no files of its own. Verify ${[...new Set(description.parts.map((part) => part.set))].join(' and ')}.`,
    );
  const folder = folderOf(description, root);
  const receipt = readReceipt(folder);
  const brought = Object.values(receipt?.downloads ?? {}).flatMap((each) => each.files);
  const { found, tables, tree } = rowsIn(description, folder);

  const rows = found.flatMap(({ file }) => (file ? [relative(folder, file).split(sep).join('/')] : []));
  const known = new Set([...rows, ...tables, ...brought.map((file) => file.path)]);
  const missing = [...known].filter((path) => !existsSync(join(folder, path)));
  const surplus = tree.paths.filter((path) => !known.has(path));

  const altered: string[] = [];
  const compare = checksums ? brought.filter(({ path }) => existsSync(join(folder, path))) : [];
  const long = compare.reduce((sum, { size }) => sum + size, 0) > LONG;
  const display = long && !onProgress ? 'auto' : 'quiet';
  using bar = progress(compare.length, { label: `${description.name}: checksums`, display });
  for (const [done, { path, sha256 }] of compare.entries()) {
    if ((await sha256File(join(folder, path), signal)) !== sha256) altered.push(path);
    bar.update();
    onProgress?.({ done: done + 1, files: compare.length });
  }

  const counts: Record<string, number> = Object.fromEntries((description.classes ?? []).map((c) => [c, 0]));
  for (const { fields } of found) if (fields.label) counts[fields.label] = (counts[fields.label] ?? 0) + 1;
  return {
    name: description.name,
    title: description.title,
    root: folder,
    files: tree.paths.length,
    images: found.length,
    counts,
    expected: description.counts,
    missing,
    surplus,
    altered,
    compared: compare.length > 0,
    ok: missing.length === 0 && altered.length === 0 && found.length > 0,
  };
}
