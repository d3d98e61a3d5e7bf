// Resizing of 8-bit pictures in memory: Pillow's BILINEAR and BICUBIC (filters widened when shrinking), bit for bit.

import type { Fit } from './picture.js';

const precision = 22; // Pillow's PRECISION_BITS for 8-bit pictures: 32 - 8 - 2
const half = 1 << (precision - 1);

export type Interpolation = 'bilinear' | 'bicubic';

/** Pillow's filters: how far they reach, and their weight at a distance. */
const kernels: Record<Interpolation, { reach: number; weight: (x: number) => number }> = {
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    reach: 2,
    weight(x) {
      const d = Math.abs(x);
      if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
      return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    },
  },
};

/** Which inputs an output is made of: `counts[i]` of them from `starts[i]` on, with `weights[i * stride …]`. */
interface Filter {
  starts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
  stride: number;
}

interface Size {
  width: number;
  height: number;
}

export interface ResizeOptions {
  interpolation?: Interpolation;
  /** The part of the result that is wanted. Default: all of it. */
  window?: { x: number; y: number; width: number; height: number };
}

/**
 * Resizes `pixels` ([height, width, channels], 8 bits) to [newHeight, newWidth, channels], or to a window of that, equal to Pillow's
 * `resize`: first across, then down, rounded to 8 bits in between. A view of `pixels` where nothing changes.
 */
export function resize(
  pixels: Uint8Array,
  from: Size,
  to: Size,
  channels = 1,
  { interpolation = 'bilinear', window = { x: 0, y: 0, ...to } }: ResizeOptions = {},
): Uint8Array {
  const lines = filter(from.height, to.height, interpolation);
  const sameHeight = from.height === to.height;
  const last = window.y + window.height - 1;
  const first = sameHeight ? window.y : lines.starts[window.y];
  const end = sameHeight ? last + 1 : lines.starts[last] + lines.counts[last];
  let out = pixels.subarray(first * from.width * channels, end * from.width * channels);
  const columns = { from: window.x, count: window.width };
  if (from.width !== to.width || window.width !== to.width)
    out = across(out, from.width, filter(from.width, to.width, interpolation), columns, channels);
  if (!sameHeight)
    out = down(out, lines, first, { from: window.y, count: window.height }, window.width * channels);
  return out;
}

interface Range {
  from: number;
  count: number;
}

function across(
  x: Uint8Array,
  width: number,
  { starts, counts, weights, stride }: Filter,
  columns: Range,
  channels: number,
): Uint8Array {
  const line = width * channels;
  const rows = x.length / line;
  const out = new Uint8ClampedArray(rows * columns.count * channels);
  const end = columns.from + columns.count;
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (let i = columns.from; i < end; i++) {
      const first = row * line + starts[i] * channels;
      const at = i * stride;
      const count = counts[i];
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let k = 0, p = first + c; k < count; k++, p += channels) sum += Math.imul(x[p], weights[at + k]);
        out[to++] = sum >> precision;
      }
    }
  return new Uint8Array(out.buffer);
}

/** `x` begins with the input's line `first`. */
function down(
  x: Uint8Array,
  { starts, counts, weights, stride }: Filter,
  first: number,
  rows: Range,
  line: number,
): Uint8Array {
  const out = new Uint8ClampedArray(rows.count * line);
  const sums = new Int32Array(line);
  for (let i = 0; i < rows.count; i++) {
    const row = rows.from + i;
    sums.fill(half);
    for (let k = 0; k < counts[row]; k++) {
      const weight = weights[row * stride + k];
      const from = (starts[row] - first + k) * line;
      for (let c = 0; c < line; c++) sums[c] += Math.imul(x[from + c], weight);
    }
    for (let c = 0; c < line; c++) out[i * line + c] = sums[c] >> precision;
  }
  return new Uint8Array(out.buffer);
}

const filters = new Map<string, Filter>();

/** The filter from `length` to `newLength`; the last ones are kept. */
function filter(length: number, newLength: number, interpolation: Interpolation): Filter {
  const key = `${length}/${newLength}/${interpolation}`;
  let known = filters.get(key);
  if (known) return known;
  if (filters.size >= 256) filters.clear();
  filters.set(key, (known = makeFilter(length, newLength, interpolation)));
  return known;
}

function makeFilter(length: number, newLength: number, interpolation: Interpolation): Filter {
  const { reach, weight } = kernels[interpolation];
  const scale = length / newLength;
  const widened = Math.max(scale, 1);
  const width = reach * widened;
  const stride = Math.ceil(width) * 2 + 1;
  const starts = new Int32Array(newLength);
  const counts = new Int32Array(newLength);
  const weights = new Int32Array(newLength * stride);
  for (let i = 0; i < newLength; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - width + 0.5));
    const last = Math.min(length, Math.trunc(centre + width + 0.5));
    const w = Array.from({ length: last - first }, (_, k) => weight((k + first - centre + 0.5) / widened));
    const sum = w.reduce((a, b) => a + b, 0);
    starts[i] = first;
    counts[i] = w.length;
    w.forEach((v, k) => (weights[i * stride + k] = Math.round((v / sum) * 2 ** precision)));
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
 * ('contain').
 */
export function fitSquare(
  pixels: Uint8Array,
  from: { width: number; height: number },
  { size, fit, channels = 1 }: { size: number; fit: Fit; channels?: number },
): Uint8Array {
  const aspect = from.width / from.height;
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
