// Parts of a volume, and the box around the body in one.

import { DataError } from '../errors.js';
import type { Triple, Volume, VoxelArray } from './volume.js';

/** First voxel inside and first behind, in the order of `shape`. */
export interface Box {
  from: Triple;
  to: Triple;
}

/** The voxels inside a box. Throws DataError 'option' where it lies outside. */
export function cut(volume: Volume, { from, to }: Box): Volume {
  const [depth, height, width] = volume.shape;
  if (
    ![0, 1, 2].every(
      (i) =>
        Number.isInteger(from[i]) &&
        Number.isInteger(to[i]) &&
        from[i] >= 0 &&
        from[i] < to[i] &&
        to[i] <= volume.shape[i],
    )
  )
    throw new DataError(
      'option',
      `crop: the box [${from.join(', ')}] to [${to.join(', ')}] does not lie in a volume of ${depth} × ${height} × ${width}.`,
    );
  const shape = from.map((f, i) => to[i] - f) as unknown as Triple;
  const part = <T extends VoxelArray>(data: T): T => {
    const out = new (data.constructor as new (n: number) => T)(shape[0] * shape[1] * shape[2]);
    let at = 0;
    for (let z = from[0]; z < to[0]; z++)
      for (let y = from[1]; y < to[1]; y++, at += shape[2]) {
        const row = (z * height + y) * width;
        out.set(data.subarray(row + from[2], row + to[2]) as never, at);
      }
    return out;
  };
  return volume.with({
    data: part(volume.data),
    ...(volume.mask ? { mask: part(volume.mask) } : {}),
    shape,
    affine: volume.affine.map((row, r) =>
      r === 3
        ? row
        : [row[0], row[1], row[2], row[3] + row[0] * from[2] + row[1] * from[1] + row[2] * from[0]],
    ),
  });
}

/**
 * The smallest box around the body and `margin` mm: in each slice the largest connected region above the threshold (-500 HU; without units
 * half way between the 1st and 99th hundredth), so that the table and what lies beside the patient don't count. The whole volume where
 * nothing is above it.
 */
export function bodyBox(volume: Volume, margin: number): Box {
  const [depth, height, width] = volume.shape;
  const threshold = volume.unit === 'HU' ? -500 : middle(volume.data);
  const low = [depth, height, width];
  const high = [0, 0, 0];
  const regions: { z: number; area: number; box: [number, number, number, number] }[] = [];
  for (let z = 0; z < depth; z++) {
    const region = largestRegion(
      volume.data.subarray(z * height * width, (z + 1) * height * width),
      height,
      width,
      threshold,
    );
    if (region) regions.push({ z, ...region });
  }
  // a slice above the head shows the table only, which is small beside the body
  const most = Math.max(0, ...regions.map(({ area }) => area));
  for (const { z, area, box } of regions) {
    if (area < most / 10) continue;
    [z, box[0], box[1]].forEach((v, i) => (low[i] = Math.min(low[i], v)));
    [z + 1, box[2], box[3]].forEach((v, i) => (high[i] = Math.max(high[i], v)));
  }
  if (high[0] === 0) return { from: [0, 0, 0], to: volume.shape };
  const around = volume.spacing.map((mm) => Math.round(margin / mm));
  return {
    from: low.map((v, i) => Math.max(0, v - around[i])) as unknown as Triple,
    to: high.map((v, i) => Math.min(volume.shape[i], v + around[i])) as unknown as Triple,
  };
}

/** Half way between the 1st and 99th hundredth of a sample of the values. */
function middle(data: VoxelArray): number {
  const step = Math.max(1, Math.floor(data.length / 50_000));
  const sample = Float32Array.from(
    { length: Math.floor(data.length / step) },
    (_, i) => data[i * step],
  ).sort();
  const at = (share: number): number => sample[Math.floor(share * (sample.length - 1))];
  return (at(0.01) + at(0.99)) / 2;
}

/** Area and box [top, left, bottom, right] of the largest region above the threshold, its parts touching at sides. */
function largestRegion(
  slice: VoxelArray,
  height: number,
  width: number,
  threshold: number,
): { area: number; box: [number, number, number, number] } | undefined {
  const seen = new Uint8Array(slice.length);
  const stack = new Int32Array(slice.length);
  let best: { area: number; box: [number, number, number, number] } | undefined;
  for (let start = 0; start < slice.length; start++) {
    if (seen[start] || !(slice[start] > threshold)) continue;
    const box: [number, number, number, number] = [height, width, 0, 0];
    let area = 0;
    let left = 1;
    stack[0] = start;
    seen[start] = 1;
    while (left > 0) {
      const at = stack[--left];
      const [y, x] = [Math.floor(at / width), at % width];
      area++;
      if (y < box[0]) box[0] = y;
      if (x < box[1]) box[1] = x;
      if (y >= box[2]) box[2] = y + 1;
      if (x >= box[3]) box[3] = x + 1;
      const visit = (next: number): void => {
        if (seen[next] || !(slice[next] > threshold)) return;
        seen[next] = 1;
        stack[left++] = next;
      };
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (y > 0) visit(at - width);
      if (y < height - 1) visit(at + width);
    }
    if (!best || area > best.area) best = { area, box };
  }
  return best;
}
