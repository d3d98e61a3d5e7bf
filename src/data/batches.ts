// Batches of a data set, decoded ahead while the network computes, with a cache of decoded pictures.

import type { Dataset, PixelSource, Row } from './dataset.js';
import { DataError } from './errors.js';
import type { Fit } from './picture.js';
import { random } from './random.js';

export interface BatchOptions {
  /** Side of the square in pixels. */
  size: number;
  /** 1 grey (default), 3 colour. */
  channels?: 1 | 3;
  fit?: Fit;
  /** Images in a batch. Default 32. */
  batch?: number;
  /** A new order each epoch, from seed and epoch. Default false: the data set's order. */
  shuffle?: boolean;
  seed?: number;
  /** Which epoch this is; changes the order and the augmentation. Default 0. */
  epoch?: number;
  /** `flip`: every other image, at random, mirrored left to right. */
  augment?: { flip?: boolean };
  /** Subtracted from the 0 to 1 values, one number or one a channel. Default 0. */
  mean?: number | readonly number[];
  /** Divided by, after `mean`. Default 1. */
  std?: number | readonly number[];
  /** Leave out the last, smaller batch. Default false. */
  dropLast?: boolean;
  /** Batches decoded ahead. Default 2. */
  prefetch?: number;
  /** Most bytes of decoded pictures kept between epochs; 0 keeps none. Default 512 MB, shared by all sets of one opening. */
  cache?: number;
  signal?: AbortSignal;
}

export interface Batch {
  /** [n, size, size, channels]. */
  x: Float32Array;
  /** Class numbers, [n]. */
  y: Int32Array;
  rows: readonly Row[];
  n: number;
  shape: [number, number, number, number];
}

/**
 * Batches of `dataset`. The same seed and epoch give the same batches. An empty set gives none. Throws DataError 'image' or 'missing'
 * naming the file, DataError 'option', and the signal's reason when it is aborted.
 */
export async function* batches(dataset: Dataset, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  const { size, channels = 1, batch = 32, seed = 0, epoch = 0, prefetch = 2, signal } = options;
  for (const [name, value] of Object.entries({ size, batch }))
    if (!(Number.isInteger(value) && value > 0))
      throw new DataError('option', `batches: ${name} must be a whole number above 0, not ${value}.`);
  if (!(Number.isInteger(prefetch) && prefetch >= 0))
    throw new DataError('option', `batches: prefetch must be a whole number from 0 on, not ${prefetch}.`);
  if (channels !== 1 && channels !== 3)
    throw new DataError('option', `batches: channels must be 1 or 3, not ${String(channels)}.`);
  const scale = scaling(options, channels);
  const order = Int32Array.from(dataset.rows, (_, i) => i);
  if (options.shuffle) random(seed, 'order', epoch).shuffle(order);
  const labels = dataset.labels();
  const end = options.dropLast ? order.length - (order.length % batch) : order.length;

  const make = async (at: number): Promise<Batch> => {
    const rows = Array.from(order.subarray(at, Math.min(at + batch, end)), (i) => dataset.rows[i]);
    const pictures = await Promise.all(rows.map((row) => cached(dataset, row, options)));
    const area = size * size * channels;
    const x = new Float32Array(rows.length * area);
    pictures.forEach((pixels, i) => {
      const flip = options.augment?.flip && random(seed, 'flip', epoch, rows[i].index).chance(0.5);
      write(x.subarray(i * area, (i + 1) * area), pixels, scale, size, channels, !!flip);
    });
    const y = Int32Array.from(order.subarray(at, at + rows.length), (i) => labels[i]);
    return { x, y, rows, n: rows.length, shape: [rows.length, size, size, channels] };
  };

  const ahead: Promise<Batch>[] = [];
  let next = 0;
  while (next < end || ahead.length > 0) {
    signal?.throwIfAborted();
    while (next < end && ahead.length <= prefetch) {
      const made = make(next);
      made.catch(() => undefined); // reported when its turn comes
      ahead.push(made);
      next += batch;
    }
    const ready = await aborted(ahead.shift()!, signal);
    yield ready;
  }
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

/** A table a channel: 8-bit value to network input. */
function scaling({ mean = 0, std = 1 }: BatchOptions, channels: number): Float32Array[] {
  const each = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? new Array<number>(channels).fill(value) : value;
    if (list.length !== channels || list.some((v) => !Number.isFinite(v) || (name === 'std' && v === 0)))
      throw new DataError(
        'option',
        `batches: ${name} must be one number or ${channels}, and not zero for std; it is [${list.join(', ')}].`,
      );
    return list;
  };
  const [means, stds] = [each('mean', mean), each('std', std)];
  return means.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / stds[c]));
}

function write(
  x: Float32Array,
  pixels: Uint8Array,
  scale: Float32Array[],
  size: number,
  channels: number,
  flip: boolean,
): void {
  for (let row = 0, at = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const from = (row * size + (flip ? size - 1 - column : column)) * channels;
      for (let c = 0; c < channels; c++, at++) x[at] = scale[c][pixels[from + c]];
    }
}

interface Cache {
  pictures: Map<string, Uint8Array>;
  bytes: number;
}
const caches = new WeakMap<PixelSource, Cache>();

/** Keeps the pictures first met until the limit: an epoch meets each once, so dropping the oldest would never hit. */
async function cached(dataset: Dataset, row: Row, options: BatchOptions): Promise<Uint8Array> {
  const { size, channels = 1, fit = 'fill', cache: limit = 512e6 } = options;
  if (limit <= 0) return dataset.pixels(row, options);
  let cache = caches.get(dataset.source);
  if (!cache) caches.set(dataset.source, (cache = { pictures: new Map(), bytes: 0 }));
  const key = `${row.index}/${size}/${channels}/${fit}`;
  const known = cache.pictures.get(key);
  if (known) return known;
  const pixels = await dataset.pixels(row, options);
  if (!cache.pictures.has(key) && cache.bytes + pixels.length <= limit) {
    cache.pictures.set(key, pixels);
    cache.bytes += pixels.length;
  }
  return pixels;
}

/** Forgets the decoded pictures of this data set, and of all that were filtered from the same opening. */
export function clearCache(dataset: Dataset): void {
  caches.delete(dataset.source);
}
