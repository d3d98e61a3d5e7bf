// Resizing of 8-bit pictures in memory: Pillow's BILINEAR (a triangle filter widened when shrinking), bit for bit.

import type { Fit } from './dataset.js';

const precision = 22; // Pillow's PRECISION_BITS for 8-bit pictures: 32 - 8 - 2
const half = 1 << (precision - 1);

/** Which inputs an output is made of: `counts[i]` of them from `starts[i]` on, with `weights[i * stride …]`. */
interface Filter {
  starts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
  stride: number;
}

/**
 * Resizes `pixels` ([height, width, channels], 8 bits) to [newHeight, newWidth, channels], equal to Pillow's
 * `resize(..., BILINEAR)`: first across, then down, rounded to 8 bits in between. Returns `pixels` itself where nothing changes.
 */
export function resize(
  pixels: Uint8Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
  channels = 1,
): Uint8Array {
  let out = pixels;
  if (from.width !== to.width) out = across(out, from.height, from.width, to.width, channels);
  if (from.height !== to.height) out = down(out, from.height, to.height, to.width * channels);
  return out;
}

function across(x: Uint8Array, rows: number, width: number, newWidth: number, channels: number): Uint8Array {
  const out = new Uint8Array(rows * newWidth * channels);
  const { starts, counts, weights, stride } = filter(width, newWidth);
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < newWidth; i++) {
      const first = (row * width + starts[i]) * channels;
      const count = counts[i];
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let k = 0, at = first + c; k < count; k++, at += channels)
          sum += Math.imul(x[at], weights[i * stride + k]);
        out[to++] = sum >> precision;
      }
    }
  return out;
}

function down(x: Uint8Array, height: number, newHeight: number, line: number): Uint8Array {
  const out = new Uint8Array(newHeight * line);
  const { starts, counts, weights, stride } = filter(height, newHeight);
  const sums = new Int32Array(line);
  for (let i = 0; i < newHeight; i++) {
    sums.fill(half);
    for (let k = 0; k < counts[i]; k++) {
      const weight = weights[i * stride + k];
      const from = (starts[i] + k) * line;
      for (let c = 0; c < line; c++) sums[c] += Math.imul(x[from + c], weight);
    }
    for (let c = 0; c < line; c++) out[i * line + c] = sums[c] >> precision;
  }
  return out;
}

const filters = new Map<string, Filter>();

/** The triangle filter from `length` to `newLength`; the last ones are kept. */
function filter(length: number, newLength: number): Filter {
  const key = `${length}/${newLength}`;
  let known = filters.get(key);
  if (known) return known;
  if (filters.size >= 256) filters.clear();
  filters.set(key, (known = triangle(length, newLength)));
  return known;
}

function triangle(length: number, newLength: number): Filter {
  const scale = length / newLength;
  const width = Math.max(scale, 1);
  const stride = Math.ceil(width) * 2 + 1;
  const starts = new Int32Array(newLength);
  const counts = new Int32Array(newLength);
  const weights = new Int32Array(newLength * stride);
  for (let i = 0; i < newLength; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - width + 0.5));
    const last = Math.min(length, Math.trunc(centre + width + 0.5));
    const w = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + first - centre + 0.5) / width)),
    );
    const sum = w.reduce((a, b) => a + b, 0);
    starts[i] = first;
    counts[i] = w.length;
    w.forEach((v, k) => (weights[i * stride + k] = Math.trunc(0.5 + (v / sum) * 2 ** precision)));
  }
  return { starts, counts, weights, stride };
}

/** A place in a picture. */
interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * A picture fitted into a square of `size` pixels: stretched ('fill'), cut at the longer side ('cover'), or with black around it
 * ('contain'). `aspect` is the width by height that it is to be shown with, by default that of its pixels.
 */
export function fitSquare(
  pixels: Uint8Array,
  from: { width: number; height: number },
  {
    size,
    fit,
    aspect = from.width / from.height,
    channels = 1,
  }: { size: number; fit: Fit; aspect?: number; channels?: number },
): Uint8Array {
  const square = { width: size, height: size };
  if (fit === 'fill') return resize(pixels, from, square, channels);
  // the side that isn't `size`: longer where the picture covers the square, shorter where it is contained
  const across = (fit === 'cover') === aspect > 1;
  const other = Math.max(1, Math.round(size * (across ? aspect : 1 / aspect)));
  const to = across ? { width: other, height: size } : { width: size, height: other };
  const fitted = resize(pixels, from, to, channels);
  const middle = {
    left: Math.round((to.width - size) / 2),
    top: Math.round((to.height - size) / 2),
    ...square,
  };
  return part(fitted, to, middle, channels);
}

/** A part of a picture; black where it reaches outside. */
export function part(
  pixels: Uint8Array,
  from: { width: number; height: number },
  { left, top, width, height }: Rect,
  channels = 1,
): Uint8Array {
  const out = new Uint8Array(width * height * channels);
  const [first, last] = [Math.max(0, left), Math.min(from.width, left + width)];
  for (let y = Math.max(0, top); y < Math.min(from.height, top + height); y++) {
    const row = y * from.width;
    out.set(
      pixels.subarray((row + first) * channels, (row + last) * channels),
      ((y - top) * width + first - left) * channels,
    );
  }
  return out;
}
