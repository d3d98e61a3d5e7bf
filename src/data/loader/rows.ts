// The rows of a batch made in pieces, by threads or on the caller's own, with what is cached of them.

import type { PixelSource, Recipe, Row } from '../dataset.js';
import { keep, numberOf, recall } from './cache.js';
import type { Caches, DiskCache } from './disk-cache.js';
import { fetchKept, type Writes } from './disk.js';
import { baseKey, type Making } from './maker.js';
import type { Memory } from './memory.js';
import { failureOf, shared, type Failure, type Item, type Made, type Piece } from './messages.js';
import { run } from './pool.js';
import { work } from './work.js';

export interface RowsOptions {
  making: Making;
  caches: Caches;
  disk?: DiskCache;
  /** Threads; 0: the caller's. */
  workers: number;
  signal: AbortSignal;
}

/** A row, and what its draw depends on beside the seed. */
interface Keyed {
  row: Row;
  keys: readonly number[];
}

/** Has the rows of `source` made into `memory`, in their order, and says which could not be. */
export async function makeRows(
  source: PixelSource,
  rows: readonly Keyed[],
  memory: Memory,
  { making, caches, disk, workers, signal }: RowsOptions,
): Promise<Failure[]> {
  const recipes = new Map<number, Recipe>();
  const sources = new Map<number, PixelSource>();
  const items = rows.map(({ row, keys }, at): Item => {
    const place = placeOf(source, row);
    const number = numberOf(place.source);
    sources.set(number, place.source);
    if (place.source.recipe) recipes.set(number, place.source.recipe);
    return { row: place.row, source: number, keys, at };
  });
  // without a recipe and without augmentation there is nothing for threads to do
  const threads = recipes.size > 0 || making.steps.length > 0 ? workers : 0;
  const keeps = caches.memory > 0;
  const keyOf = (item: Item): string => `${rows[item.at].row.index}/${baseKey(making)}`;
  const piece = (part: Item[]): Piece => ({
    items: part,
    making,
    recipes,
    ...memory,
    keep: keeps,
    ...(disk ? { disk: disk.state } : {}),
  });
  const makePart = async (part: Item[]): Promise<Failure[]> => {
    for (const item of part) item.base = keeps ? recall(source, keyOf(item)) : undefined;
    const failures: Failure[] = [];
    const writes: Writes = { bytes: 0 };
    if (threads > 0)
      await Promise.all(
        part.map(async (item) => {
          if (item.base || recipes.has(item.source)) return;
          try {
            const base = await fetchKept(sources.get(item.source)!, item.row, making, disk?.state, writes);
            item.base = keeps ? shared(base) : base;
            if (keeps) keep(source, keyOf(item), item.base, caches.memory);
          } catch (error) {
            failures.push(failureOf(item.at, error));
          }
        }),
      );
    const whole = part.filter(({ at }) => !failures.some((failure) => failure.at === at));
    const made: Made =
      threads > 0
        ? await run('piece', piece(whole), {
            most: threads,
            files: whole.map(({ row }) => row.file ?? `row ${row.index}`),
            signal,
          })
        : await work(piece(whole), async (number) => sources.get(number)!);
    disk?.written(writes);
    disk?.written(made.writes);
    made.bases.forEach((base, i) => base && keep(source, keyOf(whole[i]), base, caches.memory));
    return [...failures, ...made.failures];
  };
  const length = threads > 0 ? Math.min(8, Math.ceil(items.length / threads)) : items.length;
  const parts: Item[][] = [];
  for (let i = 0; i < items.length; i += length) parts.push(items.slice(i, i + length));
  const runs = await Promise.allSettled(parts.map(makePart)); // all: nothing may write into the memory afterwards
  const failures = runs.flatMap((settled) => {
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  });
  return failures.sort((a, b) => a.at - b.at);
}

/** The source that a row comes from, behind all those that join others, and the row there. */
function placeOf(source: PixelSource, row: Row): { source: PixelSource; row: Row } {
  let place = { source, row };
  while (place.source.part) place = place.source.part(place.row);
  return place;
}
