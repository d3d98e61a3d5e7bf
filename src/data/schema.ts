// JSON manifests: what a file of data-manifests/ may say, checked against its schema.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError, describeError } from './errors.js';

/** The content of a JSON manifest; data-manifests/schema.json says it in full. */
export interface ManifestDescription {
  name: string;
  title: string;
  licence: string;
  citation?: string;
  homepage?: string;
  classes?: string[];
  /** Names of the CSV's columns, `label` among them. */
  columns?: Partial<
    Record<'label' | 'file' | 'patient' | 'split' | 'source' | 'view' | 'licence' | 'sha256', string>
  >;
  /** The CSV with a row an image, relative to this file or to `root`. */
  manifest?: string;
  /** Where a person can fetch it; `untried` where nobody has done so with this program. */
  download?: { url: string; untried?: boolean; note?: string };
}

/** Reads and checks a JSON manifest; says where its CSV lies. */
export function readDescription(
  manifest: string | ManifestDescription,
  root?: string,
): { description: ManifestDescription; csv: string; folder: string } {
  const where = typeof manifest === 'string' ? resolve(manifest) : 'The manifest';
  const description = typeof manifest === 'string' ? readJson(where) : manifest;
  const validate = new Ajv2020({ allErrors: true }).compile<ManifestDescription>(readSchema());
  if (!validate(description)) {
    const problems = (validate.errors ?? []).map((e) => `${e.instancePath || 'the top level'} ${e.message}`);
    throw new DataError(
      'manifest',
      `${where} is not a data manifest: ${problems.join('; ')}. See data-manifests/schema.json.`,
    );
  }
  const folder = resolve(root ?? (typeof manifest === 'string' ? dirname(where) : '.'));
  const csv = description.manifest && resolve(folder, description.manifest);
  if (!csv || !existsSync(csv)) {
    const from = description.download
      ? ` Fetch it from ${description.download.url}${description.download.note ? ` (${description.download.note})` : ''}, then`
      : ' To open it,';
    throw new DataError(
      'missing',
      `${description.title} is described here, but its files are not${csv ? ` (no ${csv})` : ''}.${from} pass { root: 'the folder that holds ${description.manifest ?? 'a CSV manifest'}' }.`,
    );
  }
  return { description, csv, folder };
}

function readJson(file: string): ManifestDescription {
  if (!existsSync(file)) throw new DataError('manifest', `There is no manifest ${file}.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ManifestDescription;
  } catch (error) {
    throw new DataError('manifest', `${file} is not JSON: ${describeError(error)}.`, { cause: error });
  }
}

/** data-manifests/ lies at the package's root, three folders above the built file. */
function readSchema(): object {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 5; up++, folder = dirname(folder)) {
    const file = resolve(folder, 'data-manifests/schema.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as object;
  }
  throw new DataError('manifest', 'data-manifests/schema.json is missing from this installation.');
}
