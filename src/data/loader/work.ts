// Makes a piece of a batch, on whatever thread.

import type { PixelSource } from '../dataset.js';
import { fetchKept, type Writes } from './disk.js';
import { make, scales, type Base } from './maker.js';
import { failureOf, shared, type Failure, type Item, type Made, type Piece } from './messages.js';

export async function work(piece: Piece, sourceOf: (number: number) => Promise<PixelSource>): Promise<Made> {
  const { making, x, mask, disk } = piece;
  const { size, depth = 1, channels } = making;
  const tables = scales(making);
  const area = depth * size * size;
  const bases = new Array<Base | undefined>(piece.items.length);
  const failures: Failure[] = [];
  const writes: Writes = { bytes: 0 };
  const one = async (item: Item, i: number): Promise<void> => {
    const { row, source: number, keys, at, base: known } = item;
    try {
      const base = known ?? (await fetchKept(await sourceOf(number), row, making, disk, writes));
      if (!known && piece.keep) bases[i] = shared(base);
      make(base, making, keys, tables, {
        x: new Float32Array(x, 4 * at * area * channels, area * channels),
        ...(mask ? { mask: new Uint8Array(mask, at * area, area) } : {}),
      });
    } catch (error) {
      failures.push(failureOf(at, error));
    }
  };
  await Promise.all(piece.items.map(one));
  return { bases, failures, writes };
}
