// How much the pictures kept on disk take, and when no more are: the caller's side of the cache, whose files threads read and write.

import { join, resolve } from 'node:path';
import { cacheRoot } from '../../compute/cache.js';
import { DataError } from '../errors.js';
import { bytesOfText } from '../sets/bytes.js';
import { sweepPictures, type Disk, type Writes } from './disk.js';

/** Where decoded pictures are kept. Sizes are bytes, or texts such as '10 GB'. */
export interface CacheOptions {
  /** In memory, between epochs; 0 keeps none. Default 512 MB, shared by all sets of one opening. */
  memory?: number | string;
  /**
   * On disk, from run to run: true is `pictures` in cellgrad's cache folder, a text a folder. Kept is what is there before anything random happens, so batches
   * are the same; changed files are decoded anew. These are pictures as they are in the files, for everyone who may read the folder. Default false.
   */
  disk?: boolean | string;
  /** Of the folder on disk, whoever wrote there; what was used least recently goes first. Default 10 GB. */
  limit?: number | string;
}

export interface Caches {
  memory: number;
  disk?: { folder: string; limit: number };
}

/** Throws DataError 'option'. */
export function cachesOf(cache: number | CacheOptions | undefined): Caches {
  const {
    memory = 512e6,
    disk = false,
    limit = 10e9,
    ...others
  } = typeof cache === 'object' ? cache : { memory: cache };
  const size = (name: string, value: number | string): number => {
    const bytes = typeof value === 'string' ? bytesOfText(value) : value;
    if (typeof bytes === 'number' && bytes >= 0) return bytes;
    throw new DataError(
      'option',
      `batches: ${name} must be a number of bytes from 0 on, or a text such as '10 GB', not ${JSON.stringify(value)}.`,
    );
  };
  const [unknown] = Object.keys(others);
  if (unknown)
    throw new DataError('option', `batches: cache has no '${unknown}'; it takes memory, disk and limit.`);
  if (typeof disk !== 'boolean' && (typeof disk !== 'string' || disk === ''))
    throw new DataError(
      'option',
      `batches: cache.disk must be true, false or a folder, not ${JSON.stringify(disk)}.`,
    );
  const folder = disk === true ? join(cacheRoot(), 'pictures') : resolve(disk || '.');
  return {
    memory: size(typeof cache === 'object' ? 'cache.memory' : 'cache', memory),
    ...(disk === false ? {} : { disk: { folder, limit: size('cache.limit', limit) } }),
  };
}

/** A folder as this process knows it. */
interface Known {
  /** All pictures there; undefined before they have been counted. */
  bytes?: number;
  /** Since when each kind of picture has been asked for, in ms. */
  since: Map<string, number>;
  /** Kinds that there is no room for beside what they have there already. */
  full: Set<string>;
  sweeping?: Promise<void>;
  /** It can't be written. */
  off: boolean;
}
const folders = new Map<string, Known>();

/** One loop's use of a folder. */
export class DiskCache {
  private readonly known: Known;

  /** `kind` is what the loop's pictures have in common. */
  constructor(
    private readonly disk: { folder: string; limit: number },
    private readonly kind: string,
  ) {
    this.known = folders.get(disk.folder) ?? { since: new Map(), full: new Set(), off: false };
    folders.set(disk.folder, this.known);
    if (!this.known.since.has(kind)) this.known.since.set(kind, Date.now());
    if (this.known.bytes === undefined) this.sweep();
  }

  /** What threads are told. */
  get state(): Disk {
    const { off, full, sweeping } = this.known;
    return { folder: this.disk.folder, open: !off && !full.has(this.kind) && !sweeping };
  }

  /** What a thread has written, or why it could not. */
  written({ bytes, failure }: Writes): void {
    const { known } = this;
    if (failure !== undefined && !known.off) {
      known.off = true;
      process.stderr.write(
        `No more pictures are kept on disk, as ${this.disk.folder} can't be written (${failure}); free some space, or name another folder: cache: { disk: 'folder' }.\n`,
      );
    }
    known.bytes = (known.bytes ?? 0) + bytes;
    if (known.bytes > this.disk.limit) this.sweep();
  }

  /** Done when all that is there has been counted, and nothing is being dropped. */
  async settled(): Promise<void> {
    while (this.known.sweeping) await this.known.sweeping;
  }

  private sweep(): void {
    const { known, kind, disk } = this;
    if (known.sweeping) return;
    const first = known.bytes === undefined;
    known.bytes = 0; // from here on what is written meanwhile
    known.sweeping = sweepPictures({ ...disk, since: known.since.get(kind)! }).then((left) => {
      known.sweeping = undefined;
      // an epoch meets each picture once: dropping its own for its own would never hit
      if (!first && left > 0.9 * disk.limit) known.full.add(kind);
      known.bytes! += left;
      if (known.bytes! > disk.limit) this.sweep();
    });
  }
}
