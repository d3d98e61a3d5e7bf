// What an augmentation is: data that can be sent to a worker thread, and what its row in the table does with it.

import type { Random } from '../random.js';

/** One step of a pipeline, as the functions of `augment` make it. */
export interface Augmentation {
  readonly op: string;
  /** How often it happens, 0 to 1. */
  readonly p: number;
  readonly [option: string]: unknown;
}

export interface Extent {
  width: number;
  height: number;
  /** 1 for a picture. */
  depth: number;
}

/** A picture or a volume: `pixels` is [depth, height, width, channels], values 0 to 1; `mask` is [depth, height, width]. */
export interface Sample extends Extent {
  pixels: Float32Array;
  channels: number;
  mask?: Uint8Array;
}

/** Places in the picture before a step, for those after it: an affine map, or displacements in pixels along x, y and z. */
export type Mapping = { matrix: Matrix } | { field: Float32Array[]; on: Extent };

/** Three rows of four: (x, y, z, 1) after to (x, y, z) before, in pixels counted from the middle of the first. */
export type Matrix = readonly number[];

/** A step that moves pixels. `target` is the side that the network wants. */
export interface Geometric<A> {
  draw(step: A, on: Extent, r: Random, target: number): { mapping: Mapping; to: Extent };
}

/** A step that changes values, in place. */
export interface Intensity<A> {
  change(step: A, sample: Sample, r: Random): void;
}
