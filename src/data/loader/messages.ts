// What the thread of the caller and those that make batches say to each other. Pixels go through shared memory, never through messages.

import type { PixelSource, Row } from '../dataset.js';
import type { Base, Making } from './maker.js';

export interface Item {
  row: Row;
  /** Epoch, row, and how often the row came before in the epoch. */
  keys: readonly number[];
  /** Its place in the batch. */
  at: number;
  /** In shared memory; absent where the thread has to fetch it. */
  base?: Base;
}

/** Some rows of a batch. */
export interface Piece {
  id: number;
  items: Item[];
  making: Making;
  recipe?: PixelSource['recipe'];
  /** Which source the recipe makes; a thread keeps those it has made. */
  source: number;
  x: SharedArrayBuffer;
  mask?: SharedArrayBuffer;
  /** Whether fetched pictures are wanted back, for a cache. */
  keep: boolean;
}

export interface Failure {
  at: number;
  name: string;
  code?: string;
  message: string;
}

export interface Made {
  id: number;
  /** By place in the piece. */
  bases: (Base | undefined)[];
  failures: Failure[];
}

/** A copy in shared memory. */
export function shared(base: Base): Base {
  const copy = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(new SharedArrayBuffer(bytes.length));
    out.set(bytes);
    return out;
  };
  return { ...base, pixels: copy(base.pixels), ...(base.mask ? { mask: copy(base.mask) } : {}) };
}

/** An error as a message can carry it. */
export function failureOf(at: number, error: unknown): Failure {
  const { name = 'Error', code, message = String(error) } = error as Partial<Failure>;
  return { at, name, code, message };
}
