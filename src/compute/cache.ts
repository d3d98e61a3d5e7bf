// The one cache of downloads: where it lies, who may write to it, and what to say where that fails.

import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import lockfile from 'proper-lockfile';
import { ComputeError } from './errors.js';

/** The cache folder: `CELLGRAD_CACHE`, or `cellgrad` in the user's cache folder of this system. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CELLGRAD_CACHE) return resolve(env.CELLGRAD_CACHE);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'cellgrad');
  if (process.platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'cellgrad', 'Cache');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cellgrad');
}

/** Turns a failed file operation into a sentence about the cache. */
export function diskError(error: unknown, path: string): Error {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ComputeError(
      'disk',
      `The disk is full: ${path} could not be written. Free some space, or set CELLGRAD_CACHE to a folder on another disk; what was downloaded so far is kept and continued.`,
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new ComputeError(
      'cache',
      `The cache can't be written: ${path} (${code}). Set CELLGRAD_CACHE to a folder of your own.`,
      { cause: error },
    );
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new ComputeError(
      'cache',
      `The cache can't be made: a part of ${path} is a file. Set CELLGRAD_CACHE to a folder.`,
      { cause: error },
    );
  return error instanceof Error ? error : new Error(String(error));
}

/** Runs `work` while no other process does so for the same path. The folder of `path` is made. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  let release: () => Promise<void>;
  try {
    await mkdir(dirname(path), { recursive: true });
    release = await lockfile.lock(path, {
      realpath: false,
      stale: 20_000,
      update: 4_000,
      retries: { retries: 7200, factor: 1, minTimeout: 250, maxTimeout: 500 },
      onCompromised: () => {},
    });
  } catch (error) {
    throw diskError(error, path);
  }
  try {
    return await work();
  } finally {
    await release().catch(() => {});
  }
}
