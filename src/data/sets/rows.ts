// The rows of a described set, or of a set that is combined of others.

import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataError, someOf } from '../errors.js';
import { info, setFolder } from './catalogue.js';
import type { Layout, ManifestDescription, Part } from './description.js';
import { mapped, passes, readLayout, type Found, type Rows } from './layout.js';
import type { Tree } from './tree.js';

/** A set's folder; of a combined set, a folder that holds one of each part's name, or each part's folder by its name. */
export type Roots = string | Readonly<Record<string, string>>;

export interface RowsOptions {
  root?: Roots;
  label?: string | readonly string[];
  where?: (columns: Readonly<Record<string, string>>) => boolean;
}

export interface SetRows {
  name: string;
  /** The folder, for messages. */
  place: string;
  label: string;
  found: Found[];
  classes: readonly string[] | undefined;
  notes: string[];
}

/** What to do about a set whose files aren't here. */
export function notHere(
  { name, title, download, parts }: ManifestDescription,
  where?: string,
  wanted?: string,
): DataError {
  const place = download?.url ?? download?.files?.[0]?.url;
  const note = download?.note ? ` (${download.note})` : '';
  const how = parts
    ? ' It is combined of others, whose files are needed: data.get, or'
    : download?.files
      ? ` Fetch them with data.get('${name}') or \`cellgrad data get ${name}\`, from ${place}${note}, or`
      : place
        ? ` Fetch them from ${place}${note}, then`
        : ' To open it,';
  return new DataError(
    'missing',
    `${title} is described here, but its files are not${where ? ` (no ${where})` : ''}.${how} pass { root: 'the folder that holds ${wanted ?? "the set's files"}' }.`,
  );
}

/** Throws DataError 'missing' where the files or one of their tables aren't there, 'manifest', 'empty' or 'option'. */
export function rowsOf(description: ManifestDescription, options: RowsOptions): SetRows {
  return description.parts ? combined(description, description.parts, options) : single(description, options);
}

function single(description: ManifestDescription, { root, label, where }: RowsOptions): SetRows {
  const folder = folderOf(description, root);
  const { found, others, tables, tree } = rowsIn(description, folder, label);
  const labelled = found.filter(({ fields }) => fields.label);
  const kept = where ? labelled.filter(({ values }) => where(values)) : labelled;
  if (kept.length === 0)
    throw new DataError(
      'empty',
      `${description.title}: no file in ${folder} ${where ? 'passes `where`' : 'is laid out as its authors distribute it'}. See data.info('${description.name}').layout.`,
    );
  const notes = [
    ...noteOthers(others),
    ...noteUnlabelled(found.length - labelled.length),
    ...noteSurplus(found, tables, tree),
    ...noteFaults(description, kept),
  ];
  return {
    name: description.name,
    place: folder,
    label: label ? String([label].flat()[0]) : 'label',
    found: kept,
    classes: label ? undefined : description.classes,
    notes,
  };
}

/** The rows of a set in a folder; with `label`, that column is the label as it stands. */
export function rowsIn(
  description: ManifestDescription,
  folder: string,
  label?: string | readonly string[],
): Rows {
  let layout: Layout = description.layout ?? { sources: [{ csv: description.manifest ?? 'manifest.csv' }] };
  if (label) {
    const columns = { label: [label].flat()[0] };
    layout = { sources: layout.sources.map((s) => ({ ...s, columns: { ...s.columns, ...columns } })) };
  }
  return readLayout(description, layout, folder);
}

/** The folder of a set's files. Throws DataError 'missing'. */
export function folderOf(description: ManifestDescription, root: Roots | undefined): string {
  const named = typeof root === 'object' ? root[description.name] : root;
  const folder = resolve(named ?? setFolder(description.name));
  if (existsSync(folder) && statSync(folder).isDirectory()) return folder;
  if (named !== undefined)
    throw new DataError(
      'missing',
      `There is no folder ${folder}, which should hold ${description.title}. Paths start at ${process.cwd()}.`,
    );
  throw notHere(description);
}

function combined(description: ManifestDescription, parts: readonly Part[], options: RowsOptions): SetRows {
  const { root, where } = options;
  if (options.label)
    throw new DataError(
      'option',
      `${description.title} is combined of sets whose labels it maps; \`label\` is not for it.`,
    );
  const found: Found[] = [];
  const notes: string[] = [];
  const read = new Map<string, Rows>();
  for (const part of parts) {
    const own = info(part.set);
    const folder = folderOf(own, typeof root === 'string' ? join(root, part.set) : root);
    if (!read.has(part.set)) read.set(part.set, rowsIn(own, folder));
    for (const row of read.get(part.set)!.found) {
      const label = mapped(part.labels, row.fields.label ?? '');
      if (label === undefined || !passes({ ...row.values, ...row.fields }, part.where)) continue;
      if (where && !where(row.values)) continue;
      const { patient, file, source } = row.fields;
      found.push({
        ...row,
        fields: {
          ...row.fields,
          label,
          patient: `${part.set}:${patient ?? file}`,
          source: source ?? part.set,
          // official splits of the parts don't make one of the whole
          split: undefined,
        },
      });
    }
  }
  notes.push(...noteFaults(description, found));
  return {
    name: description.name,
    place: description.title,
    label: 'label',
    found,
    classes: description.classes,
    notes,
  };
}

function noteOthers(others: ReadonlyMap<string, number>): string[] {
  const total = [...others.values()].reduce((a, b) => a + b, 0);
  if (total === 0) return [];
  const some = [...others].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const named = some.map(([label, n]) => `${n} '${label}'`).join(', ');
  return [
    `${total} row${total === 1 ? '' : 's'} of no class left out: ${named}${others.size > 3 ? ' and others' : ''}.`,
  ];
}

const noteUnlabelled = (n: number): string[] =>
  n === 0 ? [] : [`${n} row${n === 1 ? '' : 's'} without a label left out.`];

/** Pictures in the folder that are no row, as where a set was changed, or the wrong edition is there. */
function noteSurplus(found: readonly Found[], tables: readonly string[], { paths, root }: Tree): string[] {
  const known = new Set([...tables.map((table) => join(root, table)), ...found.map(({ file }) => file)]);
  const surplus = paths.filter((path) => picture.test(path) && !known.has(join(root, path)));
  if (surplus.length === 0) return [];
  return [
    `${surplus.length} picture${surplus.length === 1 ? '' : 's'} in ${root} belong${surplus.length === 1 ? 's' : ''} to no row: ${someOf(surplus)}.`,
  ];
}

const picture = /\.(?:png|jpe?g|webp|tiff?|bmp|dcm|nii|nii\.gz|mhd|nrrd)$/i;

/** What the description knows to be wrong with the set, and how it differs from what its authors count. */
function noteFaults(
  { faults = [], inferred = [], counts }: ManifestDescription,
  found: readonly Found[],
): string[] {
  const notes = [...faults, ...inferred.map((sentence) => `Inferred, not told by its authors: ${sentence}`)];
  if (counts?.images !== undefined && counts.images !== found.length)
    notes.push(`${found.length} images are here; its authors count ${counts.images}.`);
  if (!found.some(({ fields }) => fields.patient))
    notes.push(
      'Patients are not told apart in it: each image counts as a patient of its own, so that splits may leak.',
    );
  return notes;
}
