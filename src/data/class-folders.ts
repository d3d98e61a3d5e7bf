// A data set from a folder with a folder for each class, as many public sets come.

import { readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Dataset } from './dataset.js';
import { DataError, describeError, someOf } from './errors.js';
import { fromRecords, type OpenOptions, type TableRow } from './records.js';

export interface FolderOptions extends Omit<OpenOptions, 'label' | 'columns' | 'root' | 'where'> {
  /**
   * Who is in a picture, from its path below the root ('train/normal/p12_3.png'): an expression whose first group, or whole match, is the
   * patient, or a function. By default each picture counts as a patient of its own, which the data set notes.
   */
  patient?: RegExp | ((path: string) => string | undefined);
  /** Hospital or collection of all pictures. Default ''. */
  source?: string;
}

const pictures = /\.(png|jpe?g|webp|tiff?|gif|bmp|dcm|dicom)$/i;

/** What folders of splits are called, and the name that a split then has. */
const splits: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
};

/**
 * Opens `root/CLASS/…` or `root/SPLIT/CLASS/…`, where splits are called train, val or test, or longer (training, valid, validation, testing).
 * Folders below a class's belong to it. Throws DataError as `open` does; 'missing' where there is no such folder, 'empty' where it has no pictures in
 * class folders, and 'manifest' where `patient` finds nobody in a path.
 */
export async function fromFolder(
  root: string,
  { patient, source = '', ...options }: FolderOptions = {},
): Promise<Dataset> {
  const folder = resolve(root);
  const top = folders(folder);
  const split = top.length > 0 && top.every((name) => Object.hasOwn(splits, name.toLowerCase()));
  const paths = files(folder, '');
  const records: TableRow[] = [];
  let loose = 0;
  let other = 0;
  for (const path of paths) {
    const parts = path.split('/');
    const depth = split ? 3 : 2;
    if (!pictures.test(path)) other++;
    else if (parts.length < depth) loose++;
    else
      records.push({
        values: {
          file: path,
          label: parts[depth - 2],
          patient: patientOf(path, patient),
          split: split ? splits[parts[0].toLowerCase()] : '',
          source,
        },
      });
  }
  if (records.length === 0)
    throw new DataError(
      'empty',
      `${folder} has no pictures in class folders (${split ? 'SPLIT/CLASS/picture' : 'CLASS/picture'})${loose > 0 ? `, only ${loose} outside of them` : ''}.`,
    );
  const set = await fromRecords(records, { name: basename(folder), where: folder, root: folder }, options);
  const notes = [...set.notes];
  if (!patient)
    notes.push(
      'Patients are not known: each picture counts as a patient of its own, so a patient with several may be in several splits. Name them with { patient: /…/ }.',
    );
  if (loose > 0) notes.push(`${loose} picture${loose === 1 ? '' : 's'} outside the class folders left out.`);
  if (other > 0)
    notes.push(
      `${other} file${other === 1 ? '' : 's'} that ${other === 1 ? 'is' : 'are'} no picture left out: ${someOf(paths.filter((path) => !pictures.test(path)))}.`,
    );
  return set.with(set.rows, set.classes, notes);
}

function patientOf(path: string, patient: FolderOptions['patient']): string {
  if (!patient) return path;
  const found = typeof patient === 'function' ? patient(path) : onlyMatch(path, patient);
  if (found) return found;
  throw new DataError(
    'manifest',
    `\`patient\` finds nobody in ${path}. Widen ${typeof patient === 'function' ? 'the function' : String(patient)}, or return the path itself for pictures whose patient is not known.`,
  );
}

function onlyMatch(path: string, expression: RegExp): string | undefined {
  const match = new RegExp(expression.source, expression.flags.replace(/[gy]/g, '')).exec(path);
  return match?.[1] ?? match?.[0];
}

/** Hidden files, and what systems leave behind, are no part of a data set. */
const ours = ({ name }: Dirent): boolean => !/^\.|^__MACOSX$|^Thumbs\.db$|^desktop\.ini$/i.test(name);

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(ours);
  } catch (error) {
    throw new DataError('missing', `${folder} can't be read as a folder: ${describeError(error)}.`, {
      cause: error,
    });
  }
}

/** Links to folders count as folders. */
const isFolder = (folder: string, entry: Dirent): boolean =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() &&
    statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true);

const folders = (folder: string): string[] =>
  entries(folder)
    .filter((entry) => isFolder(folder, entry))
    .map(({ name }) => name);

/** All files below, by path with '/' from the root, in an order that no system changes; a link back to a folder above is not followed. */
function files(root: string, below: string, above: readonly string[] = []): string[] {
  const here = join(root, ...below.split('/'));
  const real = realpathSync(here);
  if (above.includes(real)) return [];
  return entries(here)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = below ? `${below}/${entry.name}` : entry.name;
      return isFolder(here, entry) ? files(root, path, [...above, real]) : [path];
    });
}
