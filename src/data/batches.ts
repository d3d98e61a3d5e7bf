// Batches of a data set, made ahead in worker threads while the network computes.

import { availableParallelism } from 'node:os';
import { checked, type Augmentation } from './augment/index.js';
import type { Dataset, ImageOptions, Row } from './dataset.js';
import { DataError } from './errors.js';
import { forget, numberOf } from './loader/cache.js';
import { cachesOf, DiskCache, type CacheOptions } from './loader/disk-cache.js';
import { baseKey, type Making } from './loader/maker.js';
import { asError } from './loader/messages.js';
import { giveBack, take, type Memory } from './loader/memory.js';
import { makeRows } from './loader/rows.js';
import type { ChannelOrder } from './loader/write.js';
import { checkMix, mixed, type MixOptions } from './mix.js';
import { sampled, type Sampler } from './sampler.js';
import { windowOf, type WindowChoice } from './window.js';

export interface BatchOptions extends ImageOptions, MixOptions {
  /** Slices: batches are volumes, the rows' whole scans brought to [depth, size, size], each axis for itself. Without it they are pictures. */
  depth?: number;
  /** How volumes become grey. Default: 'lung' for Hounsfield units, else from the least to the greatest value. */
  window?: WindowChoice;
  /** Images in a batch. Default 32. */
  batch?: number;
  /** A new order each epoch, from seed and epoch. Default false: the data set's order. */
  shuffle?: boolean;
  /** Which rows an epoch takes, in which order, in place of `shuffle`. */
  sampler?: Sampler;
  seed?: number;
  /** Which epoch this is; changes the order and the augmentation. Default 0. */
  epoch?: number;
  /** Steps such as `augment.rotate(10)`; `{ flip: true }` is `[augment.flip()]`. Drawn anew for each seed, epoch and row. */
  augment?: readonly Augmentation[] | { flip?: boolean };
  /** Also the lesions' masks, moved as the pictures are. Default false. */
  masks?: boolean;
  /** `bgr` where a network takes blue first: `mean` and `std` begin with blue too. Default `rgb`. */
  channelOrder?: ChannelOrder;
  /** Subtracted from the 0 to 1 values, one number or one a channel. Default 0. */
  mean?: number | readonly number[];
  /** Divided by, after `mean`. Default 1. */
  std?: number | readonly number[];
  /** Leave out the last, smaller batch. Default false. */
  dropLast?: boolean;
  /** Batches made ahead. Default 2. */
  prefetch?: number;
  /** Threads that decode and augment; 0: the caller's. The batches are the same. Default: one for each processor, at most 8. */
  workers?: number;
  /**
   * What is kept of decoded pictures: a number is bytes in memory between epochs, 0 for none; `{ disk: true }` keeps them on disk too.
   * Default 512 MB in memory, shared by all sets of one opening.
   */
  cache?: number | CacheOptions;
  /** Use the memory of a batch again once the next is taken: saves time where batches aren't kept. Default false. */
  reuse?: boolean;
  /** 'throw' (default) at a picture that can't be read, or 'skip': leave it out of its batch, which says so in `skipped`. */
  onError?: 'throw' | 'skip';
  signal?: AbortSignal;
}

/** A row that could not be read. */
export interface Skipped {
  row: Row;
  reason: string;
}

export interface Batch {
  /** [n, size, size, channels], of volumes [n, depth, size, size, channels]. */
  x: Float32Array;
  /** Class numbers, [n]. */
  y: Int32Array;
  /** Shares of the classes, [n, classes], where MixUp or CutMix has mixed pictures. */
  soft?: Float32Array;
  /** [n, size, size] or [n, depth, size, size], 1 where the lesion is, where `masks` are asked for. */
  masks?: Uint8Array;
  rows: readonly Row[];
  n: number;
  shape:
    | [n: number, height: number, width: number, channels: number]
    | [n: number, depth: number, height: number, width: number, channels: number];
  /** Rows left out since the batch before, and why; those after the last batch are added to its own when the loop ends. */
  skipped: readonly Skipped[];
}

/**
 * Batches of `dataset`. The same seed and epoch give the same batches, whatever the number of workers. An empty set gives none. Throws DataError 'image' or 'missing'
 * naming the file, DataError 'option', and the signal's reason when it is aborted.
 */
export async function* batches(dataset: Dataset, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  const { batch = 32, seed = 0, epoch = 0, prefetch = 2, signal, reuse = false } = options;
  const making = makingOf(options);
  const caches = cachesOf(options.cache);
  const workers = options.workers ?? Math.min(8, availableParallelism());
  const sampler = options.sampler ?? (options.shuffle ? 'shuffle' : 'sequential');
  const order = sampled(dataset, sampler, seed, epoch);
  const times = occurrences(order);
  const labels = dataset.labels();
  const end = options.dropLast ? order.length - (order.length % batch) : order.length;
  const { size, channels } = making;
  const plane = (making.depth ?? 1) * size * size;
  const area = plane * channels;
  const kind = `${numberOf(dataset.source)}/${baseKey(making)}`;
  const disk = caches.disk && new DiskCache(caches.disk, kind);
  await disk?.settled();
  const stop = new AbortController(); // pieces that no thread has begun are dropped when the loop ends

  const fill = async (at: number, memory: Memory): Promise<Batch> => {
    const places = order.subarray(at, Math.min(at + batch, end));
    const rows = Array.from(places, (place) => dataset.rows[place]);
    const wanted = rows.map((row, i) => ({ row, keys: [epoch, row.index, times[at + i]] }));
    const failures = await makeRows(dataset.source, wanted, memory, {
      making,
      caches,
      disk,
      workers,
      signal: stop.signal,
    });
    if (failures.length > 0 && options.onError !== 'skip') throw asError(failures[0]);
    const good = rows.map((_, i) => i).filter((i) => !failures.some((failure) => failure.at === i));
    const n = good.length;
    const x = new Float32Array(memory.x, 0, n * area);
    const masks = memory.mask && new Uint8Array(memory.mask, 0, n * plane);
    good.forEach((from, to) => {
      if (from === to) return;
      new Float32Array(memory.x).copyWithin(to * area, from * area, (from + 1) * area);
      if (memory.mask) new Uint8Array(memory.mask).copyWithin(to * plane, from * plane, (from + 1) * plane);
    });
    const y = Int32Array.from(good, (i) => labels[places[i]]);
    const { mixup, cutmix } = options;
    const classes = dataset.classes.length;
    const keys = [seed, epoch, at];
    const soft = n > 0 ? mixed(x, y, { mixup, cutmix, size, channels, classes, keys }) : undefined;
    return {
      x,
      y,
      ...(soft ? { soft } : {}),
      ...(masks ? { masks } : {}),
      rows: good.map((i) => rows[i]),
      n,
      shape: making.depth ? [n, making.depth, size, size, channels] : [n, size, size, channels],
      skipped: failures.map((failure) => ({ row: rows[failure.at], reason: failure.message })),
    };
  };

  interface Ahead {
    memory: Memory;
    made: Promise<Batch>;
  }
  const ahead: Ahead[] = [];
  const begin = (at: number): Ahead => {
    const memory = take(4 * batch * area, making.masks ? batch * plane : 0);
    const made = fill(at, memory);
    made.catch(() => undefined); // reported when its turn comes
    return { memory, made };
  };
  let current: Ahead | undefined;
  let next = 0;
  let skipped: Skipped[] = []; // since the last batch with a picture in it
  let last: Skipped[] | undefined; // of that batch
  try {
    while (next < end || ahead.length > 0) {
      signal?.throwIfAborted();
      while (next < end && ahead.length <= prefetch) {
        ahead.push(begin(next));
        next += batch;
      }
      current = ahead.shift()!;
      const ready = await aborted(current.made, signal);
      signal?.throwIfAborted(); // also where the batch was ready by then
      skipped.push(...ready.skipped);
      if (ready.n > 0) {
        last = skipped;
        yield reuse ? { ...ready, skipped } : { ...copied(ready), skipped };
        skipped = [];
      }
      giveBack(current.memory);
      current = undefined;
    }
    await disk?.settled();
    last?.push(...skipped);
    if (!last && skipped.length > 0)
      throw new DataError('image', `None of the pictures can be read. ${skipped[0].reason}`);
  } finally {
    stop.abort();
    for (const { memory, made } of [...(current ? [current] : []), ...ahead])
      void made.catch(() => undefined).then(() => giveBack(memory));
  }
}

/** In memory of its own. */
function copied(batch: Batch): Batch {
  return { ...batch, x: batch.x.slice(), ...(batch.masks ? { masks: batch.masks.slice() } : {}) };
}

/** How often each place has come before in the order. */
function occurrences(order: Int32Array): Int32Array {
  const seen = new Map<number, number>();
  return order.map((place) => {
    const times = seen.get(place) ?? 0;
    seen.set(place, times + 1);
    return times;
  });
}

/** The options, checked. */
function makingOf(options: BatchOptions): Making {
  const {
    size,
    depth,
    window,
    batch = 32,
    prefetch = 2,
    workers = 1,
    channels = 1,
    channelOrder = 'rgb',
    fit,
    resize,
    interpolation,
  } = options;
  const bad = (name: string, rule: string, value: unknown): never => {
    throw new DataError(
      'option',
      `batches: ${name} must be ${rule}, not ${typeof value === 'string' ? `'${value}'` : String(value)}.`,
    );
  };
  for (const [name, value] of Object.entries({ size, batch, resize: resize ?? 1, depth: depth ?? 1 }))
    if (!(Number.isInteger(value) && value > 0)) bad(name, 'a whole number above 0', value);
  for (const [name, value] of Object.entries({ prefetch, workers }))
    if (!(Number.isInteger(value) && value >= 0)) bad(name, 'a whole number from 0 on', value);
  if (channels !== 1 && channels !== 3) bad('channels', '1 or 3', channels);
  if (!['rgb', 'bgr'].includes(channelOrder)) bad('channelOrder', "'rgb' or 'bgr'", channelOrder);
  if (fit !== undefined && !['fill', 'cover', 'contain'].includes(fit))
    bad('fit', "'fill', 'cover' or 'contain'", fit);
  if (interpolation !== undefined && !['bilinear', 'bicubic'].includes(interpolation))
    bad('interpolation', "'bilinear' or 'bicubic'", interpolation);
  if (options.onError !== undefined && !['throw', 'skip'].includes(options.onError))
    bad('onError', "'throw' or 'skip'", options.onError);
  if (window !== undefined) windowOf(window);
  if (depth && options.cutmix) bad('cutmix', 'left out for volumes, which have no boxes', options.cutmix);
  checkMix(options);
  const each = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? new Array<number>(channels).fill(value) : value;
    if (list.length !== channels || list.some((v) => !Number.isFinite(v) || (name === 'std' && v === 0)))
      throw new DataError(
        'option',
        `batches: ${name} must be one number or ${channels}, and not zero for std; it is [${list.join(', ')}].`,
      );
    return list;
  };
  return {
    size,
    depth,
    window,
    channels,
    channelOrder,
    fit,
    resize,
    interpolation,
    steps: checked(options.augment),
    seed: options.seed ?? 0,
    masks: options.masks ?? false,
    mean: each('mean', options.mean ?? 0),
    std: each('std', options.std ?? 1),
  };
}

/** `promise`, or the signal's reason as soon as it is aborted. */
async function aborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let stop!: () => void;
  const abort = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([promise, abort]).finally(() => signal.removeEventListener('abort', stop));
}

/** Forgets the decoded pictures of this data set, and of all that were filtered from the same opening. */
export function clearCache(dataset: Dataset): void {
  forget(dataset.source);
}
