// Gaussian blur of planes and volumes, separable, mirrored at the border without the border itself, as torchvision's reflect padding.

import type { Extent } from './types.js';

/** Weights of a Gaussian with `2 * reach + 1` values; sum 1. */
export function gaussian(sigma: number, reach: number): Float64Array {
  const w = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / sigma) ** 2),
  );
  const sum = w.reduce((a, b) => a + b, 0);
  return w.map((v) => v / sum);
}

/** Blurs [depth, height, width, channels] with these weights along x, y and, of volumes, z. */
export function blurred(
  x: Float32Array,
  { width, height, depth }: Extent,
  channels: number,
  weights: Float64Array,
): Float32Array {
  let out = along(x, width, channels, weights);
  out = along(out, height, width * channels, weights);
  return depth > 1 ? along(out, depth, height * width * channels, weights) : out;
}

/** Along the axis of `length` steps that are `step` values apart. */
function along(x: Float32Array, length: number, step: number, weights: Float64Array): Float32Array {
  const reach = (weights.length - 1) / 2;
  const out = new Float32Array(x.length);
  const block = length * step;
  const sources = new Int32Array(weights.length);
  for (let i = 0; i < length; i++) {
    for (let k = 0; k < weights.length; k++) sources[k] = reflect(i + k - reach, length) * step;
    for (let start = 0; start < x.length; start += block)
      for (let c = 0; c < step; c++) {
        let sum = 0;
        for (let k = 0; k < sources.length; k++) sum += weights[k] * x[start + sources[k] + c];
        out[start + i * step + c] = sum;
      }
  }
  return out;
}

function reflect(i: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const at = ((i % period) + period) % period;
  return at < length ? at : period - at;
}
