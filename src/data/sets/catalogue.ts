// The data sets that are described in data-manifests/: found by name, the nearest offered where there is none of it.

import { closest, distance } from 'fastest-levenshtein';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheRoot } from '../../compute/cache.js';
import { DataError } from '../errors.js';
import { card, listTable, shownAs } from './card.js';
import { manifestFolder, readDescription, type ManifestDescription } from './description.js';

/** The names of the described sets. */
export const names = (): string[] =>
  readdirSync(manifestFolder())
    .filter((file) => file.endsWith('.json') && file !== 'schema.json')
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

/** Whether a text can only be meant as a set's name: no path, no file of that name. */
export const isName = (text: string): boolean => /^[\w-]+$/.test(text) && !existsSync(text);

/** The set's description, which a notebook shows as a card. Throws DataError 'name', with the nearest names. */
export function info(name: string): ManifestDescription {
  const known = names();
  const wanted = name.toLowerCase().replaceAll('_', '-');
  if (known.includes(wanted))
    return shownAs(readDescription(join(manifestFolder(), `${wanted}.json`)), (set) => card(set));
  const near = known.filter((each) => each.includes(wanted) || distance(each, wanted) <= 3);
  const meant = (near.length ? near : [closest(wanted, known)]).slice(0, 4);
  throw new DataError(
    'name',
    `No data set is called '${name}'. ${meant.length === 1 ? `Is ${meant[0]} meant?` : `Is one of these meant: ${meant.join(', ')}?`} All are listed by data.list() and \`cellgrad data list\`.`,
  );
}

/** The folder that `get` brings sets to: `CELLGRAD_DATA`, or `data` in the cache. */
export const dataFolder = (): string =>
  process.env.CELLGRAD_DATA ? resolve(process.env.CELLGRAD_DATA) : join(cacheRoot(), 'data');

/** Where a set lies that `get` brought, or would lie. */
export const setFolder = (name: string): string => join(dataFolder(), name);

/** A line on a set. */
export interface Listed {
  name: string;
  title: string;
  modality: string;
  images: number | undefined;
  classes: string[];
  licence: string;
  /** Whether `get` can fetch it, a person must do so first, or it is made of others. */
  access: 'open' | 'by hand' | 'combined';
  /** Where it lies, if `get` brought it. */
  here: string | undefined;
}

/** All described sets; a notebook shows them as a table. */
export function list(): Listed[] {
  const all = names().map((name): Listed => {
    const { title, modality = '', counts, classes = [], licence, parts, download } = info(name);
    return {
      name,
      title,
      modality,
      images: counts?.images,
      classes,
      licence,
      access: parts ? 'combined' : download?.files ? 'open' : 'by hand',
      here: existsSync(join(setFolder(name), receiptName)) ? setFolder(name) : undefined,
    };
  });
  return shownAs(all, listTable);
}

/** What `get` leaves in a set's folder: the files and their checksums. */
export const receiptName = '.cellgrad.json';
