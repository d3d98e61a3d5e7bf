// Strokes, tables and cloudy textures on float planes: the few shapes a phantom is made of. Only +, −, ×, ÷ and square roots, which
// IEEE 754 rounds the same way everywhere: the same seed gives the same bytes on every machine and version of Node.

import type { Random } from '../random.js';

/** 0 below `low`, 1 above `high`, smooth between. */
export function step(low: number, high: number, x: number): number {
  const t = (x - low) / (high - low);
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/** A bump of height 1 at 0 that falls to 0 at 1 with flat ends. */
export function bump(t: number): number {
  const s = 1 - t * t;
  return s <= 0 ? 0 : s * s;
}

export const square = (x: number): number => x * x;

export const clamp = (x: number, low = 0, high = 1): number => (x < low ? low : x > high ? high : x);

/** Tables hold a function of a length in [-reach, reach]; `index(x)` is where its value at x stands. */
const reach = 1.6;
const entries = 2048;
const scale = entries / (2 * reach);

export function tabulate(f: (x: number) => number): Float32Array {
  const table = new Float32Array(entries);
  for (let i = 0; i < entries; i++) table[i] = f((i + 0.5) / scale - reach);
  return table;
}

export function index(x: number): number {
  return x <= -reach ? 0 : x >= reach ? entries - 1 : ((x + reach) * scale) | 0;
}

/** Adds a line from (x0, y0) to (x1, y1) in pixels, `radius` thick with a soft edge; overlaps within one call don't add. */
export function stroke(
  plane: Float32Array,
  size: number,
  [x0, y0, x1, y1]: readonly number[],
  radius: number,
  value: number,
  weight?: Float32Array,
): void {
  const soft = Math.max(radius, 0.5) + 0.7;
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - soft));
  const right = Math.min(size - 1, Math.ceil(Math.max(x0, x1) + soft));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - soft));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(y0, y1) + soft));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length2 = dx * dx + dy * dy || 1e-9;
  const full = value * Math.min(1, radius * 2);
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const t = clamp(((x - x0) * dx + (y - y0) * dy) / length2);
      const ex = x - x0 - t * dx;
      const ey = y - y0 - t * dy;
      const d2 = ex * ex + ey * ey;
      if (d2 >= soft * soft) continue;
      const v = full * Math.min(1, soft - Math.sqrt(d2));
      plane[y * size + x] += weight ? v * weight[y * size + x] : v;
    }
}

/** A cloudy texture in about [-1, 1]: smooth noise on a grid of `cells` by `cells`, read at (x, y) in [0, 1]. */
export function clouds(r: Random, cells: number): (x: number, y: number) => number {
  const n = cells + 2;
  const grid = new Float32Array(n * n);
  for (let i = 0; i < grid.length; i++) grid[i] = r(-1, 1);
  return (x, y) => {
    const gx = clamp(x, 0, 0.9999) * cells;
    const gy = clamp(y, 0, 0.9999) * cells;
    const ix = gx | 0;
    const iy = gy | 0;
    let tx = gx - ix;
    let ty = gy - iy;
    tx *= tx * (3 - 2 * tx);
    ty *= ty * (3 - 2 * ty);
    const at = iy * n + ix;
    const top = grid[at] + (grid[at + 1] - grid[at]) * tx;
    const low = grid[at + n] + (grid[at + n + 1] - grid[at + n]) * tx;
    return top + (low - top) * ty;
  };
}

/** Adds such a texture, times `height`, to a whole square plane. */
export function addClouds(plane: Float32Array, r: Random, cells: number, size: number, height: number): void {
  const n = cells + 2;
  const grid = new Float32Array(n * n);
  for (let i = 0; i < grid.length; i++) grid[i] = r(-height, height);
  const places = new Int32Array(size);
  const weights = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const at = ((i + 0.5) * cells) / size;
    places[i] = at;
    const t = at - places[i];
    weights[i] = t * t * (3 - 2 * t);
  }
  const line = new Float32Array(n);
  for (let j = 0; j < size; j++) {
    const row = places[j] * n;
    for (let c = 0; c < n; c++) line[c] = grid[row + c] + (grid[row + n + c] - grid[row + c]) * weights[j];
    for (let i = 0, at = j * size; i < size; i++, at++) {
      const c = places[i];
      plane[at] += line[c] + (line[c + 1] - line[c]) * weights[i];
    }
  }
}

/** Adds noise of this standard deviation, a little correlated with its neighbours as a detector's is. */
export function addNoise(plane: Float32Array, r: Random, size: number, deviation: number): void {
  const sigma = deviation / 147.8; // four bytes of a hash sum to about a normal number of this deviation
  const row = new Float32Array(size + 1); // the row above, overwritten from the left; [0] is the margin
  let state = (r() * 4294967296) | 0;
  for (let j = 0, at = 0; j < size; j++) {
    let corner = 0;
    for (let i = 0; i < size; i++, at++) {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      t ^= t >>> 14;
      const bell = (t & 255) + ((t >>> 8) & 255) + ((t >>> 16) & 255) + (t >>> 24) - 510;
      const above = row[i + 1];
      row[i + 1] = 0.25 * (row[i] + above) - 0.0625 * corner + bell * sigma;
      corner = above;
      plane[at] += row[i + 1];
    }
  }
}

/** A cloudy texture in space, in about [-1, 1], read at x, y and z in [0, 1]. */
export function clouds3(r: Random, cells: number): (x: number, y: number, z: number) => number {
  const n = cells + 2;
  const grid = new Float32Array(n * n * n);
  for (let i = 0; i < grid.length; i++) grid[i] = r(-1, 1);
  const ease = (t: number): number => t * t * (3 - 2 * t);
  return (x, y, z) => {
    const gx = clamp(x, 0, 0.9999) * cells;
    const gy = clamp(y, 0, 0.9999) * cells;
    const gz = clamp(z, 0, 0.9999) * cells;
    const at = ((gz | 0) * n + (gy | 0)) * n + (gx | 0);
    const tx = ease(gx - (gx | 0));
    const ty = ease(gy - (gy | 0));
    const plane = (from: number): number => {
      const top = grid[from] + (grid[from + 1] - grid[from]) * tx;
      const low = grid[from + n] + (grid[from + n + 1] - grid[from + n]) * tx;
      return top + (low - top) * ty;
    };
    const near = plane(at);
    return near + (plane(at + n * n) - near) * ease(gz - (gz | 0));
  };
}
