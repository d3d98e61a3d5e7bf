// What a file of data-manifests/ may say of a data set, checked against its schema.

import type * as ajv from 'ajv/dist/2020.js';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lazily } from '../../lazy.js';
import { DataError, describeError } from '../errors.js';
import type { ReadOptions } from '../medical.js';
import type { ArchiveKind } from './unpack.js';

/** What a row says of its picture; the names of columns in a manifest. */
export const fields = ['label', 'file', 'patient', 'split', 'source', 'view', 'licence', 'sha256'] as const;
export type Field = (typeof fields)[number];

/** A field is a column's name, or a text with columns in braces: `images/{image_id}.png`. */
export type Columns = Partial<Record<Field, string>>;

/** Values that a column must have, or, with `not`, must not have. */
export type Filter = Record<string, string | string[] | { not: string | string[] }>;

/** A CSV with a header, or a text file of words in lines. Names may hold `*` and `**`; the shallowest file that fits counts. */
export interface Table {
  csv?: string;
  list?: string;
  /** What the words of a list's line are; one that begins with `*` takes what the others leave. */
  words?: string[];
  /** Columns with the same value in each row. */
  set?: Record<string, string>;
}

/** Where rows come from: a table, or the files whose path fits a regular expression (named groups become columns). */
export interface Source extends Table {
  files?: string | string[];
  /** Nothing is said where this table is not there. */
  optional?: boolean;
  /** Further tables with a column in common; the row gets their columns. */
  join?: (Table & { on: string | [own: string, theirs: string] })[];
  /** Columns from the named groups of the first expression that fits a column. */
  derive?: { from: string; pattern: string | string[] }[];
  where?: Filter;
  /** Of rows with the same value in this column, the first counts. */
  unique?: string;
  columns?: Columns;
}

/** How the rows of a data set arise from the files as its authors distribute them. */
export interface Layout {
  sources: Source[];
  /** Label in the files, or `/regular expression/`, → class; `*` stands for all others. Rows without a class are left out. */
  labels?: Record<string, string>;
}

/** A file to fetch. */
export interface Download {
  url: string;
  /** Where it goes, relative to the set's folder; default: the URL's last part. */
  path?: string;
  /** Bytes. */
  size?: number;
  sha256?: string;
  /** An archive is unpacked into the set's folder (or `into`, a folder in it) and removed. */
  unpack?: ArchiveKind;
  into?: string;
  /** Folders to leave off at the beginning of each path in the archive. */
  strip?: number;
  /** Regular expression of the paths that are taken out; default all. */
  only?: string;
  /** Archives in the archive are unpacked beside themselves. */
  nested?: boolean;
  /** true where nobody has fetched it with this program. */
  untried?: boolean;
}

/** Rows of another set, under labels of this one. */
export interface Part {
  set: string;
  where?: Filter;
  /** Class of the other set → class here; `*` stands for all others. Rows without a class are left out. */
  labels: Record<string, string>;
}

/** The content of a JSON manifest; data-manifests/schema.json says it in full. */
export interface ManifestDescription {
  $schema?: string;
  name: string;
  title: string;
  description?: string;
  licence: string;
  /** What the licence allows and asks for, in a sentence. */
  allows?: string;
  citation?: string;
  doi?: string;
  homepage?: string;
  modality?: 'X-ray' | 'CT' | 'X-ray and CT';
  /** What a row is. Default 'image'. */
  unit?: 'image' | 'slice' | 'volume';
  classes?: string[];
  counts?: { images?: number; patients?: number; classes?: Record<string, number> };
  /** The official splits, in words. */
  splits?: string;
  faults?: string[];
  /** What its authors don't tell and is taken so here, in sentences. */
  inferred?: string[];
  /** How its DICOM files, volumes and pictures of 16 bits become pictures, unless `open` is told otherwise. Of a combined set its own counts, not its parts'. */
  read?: ReadOptions;
  /** Where the facts come from. */
  checked?: string;
  columns?: Columns;
  /** The CSV with a row an image, relative to this file or to `root`; a short form of `layout`. */
  manifest?: string;
  layout?: Layout;
  /** Where a person can fetch it; `untried` where nobody has done so with this program. */
  download?: {
    url?: string;
    untried?: boolean;
    note?: string;
    /** What a person must do first: accounts, forms. */
    steps?: string[];
    files?: Download[];
    /** Bytes on disk once unpacked. */
    space?: number;
  };
  /** A set combined of others. */
  parts?: Part[];
}

const schemas = lazily<typeof ajv>('ajv/dist/2020.js');
let validate: ajv.ValidateFunction<ManifestDescription> | undefined;

/** The description, if it fits the schema. Throws DataError 'manifest'. */
export function checkDescription(description: unknown, where: string): ManifestDescription {
  validate ??= new (schemas().Ajv2020)({
    allErrors: true,
    allowUnionTypes: true,
  }).compile<ManifestDescription>(readJson(join(manifestFolder(), 'schema.json')) as object);
  if (validate(description)) {
    checkNames(description, where);
    return description;
  }
  const problems = (validate.errors ?? []).map((e) => `${e.instancePath || 'the top level'} ${e.message}`);
  throw new DataError(
    'manifest',
    `${where} is not a data manifest: ${[...new Set(problems)].join('; ')}. See data-manifests/schema.json.`,
  );
}

/** What a download is called in the set's folder. */
export const nameOf = ({ path, url }: Pick<Download, 'path' | 'url'>): string =>
  path ?? basename(new URL(url).pathname);

/** Two downloads of one name would be written over each other. */
function checkNames({ download }: ManifestDescription, where: string): void {
  const seen = new Map<string, string>();
  for (const file of download?.files ?? []) {
    const name = nameOf(file);
    const other = seen.get(name);
    if (other !== undefined)
      throw new DataError(
        'manifest',
        `${where} is not a data manifest: ${other} and ${file.url} would both be called ${name}. Give one of them another name: "path".`,
      );
    seen.set(name, file.url);
  }
}

/** Reads and checks a JSON manifest. Throws DataError 'manifest'. */
export const readDescription = (file: string): ManifestDescription => checkDescription(readJson(file), file);

function readJson(file: string): unknown {
  if (!existsSync(file)) throw new DataError('manifest', `There is no manifest ${file}.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new DataError('manifest', `${file} is not JSON: ${describeError(error)}.`, { cause: error });
  }
}

/** data-manifests/ lies at the package's root, some folders above the built file. */
export function manifestFolder(): string {
  for (
    let folder = dirname(fileURLToPath(import.meta.url));
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    const found = join(folder, 'data-manifests');
    if (existsSync(join(found, 'schema.json'))) return found;
  }
  throw new DataError('manifest', 'data-manifests/schema.json is missing from this installation.');
}
