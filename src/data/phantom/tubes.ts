// Vessels and airways of a CT phantom, as segments in space, and the part of them that a slice meets.

import type { Random } from '../random.js';
import type { Patient } from './anatomy.js';

/** A segment of a vessel or bronchus, ends and radius. */
export type Tube = readonly [
  x0: number,
  y0: number,
  z0: number,
  x1: number,
  y1: number,
  z1: number,
  radius: number,
];

/** The part of a segment between two heights, as shares of its length; nothing where from >= to. */
export function clip(y0: number, y1: number, low: number, high: number): [number, number] {
  if (Math.abs(y1 - y0) < 1e-6) return y0 >= low && y0 <= high ? [0, 1] : [1, 0];
  const [a, b] = [(low - y0) / (y1 - y0), (high - y0) / (y1 - y0)];
  return [Math.max(0, Math.min(a, b)), Math.min(1, Math.max(a, b))];
}

/** Vessels that branch from the hila outwards. */
export function tree(p: Patient, r: Random): Tube[] {
  const tubes: Tube[] = [];
  const height = p.base - p.apex;
  const grow = (
    x: number,
    y: number,
    z: number,
    dx: number,
    dy: number,
    dz: number,
    radius: number,
    left: number,
  ): void => {
    const length = r(0.05, 0.1);
    const [nx, ny, nz] = [x + dx * length, y + dy * length, z + dz * length];
    tubes.push([x, y, z, nx, ny, nz, radius]);
    if (left === 0) return;
    const turn = (): number => r(-0.35, 0.35);
    grow(nx, ny, nz, dx + turn(), dy + turn(), dz + turn(), radius * 0.84, left - 1);
    if (r.chance(0.75))
      grow(
        nx,
        ny,
        nz,
        dx + 2 * turn(),
        dy + 2 * turn(),
        dz + 2 * turn(),
        radius * 0.6,
        Math.min(left - 1, 3),
      );
  };
  for (const side of [-1, 1])
    for (let k = 0; k < 16; k++) {
      const dy = -1 + (2 * (k + r())) / 16;
      const dz = r(-0.9, 0.9);
      grow(
        side * 0.16,
        p.apex + height * r(0.4, 0.58),
        r(-0.05, 0.1),
        side * (1 - 0.5 * Math.abs(dy)),
        dy,
        dz,
        r(0.012, 0.022),
        6,
      );
    }
  return tubes;
}

/** Airways from the hilum of a side into what lies around a place. */
export function airways(
  p: Patient,
  side: number,
  { x: cx, y: cy, z: cz }: { x: number; y: number; z: number },
  r: Random,
): Tube[] {
  const tubes: Tube[] = [];
  for (let k = 0; k < 9; k++) {
    let [x, y, z] = [side * 0.15, p.apex + 0.5 * (p.base - p.apex), 0.02];
    const [tx, ty, tz] = [cx + r(-0.28, 0.28), cy + r(-0.28, 0.28), cz + r(-0.28, 0.28)];
    for (let s = 0; s < 5; s++) {
      const [nx, ny, nz] = [x + (tx - x) * 0.34, y + (ty - y) * 0.34, z + (tz - z) * 0.34];
      tubes.push([x, y, z, nx, ny, nz, 0.017 - 0.002 * s]);
      [x, y, z] = [nx, ny, nz];
    }
  }
  return tubes;
}
