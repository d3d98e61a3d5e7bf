// What the thread of the caller and the others say to each other. Pixels of batches go through shared memory, never through messages.

import type { Recipe, Row } from '../dataset.js';
import type { PackedFrame, Unpacked } from '../dicom/codecs.js';
import { DataError, type DataCode } from '../errors.js';
import type { Disk, Writes } from './disk.js';
import type { Base, Making } from './maker.js';

export interface Item {
  /** The row as its source has it. */
  row: Row;
  /** The number of its source. */
  source: number;
  /** Epoch, row, and how often the row came before in the epoch. */
  keys: readonly number[];
  /** Its place in the batch. */
  at: number;
  /** In shared memory; absent where the thread has to fetch it. */
  base?: Base;
}

/** What a thread can be asked for, and what it then gives. */
export interface Work {
  piece: (piece: Piece) => Made;
  frame: (frame: PackedFrame) => Unpacked;
}
export type Kind = keyof Work;

export interface Question<K extends Kind = Kind> {
  id: number;
  kind: K;
  task: Parameters<Work[K]>[0];
}

export type Answer<K extends Kind = Kind> = { id: number } & (
  { result: ReturnType<Work[K]> } | { failure: Failure }
);

/** Some rows of a batch. */
export interface Piece {
  items: Item[];
  making: Making;
  /** How sources are made, by their number; a thread keeps those it has made. */
  recipes: ReadonlyMap<number, Recipe>;
  x: SharedArrayBuffer;
  mask?: SharedArrayBuffer;
  /** Whether fetched pictures are wanted back, for a cache. */
  keep: boolean;
  disk?: Disk;
}

export interface Failure {
  at: number;
  name: string;
  code?: string;
  message: string;
}

export interface Made {
  /** By place in the piece. */
  bases: (Base | undefined)[];
  failures: Failure[];
  writes: Writes;
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

/** The error that a message carried. */
export function asError({ name, code, message }: Failure): Error {
  return name === 'DataError'
    ? new DataError(code as DataCode, message)
    : Object.assign(new Error(message), { name });
}
