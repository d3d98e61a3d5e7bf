// Letters and marks burnt into a picture: small bright shapes of one tone with sharp edges near a border.

import { resize } from '../resize.js';

/** A mark: its middle and size as shares of the picture's width and height. */
export interface Mark {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The longer side that marks are looked for at. */
const side = 240;
/** How far from the border, as a share of each side, the middle of a mark may lie. */
const margin = 0.25;

/** Connected shapes that stand out of their surroundings as printed letters do. */
export function findMarks(grey: Uint8Array, width: number, height: number): Mark[] {
  const scale = Math.min(1, side / Math.max(width, height));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  if (Math.min(w, h) < 32) return [];
  const small = resize(grey, { width, height }, { width: w, height: h });
  return shapes(small, w, h);
}

function shapes(grey: Uint8Array, w: number, h: number): Mark[] {
  const long = Math.max(w, h);
  // brighter than what is left when everything thinner than a stroke of a letter is worn off
  const reach = Math.max(3, Math.round(long * 0.016));
  const opened = open(grey, w, h, reach);
  const ink = grey.map((v, at) => (v - opened[at] > 60 && v > 150 ? 1 : 0));
  const seen = new Uint8Array(grey.length);
  const found: Mark[] = [];
  for (let start = 0; start < ink.length; start++) {
    if (!ink[start] || seen[start]) continue;
    const shape = connected(ink, seen, w, h, start);
    const mark = judge(shape, grey, w, h, long);
    if (mark) found.push(mark);
  }
  return found;
}

/** What is left of bright shapes narrower than `2 r` when they are worn off (a morphological opening by a square). */
function open(grey: Uint8Array, w: number, h: number, r: number): Uint8Array {
  const worn = lowest(grey, w, h, r);
  invert(worn);
  const grown = lowest(worn, w, h, r);
  invert(grown);
  return grown;
}

function invert(grey: Uint8Array): void {
  for (let at = 0; at < grey.length; at++) grey[at] = 255 - grey[at];
}

/** The least value within `r` across and down. */
function lowest(grey: Uint8Array, w: number, h: number, r: number): Uint8Array {
  const wide = w + 2 * r;
  const padded = new Uint8Array(wide * (h + 2 * r)).fill(255);
  for (let y = 0; y < h; y++) padded.set(grey.subarray(y * w, (y + 1) * w), (y + r) * wide + r);
  // windows of 2, 4, 8 … values that begin at each place, and two of these that overlap; across, then down
  const window = 2 * r + 1;
  for (const step of [1, wide]) {
    const merge = (distance: number): void => {
      const end = padded.length - distance;
      for (let at = 0; at < end; at++)
        if (padded[at + distance] < padded[at]) padded[at] = padded[at + distance];
    };
    let size = 1;
    for (; 2 * size <= window; size *= 2) merge(size * step);
    merge((window - size) * step);
  }
  const out = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) out.set(padded.subarray(y * wide, y * wide + w), y * w);
  return out;
}

function connected(ink: Uint8Array, seen: Uint8Array, w: number, h: number, start: number): number[] {
  const shape = [start];
  seen[start] = 1;
  for (const at of shape) {
    const [x, y] = [at % w, Math.floor(at / w)];
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        const [i, j] = [x + dx, y + dy];
        const to = j * w + i;
        if (i < 0 || j < 0 || i >= w || j >= h || !ink[to] || seen[to]) continue;
        seen[to] = 1;
        shape.push(to);
      }
  }
  return shape;
}

/** The shape as a mark, where its size, place, filling and evenness are a letter's. */
function judge(
  shape: readonly number[],
  grey: Uint8Array,
  w: number,
  h: number,
  long: number,
): Mark | undefined {
  if (shape.length < 6) return undefined;
  let [left, right, top, bottom] = [w, 0, h, 0];
  let sum = 0;
  for (const at of shape) {
    const [x, y] = [at % w, Math.floor(at / w)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    sum += grey[at];
  }
  const [wide, high] = [right - left + 1, bottom - top + 1];
  const x = (left + right + 1) / 2 / w;
  const y = (top + bottom + 1) / 2 / h;
  const mean = sum / shape.length;
  const uneven = Math.sqrt(shape.reduce((s, at) => s + (grey[at] - mean) ** 2, 0) / shape.length);
  const fill = shape.length / (wide * high);
  const near = Math.min(x, 1 - x, y, 1 - y) < margin;
  const fits =
    near &&
    high >= 0.018 * long &&
    high <= 0.16 * long &&
    wide <= 0.16 * long &&
    wide >= 0.006 * long &&
    wide / high < 3 &&
    high / wide < 6 &&
    fill > 0.2 &&
    fill < 0.95;
  if (!fits || uneven > 45) return undefined;
  // a printed edge is steep: around it the picture falls by most of the height within two pixels
  let steep = 0;
  let edge = 0;
  const inside = new Set(shape);
  for (const at of shape) {
    const px = at % w;
    const py = Math.floor(at / w);
    if (px < 2 || py < 2 || px >= w - 2 || py >= h - 2) continue;
    for (const step of [1, -1, w, -w])
      if (!inside.has(at + step)) {
        edge++;
        if (grey[at] - grey[at + 2 * step] > 45) steep++;
      }
  }
  return edge > 0 && steep / edge > 0.6 ? { x, y, width: wide / w, height: high / h } : undefined;
}
