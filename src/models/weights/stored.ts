// What every reader of weights gives: tensors by name, whose values are read when they are asked for.

import { naming, refuse } from './refuse.js';
import { Scratch } from './values.js';

/** A tensor, row-major. */
export interface StateTensor {
  shape: number[];
  data: Float32Array;
}
/** Tensors by name; PyTorch's layout unless it is said otherwise. */
export type StateDict = Map<string, StateTensor>;

/** A tensor in a file. */
export interface Stored {
  shape: number[];
  /** Its values, which may lie in `scratch`: they hold until that is used again. */
  read(scratch: Scratch): Promise<Float32Array>;
}

export interface WeightsFile {
  format: 'safetensors' | 'torch' | 'keras' | 'tfjs';
  /** `torch`: kernels are [out, in, height, width] and [out, in]; `keras`: [height, width, in, out] and [in, out]. */
  layout: 'torch' | 'keras';
  tensors: Map<string, Stored>;
  metadata: Record<string, string>;
  /** Size of the file, of all its shards. */
  bytes: number;
  /** Whether reading the tensors can't find anything wrong with the file any more. */
  checked: boolean;
  close(): Promise<void>;
}

export const sizeOf = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

/** Whether it is a shape: whole numbers, a product that fits into a number. */
export const isShape = (v: unknown): v is number[] =>
  Array.isArray(v) &&
  v.length <= 32 &&
  v.every((n) => Number.isSafeInteger(n) && n >= 0) &&
  Number.isSafeInteger(8 * sizeOf(v as number[]));

/** Float32 values take four times the room of a byte; tied tensors are written once and read twice. */
const SWELLS = 16;

/**
 * Opens a file, uses it and closes it.
 * @throws ModelError `weights`, which names the file
 */
export function using<T>(
  path: string,
  open: (path: string) => Promise<WeightsFile>,
  use: (file: WeightsFile) => Promise<T>,
): Promise<T> {
  return naming(path, async () => {
    const file = await open(path);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  });
}

/** Refuses to read tensors that would take far more memory than the file has bytes. */
export function checkSwelling(tensors: Stored[], { bytes }: WeightsFile): void {
  const total = tensors.reduce((sum, t) => sum + 4 * sizeOf(t.shape), 0);
  if (total > SWELLS * bytes + 1e6)
    refuse(`its tensors would take ${total} bytes, far more than the ${bytes} that are stored`);
}

/** All tensors of a file; it refuses those that would take far more memory than the file has bytes. */
export async function readAll(file: WeightsFile): Promise<StateDict> {
  const scratch = new Scratch();
  checkSwelling([...file.tensors.values()], file);
  const state: StateDict = new Map();
  for (const [name, t] of file.tensors)
    state.set(name, { shape: t.shape, data: (await t.read(scratch)).slice() });
  return state;
}
