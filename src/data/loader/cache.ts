// Pictures kept from epoch to epoch, in memory that all threads share.

import type { PixelSource } from '../dataset.js';
import type { Base } from './maker.js';

interface Kept {
  pictures: Map<string, Base>;
  bytes: number;
}
const caches = new WeakMap<PixelSource, Kept>();

export function recall(source: PixelSource, key: string): Base | undefined {
  return caches.get(source)?.pictures.get(key);
}

/** Keeps the pictures first met until the limit: an epoch meets each once, so dropping the oldest would never hit. */
export function keep(source: PixelSource, key: string, base: Base, limit: number): void {
  let kept = caches.get(source);
  if (!kept) caches.set(source, (kept = { pictures: new Map(), bytes: 0 }));
  const bytes = base.pixels.length + (base.mask?.length ?? 0);
  if (kept.pictures.has(key) || kept.bytes + bytes > limit) return;
  kept.pictures.set(key, base);
  kept.bytes += bytes;
}

export function forget(source: PixelSource): void {
  caches.delete(source);
}

const numbers = new WeakMap<PixelSource, number>();
let sources = 0;

/** A number for the source, by which threads know it. */
export function numberOf(source: PixelSource): number {
  if (!numbers.has(source)) numbers.set(source, ++sources);
  return numbers.get(source)!;
}
