// Resizing of 8-bit pictures in memory: Pillow's BILINEAR (a triangle filter widened when shrinking), bit for bit.

const precision = 22; // Pillow's PRECISION_BITS for 8-bit pictures: 32 - 8 - 2

/**
 * Resizes `pixels` ([height, width, channels], 8 bits) to [newHeight, newWidth, channels], equal to Pillow's
 * `resize(..., BILINEAR)`: first across, then down, rounded to 8 bits in between.
 */
export function resize(
  pixels: Uint8Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
  channels = 1,
): Uint8Array {
  if (from.width === to.width && from.height === to.height) return pixels;
  const across = along(pixels, from.height, from.width, to.width, channels);
  // down is across with rows as items: [height][width * channels]
  return along(across, 1, from.height, to.height, to.width * channels);
}

/** Resizes the middle axis of [outer, length, inner]. */
function along(x: Uint8Array, outer: number, length: number, newLength: number, inner: number): Uint8Array {
  if (length === newLength) return x;
  const out = new Uint8Array(outer * newLength * inner);
  const { starts, counts, weights, stride } = triangle(length, newLength);
  const sums = new Int32Array(inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < newLength; i++) {
      sums.fill(1 << (precision - 1));
      for (let k = 0; k < counts[i]; k++) {
        const w = weights[i * stride + k];
        const at = (o * length + starts[i] + k) * inner;
        for (let c = 0; c < inner; c++) sums[c] += x[at + c] * w;
      }
      const to = (o * newLength + i) * inner;
      for (let c = 0; c < inner; c++) {
        const v = sums[c] >> precision;
        out[to + c] = v < 0 ? 0 : v > 255 ? 255 : v;
      }
    }
  }
  return out;
}

function triangle(length: number, newLength: number) {
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
