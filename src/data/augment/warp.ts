// One resampling for all steps that move pixels: places of the result are traced back through them, then the picture is read there.

import { after, identity } from './matrix.js';
import type { Extent, Mapping, Matrix, Sample } from './types.js';

export interface WarpOptions {
  /** Value of what lies outside the picture. */
  fill: number;
  interpolation: 'bilinear' | 'nearest';
}

/** `sample` as seen through `mappings` (in the order of the steps), on `to`. The mask goes along, by the nearest pixel. */
export function warp(sample: Sample, mappings: readonly Mapping[], to: Extent, options: WarpOptions): Sample {
  const places = trace(mappings, to);
  const pixels = read(sample, places, options);
  const mask = sample.mask && nearest(sample.mask, sample, places);
  return { ...to, channels: sample.channels, pixels, ...(mask ? { mask } : {}) };
}

/** x, y and z in the first picture of each pixel of the last. */
type Places = [x: Float32Array, y: Float32Array, z: Float32Array];

function trace(mappings: readonly Mapping[], to: Extent): Places {
  const n = to.width * to.height * to.depth;
  const places: Places = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const [xs, ys, zs] = places;
  let i = 0;
  for (let z = 0; z < to.depth; z++)
    for (let y = 0; y < to.height; y++)
      for (let x = 0; x < to.width; x++, i++) {
        xs[i] = x;
        ys[i] = y;
        zs[i] = z;
      }
  let pending = identity;
  for (const mapping of [...mappings].reverse())
    if ('matrix' in mapping) pending = after(mapping.matrix, pending);
    else {
      move(places, pending);
      pending = identity;
      displace(places, mapping.field, mapping.on);
    }
  move(places, pending);
  return places;
}

function move([xs, ys, zs]: Places, m: Matrix): void {
  if (m === identity) return;
  for (let i = 0; i < xs.length; i++) {
    const [x, y, z] = [xs[i], ys[i], zs[i]];
    xs[i] = m[0] * x + m[1] * y + m[2] * z + m[3];
    ys[i] = m[4] * x + m[5] * y + m[6] * z + m[7];
    zs[i] = m[8] * x + m[9] * y + m[10] * z + m[11];
  }
}

function displace(places: Places, field: readonly Float32Array[], on: Extent): void {
  const clamped = (v: Float32Array, most: number): Float32Array =>
    v.map((x) => Math.min(most, Math.max(0, x)));
  const at: Places = [
    clamped(places[0], on.width - 1),
    clamped(places[1], on.height - 1),
    clamped(places[2], on.depth - 1),
  ];
  field.forEach((pixels, axis) => {
    const moved = read({ ...on, channels: 1, pixels }, at, { fill: 0, interpolation: 'bilinear' });
    for (let i = 0; i < moved.length; i++) places[axis][i] += moved[i];
  });
}

function read(sample: Sample, places: Places, { fill, interpolation }: WarpOptions): Float32Array {
  const { pixels, width, height, depth, channels } = sample;
  const [xs, ys, zs] = places;
  const out = new Float32Array(xs.length * channels);
  const near = interpolation === 'nearest';
  for (let i = 0; i < xs.length; i++) {
    const [x, y, z] = near ? [round(xs[i]), round(ys[i]), round(zs[i])] : [xs[i], ys[i], zs[i]];
    const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
    const [fx, fy, fz] = [x - x0, y - y0, z - z0];
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let corner = 0; corner < 8; corner++) {
        const [dx, dy, dz] = [corner & 1, (corner >> 1) & 1, corner >> 2];
        const weight = (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy) * (dz ? fz : 1 - fz);
        if (weight === 0) continue;
        const [px, py, pz] = [x0 + dx, y0 + dy, z0 + dz];
        const inside = px >= 0 && py >= 0 && pz >= 0 && px < width && py < height && pz < depth;
        sum += weight * (inside ? pixels[((pz * height + py) * width + px) * channels + c] : fill);
      }
      out[i * channels + c] = sum;
    }
  }
  return out;
}

function nearest(mask: Uint8Array, { width, height, depth }: Extent, [xs, ys, zs]: Places): Uint8Array {
  const out = new Uint8Array(xs.length);
  for (let i = 0; i < out.length; i++) {
    const [x, y, z] = [round(xs[i]), round(ys[i]), round(zs[i])];
    if (x >= 0 && y >= 0 && z >= 0 && x < width && y < height && z < depth)
      out[i] = mask[(z * height + y) * width + x];
  }
  return out;
}

/** To the even side at a half, as torch's grid_sample rounds. */
function round(v: number): number {
  const down = Math.floor(v);
  const rest = v - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
