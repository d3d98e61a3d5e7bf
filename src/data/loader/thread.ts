// A thread that makes pieces of batches.

import { parentPort } from 'node:worker_threads';
import type { PixelSource } from '../dataset.js';
import type { Piece } from './messages.js';
import { work } from './work.js';

const sources = new Map<number, Promise<PixelSource>>();

function sourceOf({ source, recipe }: Piece): Promise<PixelSource> {
  let made = sources.get(source);
  if (!made) {
    const { module, make, options } = recipe!;
    made = import(module).then((m: Record<string, (options: unknown) => PixelSource>) => m[make](options));
    sources.set(source, made);
  }
  return made;
}

parentPort!.on('message', (piece: Piece) => {
  void work(piece, () => sourceOf(piece)).then((made) => parentPort!.postMessage(made));
});
