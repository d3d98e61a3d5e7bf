// Strokes, discs and cloudy textures on a film's float planes: the few shapes a phantom is made of.

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
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length2));
      const ex = x - x0 - t * dx;
      const ey = y - y0 - t * dy;
      const d = Math.sqrt(ex * ex + ey * ey);
      if (d >= soft) continue;
      const v = value * Math.min(1, soft - d) * Math.min(1, radius * 2);
      plane[y * size + x] += weight ? v * weight[y * size + x] : v;
    }
}

/** A cloudy texture in about [-1, 1]: smooth noise on a grid of `cells` by `cells`, read at (x, y) in [0, 1]. */
export function clouds(r: Random, cells: number): (x: number, y: number) => number {
  const n = cells + 2;
  const grid = Float32Array.from({ length: n * n }, () => r(-1, 1));
  return (x, y) => {
    const gx = Math.min(Math.max(x, 0), 0.9999) * cells;
    const gy = Math.min(Math.max(y, 0), 0.9999) * cells;
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
