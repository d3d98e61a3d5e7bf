// Makes a piece of a batch, on whatever thread.

import type { PixelSource } from '../dataset.js';
import { fetchBase, make, scales, type Base } from './maker.js';
import { failureOf, shared, type Failure, type Item, type Made, type Piece } from './messages.js';

export async function work(piece: Piece, source: () => Promise<PixelSource>): Promise<Made> {
  const { making, x, mask } = piece;
  const { size, depth = 1, channels } = making;
  const tables = scales(making);
  const area = depth * size * size;
  const bases = new Array<Base | undefined>(piece.items.length);
  const failures: Failure[] = [];
  const one = async ({ row, keys, at, base: known }: Item, i: number): Promise<void> => {
    try {
      const base = known ?? (await fetchBase(await source(), row, making));
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
  return { bases, failures };
}
