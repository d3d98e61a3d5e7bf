// Letters and marks burnt into a picture: small bright shapes of thin strokes near a border, whose outlines stay where they are whatever
// grey value they are cut at (maximally stable extremal regions, Matas et al. 2002; for letters, Chen et al. 2011).

import { resize } from '../resize.js';

/** A mark: its middle and size as shares of the picture's width and height. */
export interface Mark {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The longer side that marks are looked for at. */
const side = 320;
/** How far from the border, as a share of each side, the middle of a mark may lie. */
const margin = 0.25;
/**
 * Grey values over which an outline must stay in place, by how many pixels it may move all the same, and the share of the shape that must
 * be there from the first: thin strokes would else grow from nothing within that distance.
 */
const contrast = 32;
const stays = 0.6;
const whole = 0.45;
/** Grey values from one look at the outlines to the next. */
const step = 4;
/** Of the longer side: the heights of letters, and how wide a shape may be, as letters may run into each other. */
const lowest = 0.018;
const highest = 0.16;
const widest = 0.2;
/** Thickness of a stroke as a share of a letter's longer side, at most: a filled disc has 0.39. */
const thickest = 0.28;

/** Connected shapes that stand out of their surroundings as printed letters do. */
export function findMarks(grey: Uint8Array, width: number, height: number): Mark[] {
  const scale = Math.min(1, side / Math.max(width, height));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  if (Math.min(w, h) < 32) return [];
  const small = resize(grey, { width, height }, { width: w, height: h });
  return stableShapes(small, w, h)
    .filter((shape) => isLetter(shape, w, h))
    .map(({ left, right, top, bottom }) => ({
      x: (left + right + 1) / 2 / w,
      y: (top + bottom + 1) / 2 / h,
      width: (right + 1 - left) / w,
      height: (bottom + 1 - top) / h,
    }));
}

/** A connected shape of what is brighter than some grey value. */
interface Shape {
  area: number;
  /** Sides of pixels at its outline. */
  outline: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** How a shape grew while the grey value that it is cut at fell. */
interface Growth {
  /** What it was at the last looks, the latest last. */
  past: Shape[];
  /** By how many pixels its outline moved where it moved least, and the shape then. */
  moved: number;
  best?: Shape;
}

/** The least area of a mark, in pixels. */
const least = 6;

/** Shapes no larger than a mark whose outline hardly moves over `contrast` grey values. */
function stableShapes(grey: Uint8Array, w: number, h: number): Shape[] {
  const shapes = new Shapes(w, h, Math.round(widest * Math.max(w, h)));
  const order = fromBright(grey);
  let next = 0;
  for (let level = 255 - step; level >= 0; level -= step) {
    for (; next < order.length && grey[order[next]] >= level; next++) shapes.add(order[next]);
    shapes.look();
  }
  return shapes.found();
}

/** Pixels joined to shapes as they are added, the brightest first: a union-find, whose roots have each shape's facts. */
class Shapes {
  /** -1 where no pixel has been added. */
  private readonly parent: Int32Array;
  /** 0: larger than any mark, no longer looked at. */
  private readonly area: Int32Array;
  private readonly outline: Int32Array;
  private readonly box: Int16Array;
  private readonly growing = new Map<number, Growth>();
  private readonly ended: Shape[] = [];
  private readonly around = new Int32Array(8);

  constructor(
    private readonly w: number,
    private readonly h: number,
    private readonly most: number,
  ) {
    const n = w * h;
    this.parent = new Int32Array(n).fill(-1);
    this.area = new Int32Array(n);
    this.outline = new Int32Array(n);
    this.box = new Int16Array(4 * n);
  }

  add(at: number): void {
    const { parent, area, box, around, w, h } = this;
    const [x, y] = [at % w, Math.floor(at / w)];
    let sides = 4;
    let keeper = at;
    let n = 0;
    for (let j = Math.max(0, y - 1); j <= Math.min(h - 1, y + 1); j++)
      for (let i = Math.max(0, x - 1); i <= Math.min(w - 1, x + 1); i++) {
        const to = j * w + i;
        if (to === at || parent[to] < 0) continue;
        if (i === x || j === y) sides -= 2;
        const root = this.root(to);
        around[n++] = root;
        // what is too large takes in all; else the largest goes on, and the others end in it
        if (keeper === at || area[root] === 0 || (area[keeper] > 0 && area[root] > area[keeper]))
          keeper = root;
      }
    parent[at] = keeper;
    if (keeper === at) box.set([x, x, y, y], 4 * at);
    for (let k = 0; k < n; k++)
      if (parent[around[k]] === around[k] && around[k] !== keeper) this.join(keeper, around[k]);
    if (keeper !== at && area[keeper] === 0) return;
    this.grow(keeper, 1, sides, x, x, y, y);
  }

  private join(keeper: number, other: number): void {
    const { parent, area, outline, box } = this;
    parent[other] = keeper;
    this.end(other);
    const b = 4 * other;
    if (area[keeper] > 0)
      this.grow(keeper, area[other], outline[other], box[b], box[b + 1], box[b + 2], box[b + 3]);
  }

  private grow(
    at: number,
    area: number,
    outline: number,
    left: number,
    right: number,
    top: number,
    bottom: number,
  ) {
    const { box } = this;
    const b = 4 * at;
    this.area[at] += area;
    this.outline[at] += outline;
    box[b] = Math.min(box[b], left);
    box[b + 1] = Math.max(box[b + 1], right);
    box[b + 2] = Math.min(box[b + 2], top);
    box[b + 3] = Math.max(box[b + 3], bottom);
    if (box[b + 1] - box[b] >= this.most || box[b + 3] - box[b + 2] >= this.most) {
      this.end(at);
      this.area[at] = 0;
    } else if (this.area[at] >= least && !this.growing.has(at))
      this.growing.set(at, { past: [], moved: stays });
  }

  private root(at: number): number {
    const { parent } = this;
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  }

  private end(at: number): void {
    const best = this.growing.get(at)?.best;
    if (best) this.ended.push(best);
    this.growing.delete(at);
  }

  /** Notes how each shape is now, and how far its outline has come over the last `contrast` grey values. */
  look(): void {
    const looks = contrast / step;
    for (const [at, growth] of this.growing) {
      const { past } = growth;
      const [area, outline] = [this.area[at], this.outline[at]];
      const [left, right, top, bottom] = this.box.subarray(4 * at, 4 * at + 4);
      past.push({ area, outline, left, right, top, bottom });
      if (past.length <= looks) continue;
      if (past.length > looks + 1) past.shift();
      const moved = (area - past[0].area) / outline;
      if (moved > growth.moved || past[0].area < whole * area) continue;
      growth.moved = moved;
      growth.best = past[looks >> 1];
    }
  }

  found(): Shape[] {
    for (const at of [...this.growing.keys()]) this.end(at);
    return this.ended;
  }
}

/** Places of the pixels, the brightest first. */
function fromBright(grey: Uint8Array): Int32Array {
  const starts = new Int32Array(257);
  for (const v of grey) starts[256 - v]++;
  for (let v = 1; v < 257; v++) starts[v] += starts[v - 1];
  const order = new Int32Array(grey.length);
  for (let at = 0; at < grey.length; at++) order[starts[255 - grey[at]]++] = at;
  return order;
}

/** Whether the size, place and thickness of a shape are a letter's. */
function isLetter({ area, outline, left, right, top, bottom }: Shape, w: number, h: number): boolean {
  const long = Math.max(w, h);
  const [wide, high] = [right - left + 1, bottom - top + 1];
  const x = (left + right + 1) / 2 / w;
  const y = (top + bottom + 1) / 2 / h;
  const fill = area / (wide * high);
  return (
    Math.min(x, 1 - x, y, 1 - y) < margin &&
    high >= lowest * long &&
    high <= highest * long &&
    wide >= 0.006 * long &&
    high / wide < 6 &&
    wide / high < 6 &&
    fill > 0.2 &&
    fill < 0.95 &&
    (2 * area) / outline < thickest * Math.max(wide, high)
  );
}
