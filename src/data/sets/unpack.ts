// Archives unpacked without harm: nothing outside the folder, no links, no bombs, and the folder gets all of it or nothing.

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError, describeError } from '../errors.js';
import { readSevenZip } from './seven-zip.js';
import { readTar } from './tar.js';
import { readZip } from './zip.js';

export type ArchiveKind = 'zip' | '7z' | 'tar' | 'tar.gz' | 'gz';

/** What an archive holds at one place. */
export interface Member {
  path: string;
  kind: 'file' | 'folder' | 'other';
  /** Bytes as the archive says; unknown for gz. */
  size?: number;
  /** The content; of a file that is not opened, the reader takes care. */
  open: () => Promise<Readable>;
}

export interface UnpackOptions {
  /** Folders to leave off at the beginning of each path. */
  strip?: number;
  /** Regular expression of the paths that are taken out, after `strip`; default all. */
  only?: string;
  /** Archives in the archive are unpacked beside themselves, one level deep. */
  nested?: boolean;
  limits?: Limits;
  /** `read` of the archive's bytes. */
  onProgress?: (unpacked: number) => void;
  signal?: AbortSignal;
}

export interface Limits {
  /** The most that the content may be larger than the archive. Default 200; below `free` bytes it doesn't count. */
  ratio?: number;
  /** Default 1 GB. */
  free?: number;
  /** The most bytes that may be written. Default: no limit but the disk's. */
  total?: number;
  /** The most members. Default five million. */
  members?: number;
}

export interface Unpacked {
  /** Relative to the folder, with `/`. */
  path: string;
  size: number;
  sha256: string;
}

export interface UnpackResult {
  files: Unpacked[];
  /** Members that were left out: links and devices. */
  skipped: string[];
}

/**
 * Unpacks an archive into `folder`, whose other files stay; what is unpacked appears there at the end, all at once. Throws DataError
 * 'archive' (damaged, a path that leads outside, larger than the limits allow) or 'by-hand' (a 7z file of a kind that isn't read), or the system's error where it can't be written.
 */
export async function unpack(
  archive: string,
  kind: ArchiveKind,
  folder: string,
  options: UnpackOptions = {},
): Promise<UnpackResult> {
  const room = join(folder, `.unpacking-${basename(archive)}`);
  await rm(room, { recursive: true, force: true });
  await mkdir(room, { recursive: true });
  try {
    const budget = new Budget(archive, (await stat(archive)).size, options);
    const result = await extract(archive, kind, room, options, budget);
    if (options.nested) await unpackNested(room, result, options, budget);
    for (const { path } of result.files) {
      options.signal?.throwIfAborted();
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await rename(join(room, path), target);
    }
    return result;
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

const kindOf = (path: string): ArchiveKind | undefined =>
  /\.zip$/i.test(path)
    ? 'zip'
    : /\.7z$/i.test(path)
      ? '7z'
      : /\.(?:tar\.gz|tgz)$/i.test(path)
        ? 'tar.gz'
        : /\.tar$/i.test(path)
          ? 'tar'
          : undefined;

/** What archives within hold comes into the folder that they lie in, and they themselves go. */
async function unpackNested(
  room: string,
  result: UnpackResult,
  options: UnpackOptions,
  budget: Budget,
): Promise<void> {
  for (const inner of [...result.files]) {
    const kind = kindOf(inner.path);
    if (!kind) continue;
    const place = dirname(inner.path) === '.' ? '' : `${dirname(inner.path)}/`;
    const archive = join(room, inner.path);
    const { signal, onProgress } = options;
    const own = await extract(archive, kind, join(room, place), { signal, onProgress }, budget);
    await rm(archive);
    result.files.splice(result.files.indexOf(inner), 1);
    result.files.push(...own.files.map((file) => ({ ...file, path: place + file.path })));
    result.skipped.push(...own.skipped);
  }
}

async function extract(
  archive: string,
  kind: ArchiveKind,
  room: string,
  { strip = 0, only, signal, onProgress }: UnpackOptions,
  budget: Budget,
): Promise<UnpackResult> {
  const files = new Map<string, Unpacked>();
  const skipped: string[] = [];
  const wanted = only === undefined ? undefined : new RegExp(only, 'u');
  const members =
    kind === 'zip' ? readZip(archive) : kind === '7z' ? readSevenZip(archive) : readTar(archive, kind);
  try {
    for await (const member of members) {
      signal?.throwIfAborted();
      budget.member();
      const path = safePath(member.path, archive).split('/').slice(strip).join('/');
      if (member.kind === 'folder' || !path || wanted?.test(path) === false) continue;
      if (member.kind === 'other') {
        skipped.push(path);
        continue;
      }
      budget.claimed(member.size ?? 0);
      const target = join(room, path);
      await mkdir(dirname(target), { recursive: true });
      const hash = createHash('sha256');
      let size = 0;
      const count = new Transform({
        transform(chunk: Buffer, _, done) {
          hash.update(chunk);
          size += chunk.length;
          done(budget.written(chunk.length), chunk);
          onProgress?.(budget.total);
        },
      });
      await pipeline(await member.open(), count, createWriteStream(target), { signal });
      files.set(path, { path, size, sha256: hash.digest('hex') });
    }
  } catch (error) {
    if (signal?.aborted || error instanceof DataError || isSystem(error)) throw error;
    throw new DataError(
      'archive',
      `${archive} can't be unpacked, as it is damaged or no ${kind} file (${describeError(error)}). Nothing of it was kept.`,
      { cause: error },
    );
  }
  return { files: [...files.values()], skipped };
}

const isSystem = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && !('errno' in error && error.errno === 0);

/** The path with `/`. Throws DataError 'archive' where it leads outside. */
function safePath(path: string, archive: string): string {
  const parts = path.replaceAll('\\', '/').split('/');
  const bad =
    /^(?:\/|[A-Za-z]:)/.test(path.replaceAll('\\', '/')) || parts.includes('..') || path.includes('\0');
  if (bad)
    throw new DataError(
      'archive',
      `${archive} is not safe to unpack: it holds the path ${JSON.stringify(path)}, which leads outside its folder. Nothing of it was kept; fetch it from another place.`,
    );
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/** Counts what is unpacked against the limits. */
class Budget {
  total = 0;
  private members = 0;
  private readonly most: number;
  private readonly mostMembers: number;

  constructor(
    private readonly archive: string,
    packed: number,
    { limits: { ratio = 200, free = 1e9, total = Infinity, members = 5e6 } = {} }: UnpackOptions,
  ) {
    this.most = Math.min(total, Math.max(free, ratio * packed));
    this.mostMembers = members;
  }

  member(): void {
    if (++this.members > this.mostMembers) throw this.bomb(`it holds more than ${this.mostMembers} files`);
  }

  /** Throws at once where the archive itself says that it is too large. */
  claimed(size: number): void {
    if (this.total + size > this.most) throw this.tooLarge();
  }

  written(bytes: number): DataError | null {
    this.total += bytes;
    return this.total > this.most ? this.tooLarge() : null;
  }

  private tooLarge(): DataError {
    return this.bomb(`what it holds is larger than ${this.most} bytes`);
  }

  private bomb(why: string): DataError {
    return new DataError(
      'archive',
      `${this.archive} is not unpacked further: ${why}, which no data set is; it may be made to fill disks. Nothing of it was kept.`,
    );
  }
}
