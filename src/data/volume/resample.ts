// A volume at another spacing.

import { DataError } from '../errors.js';
import type { Triple, Volume, VoxelArray } from './volume.js';

/** What an output voxel is made of along one axis: `counts[i]` inputs from `starts[i]` on. */
interface Filter {
  starts: Int32Array;
  counts: Int32Array;
  weights: Float32Array;
  stride: number;
}

/**
 * Linear between voxels; where it shrinks, a triangle as wide as the step. The extent (outer edges of the outer voxels) stays, so the sides are
 * rounded to whole voxels and the spacing with them. Throws DataError 'option'.
 */
export function resample(volume: Volume, wanted: number | Triple): Volume {
  const target = typeof wanted === 'number' ? [wanted, wanted, wanted] : wanted;
  if (target.length !== 3 || !target.every((mm) => mm > 0 && Number.isFinite(mm)))
    throw new DataError(
      'option',
      `resample: spacing must be millimetres above 0, one number or [depth, height, width], not ${JSON.stringify(wanted)}.`,
    );
  const from = volume.shape;
  const shape = from.map((n, i) =>
    Math.max(1, Math.round((n * volume.spacing[i]) / target[i])),
  ) as unknown as Triple;
  const spacing = from.map((n, i) => (n * volume.spacing[i]) / shape[i]) as unknown as Triple;
  if (shape.every((n, i) => n === from[i])) return volume;
  // the axis that shrinks most comes first, as less is left to do after it
  const order = [0, 1, 2].sort((a, b) => shape[a] / from[a] - shape[b] / from[b]);
  let data: Float32Array | VoxelArray = volume.data;
  let mask = volume.mask;
  const sides = [...from];
  for (const axis of order) {
    if (sides[axis] === shape[axis]) continue;
    data = along(data, sides, axis, linear(sides[axis], shape[axis]));
    if (mask) mask = nearest(mask, sides, axis, shape[axis]);
    sides[axis] = shape[axis];
  }
  // the first voxel's centre moves by half of what its size changes
  const scale = [2, 1, 0].map((i) => from[i] / shape[i]);
  const affine = volume.affine.map((row, r) =>
    r === 3
      ? row
      : [
          ...scale.map((s, i) => row[i] * s),
          scale.reduce((sum, s, i) => sum + (row[i] * (s - 1)) / 2, row[3]),
        ],
  );
  return volume.with({ data: like(volume.data, data), ...(mask ? { mask } : {}), shape, spacing, affine });
}

/** The type that the volume has: whole numbers are rounded. */
function like(model: VoxelArray, data: Float32Array | VoxelArray): VoxelArray {
  if (model instanceof Float32Array) return data;
  const out = new (model.constructor as new (n: number) => VoxelArray)(data.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.round(data[i]);
  return out;
}

function linear(length: number, newLength: number): Filter {
  const scale = length / newLength;
  const reach = Math.max(1, scale);
  const stride = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(newLength);
  const counts = new Int32Array(newLength);
  const weights = new Float32Array(newLength * stride);
  for (let i = 0; i < newLength; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.floor(centre - reach) + 1);
    const last = Math.min(length - 1, Math.ceil(centre + reach) - 1);
    let sum = 0;
    for (let k = first; k <= last; k++) sum += 1 - Math.abs(k - centre) / reach;
    for (let k = first; k <= last; k++)
      weights[i * stride + k - first] = (1 - Math.abs(k - centre) / reach) / sum;
    starts[i] = first;
    counts[i] = last - first + 1;
  }
  return { starts, counts, weights, stride };
}

/** `data` of [outer, side, inner] filtered along its side. */
function along(
  data: ArrayLike<number>,
  sides: readonly number[],
  axis: number,
  filter: Filter,
): Float32Array {
  const side = sides[axis];
  const inner = sides.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = sides.slice(0, axis).reduce((a, b) => a * b, 1);
  const newSide = filter.starts.length;
  const out = new Float32Array(outer * newSide * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < newSide; i++) {
      const to = (o * newSide + i) * inner;
      for (let k = 0; k < filter.counts[i]; k++) {
        const weight = filter.weights[i * filter.stride + k];
        const from = (o * side + filter.starts[i] + k) * inner;
        for (let c = 0; c < inner; c++) out[to + c] += weight * data[from + c];
      }
    }
  return out;
}

function nearest(mask: Uint8Array, sides: readonly number[], axis: number, newSide: number): Uint8Array {
  const side = sides[axis];
  const inner = sides.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = sides.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Uint8Array(outer * newSide * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < newSide; i++) {
      const from = (o * side + Math.min(side - 1, Math.floor(((i + 0.5) * side) / newSide))) * inner;
      out.set(mask.subarray(from, from + inner), (o * newSide + i) * inner);
    }
  return out;
}
