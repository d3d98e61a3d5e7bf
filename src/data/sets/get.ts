// Fetching a set: licence, space, downloads from mirrors or the source, unpacking, and a receipt of what came.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runningCell } from '../../cell.js';
import { withLock } from '../../compute/cache.js';
import { whyUnwritable } from '../../files.js';
import type { ShowKind } from '../../progress/show.js';
import { DataError } from '../errors.js';
import { info, setFolder } from './catalogue.js';
import { checkDescription, type ManifestDescription } from './description.js';
import { fetchDisplay } from './display.js';
import { Fetch } from './fetch.js';
import { acceptLicence } from './licence.js';
import type { Limits } from './unpack.js';

/** Where a fetch stands. Sizes in bytes; `total` is 0 where the servers don't say. */
export interface GetProgress {
  name: string;
  stage: 'downloading' | 'unpacking';
  /** The file that moved last. */
  file: string;
  /** Of all files together, what came in this call and before. */
  bytes: number;
  total: number;
  /** Files that are in place, and all. */
  done: number;
  files: number;
}

export interface GetOptions {
  /** The set's folder. Default: the set's name in `CELLGRAD_DATA`, or in `data` of the cache. */
  root?: string;
  /** Accepts the licence, which is recorded; once is enough. */
  accept?: boolean;
  /** Downloads at once. Default 4. */
  parallel?: number;
  /** Keeps archives once they are unpacked. */
  keepArchives?: boolean;
  /** Further tries after a broken connection or a busy server. Default 4. */
  retries?: number;
  limits?: Limits;
  onProgress?: (progress: GetProgress) => void;
  /** Called with a sentence that a person should read: space needed, addresses that nobody tried, what remains to be done by hand. Default: stderr. */
  onNotice?: (text: string) => void;
  /** How progress is shown from the second second on. Default 'auto', or 'quiet' where `onProgress` is given. */
  display?: ShowKind;
  signal?: AbortSignal;
}

export interface GetResult {
  name: string;
  root: string;
  /** Files in place. */
  files: number;
  /** Members of archives that were left out: links and devices. */
  skipped: string[];
}

/**
 * Fetches a described set (by name, or as a description), or all parts of a combined one. What is in place already is not fetched
 * again; a broken download goes on where it stopped. Throws DataError 'name', 'licence' (not accepted yet), 'by-hand' (a person must
 * fetch it), 'offline', 'disk', 'checksum', 'archive' or 'interrupted' (by a notebook's interrupt); after some of many files failed, the
 * others are in place.
 */
export async function get(set: string | ManifestDescription, options: GetOptions = {}): Promise<GetResult[]> {
  const description = typeof set === 'string' ? info(set) : checkDescription(set, 'The description');
  const { name, parts, download: how, title } = description;
  if (parts) {
    const results: GetResult[] = [];
    for (const part of new Set(parts.map((p) => p.set)))
      results.push(...(await get(part, { ...options, root: options.root && join(options.root, part) })));
    return results;
  }
  if (!how?.files)
    throw new DataError(
      'by-hand',
      `${title} can't be fetched by a program. ${(how?.steps ?? [`See ${how?.url ?? description.homepage}.`]).map((step, i, all) => (all.length > 1 ? `${i + 1}. ${step}` : step)).join(' ')} (${how?.url ?? description.homepage})`,
    );
  const root = resolve(options.root ?? setFolder(name));
  await acceptLicence(description, options.accept ?? false).catch((error: unknown) => {
    throw asDataError(error, root);
  });
  const { onNotice = (text) => void process.stderr.write(`${text}\n`), onProgress, signal } = options;
  const shown = fetchDisplay(options.display ?? (onProgress ? 'quiet' : 'auto'));
  const cell = runningCell();
  const release = cell?.cooperate();
  const signals = [signal, cell?.signal].filter((each) => each !== undefined);
  const waiting = setTimeout(() => onNotice(`Another process fetches ${title}; waiting for it.`), 2000);
  const told = {
    ...options,
    signal: AbortSignal.any(signals),
    onNotice,
    onProgress: (progress: GetProgress) => {
      shown.changed(progress);
      onProgress?.(progress);
    },
  };
  try {
    await mkdir(root, { recursive: true });
    const result = await withLock(join(root, '.cellgrad'), () => {
      clearTimeout(waiting);
      return new Fetch(description, how.files!, root, told).run();
    });
    return [result];
  } catch (error) {
    signal?.throwIfAborted();
    if (cell?.signal.aborted)
      throw new DataError(
        'interrupted',
        `Fetching ${title} was interrupted. What came so far is kept, and the next call goes on there.`,
        { cause: error },
      );
    throw asDataError(error, root);
  } finally {
    release?.();
    clearTimeout(waiting);
    shown.end();
  }
}

/** The system's words for a disk that can't be written, with what to do. */
function asDataError(error: unknown, root: string): unknown {
  if (error instanceof DataError) return error;
  const cause = (error as { cause?: unknown }).cause ?? error;
  const why = whyUnwritable(cause);
  if (!why || (cause as NodeJS.ErrnoException).code === 'ENOENT') return error;
  const path = (error as NodeJS.ErrnoException).path ?? root;
  return new DataError(
    'disk',
    `${path} can't be written: ${why}. Make room, or name another folder (root, or CELLGRAD_DATA); what came so far is kept, and the next call goes on there.`,
    { cause: error },
  );
}
