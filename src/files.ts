// Files that appear whole or not at all, and the word before a long run that they can't be written.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that can't be written; the message says which and why, `cause` is the system's error. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

/**
 * Writes beside the place and moves it there, so that readers see the old file or the new one whole, with the old one's
 * permissions. The folder is made.
 * @param content all of it, or piece by piece
 * @throws FileError, and what making a piece throws
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = beside(path);
  try {
    makeFolder(dirname(path));
    await writeFile(temporary, content);
    keepMode(path, temporary);
    renameSync(temporary, path);
  } catch (cause) {
    discard(temporary);
    throw unwritable(path, cause);
  }
}

/** As `writeWhole`, at once. */
export function writeWholeSync(path: string, content: string | Uint8Array): void {
  const temporary = beside(path);
  try {
    makeFolder(dirname(path));
    writeFileSync(temporary, content);
    keepMode(path, temporary);
    renameSync(temporary, path);
  } catch (cause) {
    discard(temporary);
    throw unwritable(path, cause);
  }
}

/** Throws the FileError that writing would end in. */
export function checkWritable(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new FileError(`${path} is a folder, so no file can be written there; name a file in it.`);
  const temporary = beside(path);
  try {
    makeFolder(dirname(path));
    writeFileSync(temporary, '');
    rmSync(temporary);
  } catch (cause) {
    discard(temporary);
    throw unwritable(path, cause);
  }
}

function keepMode(of: string, on: string): void {
  if (existsSync(of)) chmodSync(on, statSync(of).mode);
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // it was never there
  }
}

// Node's own recursive mkdir never returns where the system says ENOENT for the child of a folder that exists
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

const beside = (path: string): string => `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;

/** Why the system doesn't write somewhere, in a few words; undefined where the error is about something else. */
export function whyUnwritable(cause: unknown): string | undefined {
  const why: Record<string, string> = {
    EACCES: 'this user may not write there',
    EPERM: 'this user may not write there',
    EROFS: 'the file system is read-only',
    ENOENT: 'the system makes no folders there',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EEXIST: 'a part of the path is a file, not a folder',
    EISDIR: 'it is a folder',
  };
  return why[(cause as NodeJS.ErrnoException | undefined)?.code ?? ''];
}

function unwritable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errno' in cause)) return cause; // it is not the system's
  return new FileError(`${path} can't be written: ${whyUnwritable(cause) ?? cause.message}.`, { cause });
}
