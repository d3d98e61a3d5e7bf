// One picture laid over another: an affine map found by Lucas and Kanade's method (inverse compositional, Baker and Matthews 2004),
// and how well the detail then agrees.

import { boxed, wholeBox, type Box, type Square } from './tones.js';

/** x' = a x + b y + c, y' = d x + e y + f; both pictures reach from -1 to 1. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const identity: Affine = [1, 0, 0, 0, 1, 0];

/** Bilinear value at (x, y) in pixels; NaN outside. */
function valueAt({ values, side }: Square, x: number, y: number): number {
  if (!(x >= 0 && y >= 0 && x <= side - 1 && y <= side - 1)) return NaN;
  const i = Math.min(side - 2, Math.floor(x));
  const j = Math.min(side - 2, Math.floor(y));
  const [u, v] = [x - i, y - j];
  const at = j * side + i;
  const top = values[at] + u * (values[at + 1] - values[at]);
  const bottom = values[at + side] + u * (values[at + side + 1] - values[at + side]);
  return top + v * (bottom - top);
}

/** `picture` as the map lays it over a square of the same side; NaN where it does not reach. */
export function warped(picture: Square, [a, b, c, d, e, f]: Affine): Square {
  const { side } = picture;
  const out = new Float32Array(side * side);
  const half = (side - 1) / 2;
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++) {
      const x = i / half - 1;
      const y = j / half - 1;
      out[j * side + i] = valueAt(picture, (a * x + b * y + c + 1) * half, (d * x + e * y + f + 1) * half);
    }
  return { values: out, side };
}

/**
 * The map that lays `moving` over `fixed`, from `start` on. Differences are clipped, so that letters and lesions don't pull. Undefined where
 * the pictures part.
 */
export function align(fixed: Square, moving: Square, start: Affine, steps = 12): Affine | undefined {
  const { side, values } = fixed;
  const half = (side - 1) / 2;
  const slopes = new Float64Array(side * side * 6);
  for (let j = 1; j < side - 1; j++)
    for (let i = 1; i < side - 1; i++) {
      const at = j * side + i;
      const gx = ((values[at + 1] - values[at - 1]) / 2) * half;
      const gy = ((values[at + side] - values[at - side]) / 2) * half;
      const x = i / half - 1;
      const y = j / half - 1;
      slopes.set([gx * x, gx * y, gx, gy * x, gy * y, gy], at * 6);
    }
  let map = start;
  const hessian = new Float64Array(36);
  const right = new Float64Array(6);
  for (let step = 0; step < steps; step++) {
    const laid = warped(moving, map).values;
    hessian.fill(0);
    right.fill(0);
    for (let at = 0; at < laid.length; at++) {
      if (Number.isNaN(laid[at])) continue;
      const difference = laid[at] - values[at];
      const weight = 1 / Math.max(1, Math.abs(difference) / 0.3);
      const s = at * 6;
      for (let p = 0; p < 6; p++) {
        const w = weight * slopes[s + p];
        right[p] += w * difference;
        for (let q = 0; q <= p; q++) hessian[p * 6 + q] += w * slopes[s + q];
      }
    }
    const change = solve(hessian, right);
    if (!change) return undefined;
    map = compose(map, change);
    if (Math.abs(map[0] - 1) + Math.abs(map[4] - 1) > 0.6 || Math.abs(map[1]) + Math.abs(map[3]) > 0.5)
      return undefined;
    if (change.every((v) => Math.abs(v) < 0.0005)) break;
  }
  return map;
}

/** `map` after the inverse of (identity + change). */
function compose([a, b, c, d, e, f]: Affine, p: Float64Array): Affine {
  const [A, B, C, D, E, F] = [1 + p[0], p[1], p[2], p[3], 1 + p[4], p[5]];
  const det = A * E - B * D;
  const [ia, ib, id, ie] = [E / det, -B / det, -D / det, A / det];
  const ic = -(ia * C + ib * F);
  const if_ = -(id * C + ie * F);
  return [
    a * ia + b * id,
    a * ib + b * ie,
    a * ic + b * if_ + c,
    d * ia + e * id,
    d * ib + e * ie,
    d * ic + e * if_ + f,
  ];
}

/** Solves the symmetric 6 × 6 system, whose lower half is given, by Cholesky's method. */
function solve(m: Float64Array, right: Float64Array): Float64Array | undefined {
  const l = m.slice();
  for (let i = 0; i < 6; i++)
    for (let j = 0; j <= i; j++) {
      let sum = l[i * 6 + j];
      for (let k = 0; k < j; k++) sum -= l[i * 6 + k] * l[j * 6 + k];
      if (i > j) l[i * 6 + j] = sum / l[j * 6 + j];
      else if (sum <= 1e-9) return undefined;
      else l[i * 6 + i] = Math.sqrt(sum);
    }
  const x = right.slice();
  for (let i = 0; i < 6; i++) {
    for (let k = 0; k < i; k++) x[i] -= l[i * 6 + k] * x[k];
    x[i] /= l[i * 6 + i];
  }
  for (let i = 5; i >= 0; i--) {
    for (let k = i + 1; k < 6; k++) x[i] -= l[k * 6 + i] * x[k];
    x[i] /= l[i * 6 + i];
  }
  return x;
}

/** 0 in the box, NaN outside and so near to its edge that what lies outside counts in means over `r`. */
function within(side: number, box: Box, r: number): Square {
  const values = new Float32Array(side * side);
  if (box !== wholeBox) {
    const half = (side - 1) / 2;
    const margin = (r + 1) / half;
    for (let at = 0; at < values.length; at++) {
      const x = (at % side) / half - 1;
      const y = Math.floor(at / side) / half - 1;
      if (Math.abs(x - box.x) > box.width - margin || Math.abs(y - box.y) > box.height - margin)
        values[at] = NaN;
    }
  }
  return { values, side };
}

export interface Agreement {
  /** Median over blocks of the correlation of detail, -1 to 1. */
  detail: number;
  /** Share of the square that both pictures cover. */
  overlap: number;
}

/**
 * How well the detail (finer than a tenth of the side) of two squares agrees, in 8 × 8 blocks of their own; `inside` is what of each is picture, as
 * the edge of a white border is the strongest detail of all, and the same on every film of a scanner.
 */
export function agreement(
  fixed: Square,
  moving: Square,
  map: Affine,
  inside: readonly [Box, Box] = [wholeBox, wholeBox],
): Agreement {
  const laid = warped(moving, map);
  const { side } = fixed;
  let covered = 0;
  for (let at = 0; at < laid.values.length; at++)
    if (Number.isNaN(laid.values[at])) laid.values[at] = fixed.values[at];
    else covered++;
  const r = Math.max(2, Math.round(side / 20));
  const outside = warped(within(side, inside[1], r), map).values;
  within(side, inside[0], r).values.forEach((v, at) => (outside[at] += v));
  const smooth = (of: Square): Float32Array => {
    const shade = boxed(of, r).values;
    return of.values.map((v, at) => v - shade[at]);
  };
  const [a, b] = [smooth(fixed), smooth(laid)];
  const blocks = 8;
  const size = side / blocks;
  const found: { r: number; energy: number }[] = [];
  for (let by = 0; by < blocks; by++)
    for (let bx = 0; bx < blocks; bx++) {
      let [aa, bb, ab, n, all] = [0, 0, 0, 0, 0];
      for (let y = Math.ceil(by * size); y < (by + 1) * size; y++)
        for (let x = Math.ceil(bx * size); x < (bx + 1) * size; x++) {
          const at = y * side + x;
          all++;
          if (Number.isNaN(outside[at])) continue;
          n++;
          aa += a[at] * a[at];
          bb += b[at] * b[at];
          ab += a[at] * b[at];
        }
      if (n < 0.7 * all) continue;
      found.push({ r: ab / Math.sqrt(aa * bb + 1e-12), energy: Math.min(aa, bb) / n });
    }
  // blocks without detail, such as a black border, say nothing
  const energies = found.map(({ energy }) => energy).sort((p, q) => p - q);
  const least = Math.max(1e-5, 0.2 * (energies[Math.floor(energies.length * 0.75)] ?? 0));
  const telling = found.filter(({ energy }) => energy >= least).map(({ r: value }) => value);
  telling.sort((p, q) => p - q);
  return {
    detail: telling.length < 8 ? 0 : telling[Math.floor(telling.length / 2)],
    overlap: covered / laid.values.length,
  };
}
