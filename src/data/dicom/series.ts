// The slices of a DICOM series as one volume in spatial order, and what is wrong with them.

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DataError, someOf } from '../errors.js';
import { Volume } from '../volume/volume.js';
import { channelsOf, decodeFrames } from './decode.js';
import { group, headerOf, pixelSpacing, positionOf, type Header } from './header.js';
import { identityNotes } from './identity.js';
import { bytesOf } from './image.js';
import { broken, isDicom, parse, type DataSet, type Parsed } from './parse.js';
import { arrange, type Placed } from './order.js';
import { decimals } from './tags.js';

export interface SeriesOptions {
  /** SeriesInstanceUID, or the number that `listSeries` gives it, where a folder holds several. */
  series?: string | number;
  /** 'throw' (default) at a broken file, or 'skip': leave it out and say so in `notes`. */
  onError?: 'throw' | 'skip';
  signal?: AbortSignal;
  /** Called as files are read. */
  onProgress?: (done: number, total: number) => void;
}

/** One series of a folder. */
export interface SeriesFacts {
  uid: string;
  description: string;
  modality: string;
  files: string[];
}

/** A frame of a file as a slice. */
interface Frame extends Placed {
  parsed: Parsed;
  header: Header;
  frame: number;
}

/**
 * Reads a series: a folder with its files (looked for in the folders within, too), a list of files, or one file of several frames. Slices are
 * sorted by where they lie in the patient along their normal, from the feet up for axial ones; `notes` say which are missing or twice there,
 * and which files are no DICOM. Throws DataError 'missing', 'image' (a broken file), or 'series' (none, several, or slices that don't fit
 * together).
 */
export async function readSeries(
  from: string | readonly string[],
  { series, onError = 'throw', signal, onProgress }: SeriesOptions = {},
): Promise<Volume> {
  const notes: string[] = [];
  const all = await readFiles(from, onError, notes, { signal, onProgress });
  const groups = grouped(all);
  const where = typeof from === 'string' ? from : `the ${from.length} files`;
  const chosen = choose(groups, series, where);
  const frames = chosen.flatMap((parsed) => framesOf(parsed, where, chosen.length));
  const { slices, spacing, affine, notes: found } = arrange(frames, where);
  const [{ parsed, header }] = slices;
  const area = header.rows * header.columns;
  const data = new Float32Array(area * slices.length);
  const out = (i: number): Float32Array => data.subarray(i * area, (i + 1) * area);
  await decodeFrames(
    slices.map((slice, i) => ({ ...slice, out: out(i) })),
    signal,
  );
  return new Volume({
    data,
    shape: [slices.length, header.rows, header.columns],
    spacing,
    affine,
    unit: unitOf(parsed.dataset),
    notes: [...notes, ...found, ...identityNotes(parsed.dataset)],
  });
}

/** The series in a folder, the one with most files first: what `readSeries(folder, { series })` chooses from. */
export async function listSeries(
  folder: string,
  { signal, onProgress }: Pick<SeriesOptions, 'signal' | 'onProgress'> = {},
): Promise<SeriesFacts[]> {
  const groups = grouped(await readFiles(folder, 'skip', [], { signal, onProgress }));
  return [...groups].map(([uid, list]) => factsOf(uid, list));
}

const factsOf = (uid: string, list: Parsed[]): SeriesFacts => ({
  uid,
  description: list[0].dataset.string('x0008103e') ?? '',
  modality: list[0].dataset.string('x00080060') ?? '',
  files: list.map(({ file }) => file),
});

/** Files that are DICOM, parsed; the others are noted. */
async function readFiles(
  from: string | readonly string[],
  onError: 'throw' | 'skip',
  notes: string[],
  { signal, onProgress }: Pick<SeriesOptions, 'signal' | 'onProgress'>,
): Promise<Parsed[]> {
  const listed = typeof from !== 'string';
  const files = listed ? [...from] : await filesIn(from);
  const found = new Array<Parsed | undefined>(files.length);
  const others: string[] = [];
  const bad: string[] = [];
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < files.length) {
      signal?.throwIfAborted();
      const i = next++;
      const bytes = await bytesOf(files[i]);
      try {
        found[i] = parse(bytes, files[i]);
      } catch (error) {
        // in a folder there may be other things; what has DICOM's mark, or was named, is meant
        if (!isDicom(bytes) && !listed && files.length > 1) others.push(files[i]);
        else if (onError === 'throw') throw error;
        else bad.push(files[i]);
      }
      onProgress?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  if (others.length > 0) notes.push(`Not DICOM, left out: ${someOf(others.sort())}.`);
  if (bad.length > 0)
    notes.push(`${bad.length} of ${files.length} files can't be read: ${someOf(bad.sort())}.`);
  // DICOMDIR and reports have no pixels
  return found.filter(
    (parsed): parsed is Parsed => !!parsed && (listed || parsed.dataset.uint16('x00280010') !== undefined),
  );
}

/** The files of a folder and those within it, sorted; or the one file. Throws DataError `missing`. */
export async function filesIn(path: string): Promise<string[]> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts) throw new DataError('missing', `There is no folder ${path}. Paths start at ${process.cwd()}.`);
  if (facts.isFile()) return [resolve(path)];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function grouped(files: Parsed[]): Map<string, Parsed[]> {
  const groups = new Map<string, Parsed[]>();
  for (const parsed of files) {
    const uid = parsed.dataset.string('x0020000e') ?? 'no series';
    groups.set(uid, [...(groups.get(uid) ?? []), parsed]);
  }
  return new Map([...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)));
}

function choose(groups: Map<string, Parsed[]>, series: string | number | undefined, where: string): Parsed[] {
  const uids = [...groups.keys()];
  if (uids.length === 0) throw new DataError('series', `There is no DICOM image in ${where}.`);
  const list = [...groups].map(([uid, files], i) => {
    const { description, modality } = factsOf(uid, files);
    return `${i}: ${files.length} files ${modality}${description ? ` '${description}'` : ''} (${uid})`;
  });
  const uid = typeof series === 'number' ? uids[series] : series;
  if (series !== undefined && !groups.has(uid ?? ''))
    throw new DataError('series', `${where} has no series ${series}. It has ${list.join('; ')}.`);
  if (uid === undefined && uids.length > 1)
    throw new DataError(
      'series',
      `${where} holds ${uids.length} series, which are not one volume: ${list.join('; ')}. Say which: readSeries(…, { series: 0 }).`,
    );
  return groups.get(uid ?? uids[0])!;
}

function framesOf(parsed: Parsed, where: string, files: number): Frame[] {
  const { dataset, file } = parsed;
  const header = headerOf(parsed);
  if (channelsOf(header) !== 1) throw broken(file, 'it is in colour, and no slice of a volume');
  if (header.frames > 1 && files > 1)
    throw new DataError(
      'series',
      `${where}: ${file} has ${header.frames} frames itself. Read it alone: readSeries('${file}').`,
    );
  return Array.from({ length: header.frames }, (_, frame) => ({
    parsed,
    header,
    frame,
    file,
    size: [header.rows, header.columns],
    // of several frames each must say for itself where it lies
    position:
      header.frames === 1 || group(dataset, frame, 'x00209113') ? positionOf(dataset, frame) : undefined,
    spacing: pixelSpacing(dataset, frame),
    thickness: decimals(dataset, 'x00180088')?.[0] ?? decimals(dataset, 'x00180050')?.[0],
    location: decimals(dataset, 'x00201041')?.[0],
    number: header.frames > 1 ? frame : decimals(dataset, 'x00200013')?.[0],
  }));
}

/** Hounsfield units are what CT gives unless it says otherwise. */
function unitOf(dataset: DataSet): string {
  const type = dataset.string('x00281054');
  return dataset.string('x00080060') === 'CT' && (!type || type === 'HU') ? 'HU' : '';
}
