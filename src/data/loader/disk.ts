// Pictures kept on disk from run to run: a file each, named by what it depends on and checked by a sum. Many threads and processes may share a folder.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import type { PixelSource, Row } from '../dataset.js';
import { describeError } from '../errors.js';
import { baseKey, fetchBase, type Base, type Making } from './maker.js';

/** Where pictures are kept. */
export interface Disk {
  folder: string;
  /** Whether more may be. */
  open: boolean;
}

/** What was written. */
export interface Writes {
  bytes: number;
  /** Why nothing more could be. */
  failure?: string;
}

/** The row's picture from disk, where it is; else from its source, and then kept. */
export async function fetchKept(
  source: PixelSource,
  row: Row,
  making: Making,
  disk: Disk | undefined,
  writes: Writes,
): Promise<Base> {
  const key = disk && (await source.key?.(row));
  if (!disk || key === undefined) return fetchBase(source, row, making);
  const name = nameOf(key, baseKey(making));
  const found = await readPicture(disk.folder, name);
  if (found) return found;
  const base = await fetchBase(source, row, making);
  if (disk.open && writes.failure === undefined)
    try {
      const bytes = await writePicture(disk.folder, name, base);
      writes.bytes += bytes; // in one step, as others write meanwhile
    } catch (error) {
      writes.failure ??= describeError(error);
    }
  return base;
}

/** What a file begins with; raised when the layout changes. */
const mark = Buffer.from('CGP1');
/** Mark, sum of all that follows it, length of the head. */
const fixed = 12;

let version: string | undefined;

/** The name of a picture's file; another version of cellgrad may decode otherwise, and gives another. */
function nameOf(...parts: readonly unknown[]): string {
  version ??= (
    JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version;
  return createHash('sha256')
    .update(JSON.stringify([version, ...parts]))
    .digest('hex');
}

const pathOf = (folder: string, name: string): string =>
  join(folder, name.slice(0, 2), `${name.slice(2)}.picture`);
const isOurs = /^[0-9a-f]{62}\.picture(?:\.\d+\.\d+\.\d+)?$/;
const isTemporary = /\.picture\./;

/** The picture of this name, which now counts as just used; undefined where it isn't there or is damaged. */
async function readPicture(folder: string, name: string): Promise<Base | undefined> {
  const path = pathOf(folder, name);
  const bytes = await readFile(path).catch(() => undefined);
  const base = bytes && unpacked(bytes);
  if (!base) return undefined;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // another process may have dropped it, or the folder is read-only
  return base;
}

let writes = 0;

/** Keeps a picture; the file appears whole or not at all. Gives its bytes; throws the system's error. */
async function writePicture(folder: string, name: string, base: Base): Promise<number> {
  const path = pathOf(folder, name);
  const part = `${path}.${process.pid}.${threadId}.${++writes}`;
  const bytes = packed(base);
  const write = (): Promise<void> => writeFile(part, bytes);
  try {
    await write().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await write();
    });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
  return bytes.length;
}

type Head = Omit<Base, 'pixels' | 'mask'> & { sizes: readonly [pixels: number, mask: number] };

function packed({ pixels, mask, ...facts }: Base): Buffer {
  const head = Buffer.from(JSON.stringify({ ...facts, sizes: [pixels.length, mask?.length ?? 0] }));
  const bytes = Buffer.concat([
    mark,
    Buffer.alloc(fixed - mark.length),
    head,
    pixels,
    ...(mask ? [mask] : []),
  ]);
  bytes.writeUInt32LE(head.length, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Undefined where the bytes are not those that were written. */
function unpacked(bytes: Buffer): Base | undefined {
  if (bytes.length < fixed || !bytes.subarray(0, 4).equals(mark)) return undefined;
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined;
  const end = fixed + bytes.readUInt32LE(8);
  const { sizes, ...facts } = JSON.parse(bytes.toString('utf8', fixed, end)) as Head;
  const [pixels, mask] = [bytes.subarray(end, end + sizes[0]), bytes.subarray(end + sizes[0])];
  return { ...facts, pixels, ...(sizes[1] > 0 ? { mask } : {}) };
}

export interface Sweep {
  folder: string;
  /** Bytes. */
  limit: number;
  /** What was used after this time, in ms, is dropped only as far as the limit demands. */
  since: number;
}

/** What is left over of a write that was cut off, after so many ms. */
const forgotten = 3_600_000;

/** Drops the pictures that were used least recently until there is some room below the limit. Gives the bytes that are left. */
export async function sweepPictures({ folder, limit, since }: Sweep): Promise<number> {
  const found: { path: string; size: number; used: number }[] = [];
  let total = 0;
  for (const inner of await readdir(folder).catch(() => [])) {
    if (!/^[0-9a-f]{2}$/.test(inner)) continue;
    const names = (await readdir(join(folder, inner)).catch(() => [])).filter((name) => isOurs.test(name));
    for (let i = 0; i < names.length; i += 64)
      await Promise.all(
        names.slice(i, i + 64).map(async (name) => {
          const path = join(folder, inner, name);
          const facts = await stat(path).catch(() => undefined); // another process may sweep too
          if (!facts) return;
          if (isTemporary.test(name)) {
            if (Date.now() - facts.mtimeMs > forgotten)
              await rm(path, { force: true }).catch(() => undefined);
            return;
          }
          total += facts.size;
          found.push({ path, size: facts.size, used: facts.mtimeMs });
        }),
      );
  }
  if (total <= limit) return total;
  found.sort((a, b) => a.used - b.used);
  for (const { path, size, used } of found) {
    if (total <= (used < since ? 0.9 * limit : limit)) break;
    await rm(path, { force: true }).catch(() => undefined);
    total -= size;
  }
  return total;
}
