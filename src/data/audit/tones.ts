// Small grey pictures made comparable: tones by rank, detail without shading, the coarse frequencies of a perceptual hash.

/** A square of grey values. */
export interface Square {
  values: Float32Array;
  side: number;
}

/**
 * Grey values by rank, -1 to 1: brightness, contrast and gamma no longer count. Equal values share their ranks' middle.
 * @param pixels `[side, side]`, 8 bits
 */
export function equalised(pixels: Uint8Array): Square {
  const counts = new Uint32Array(256);
  for (const v of pixels) counts[v]++;
  const rank = new Float32Array(256);
  for (let v = 0, below = 0; v < 256; below += counts[v++])
    rank[v] = ((below + counts[v] / 2) / pixels.length) * 2 - 1;
  return { values: Float32Array.from(pixels, (v) => rank[v]), side: Math.sqrt(pixels.length) };
}

/** The square at half its side. */
export function halved({ values, side }: Square): Square {
  const half = side >> 1;
  const out = new Float32Array(half * half);
  for (let y = 0; y < half; y++)
    for (let x = 0; x < half; x++) {
      const at = 2 * y * side + 2 * x;
      out[y * half + x] = (values[at] + values[at + 1] + values[at + side] + values[at + side + 1]) / 4;
    }
  return { values: out, side: half };
}

/** A part of a square: its middle and half its width and height, where the whole reaches from -1 to 1. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const wholeBox: Box = { x: 0, y: 0, width: 1, height: 1 };

/** The part in the box, at `side` × `side`. */
export function cut({ values, side: from }: Square, box: Box, side: number): Square {
  const out = new Float32Array(side * side);
  const places = (middle: number, half: number): { low: number; part: number }[] =>
    Array.from({ length: side }, (_, i) => {
      const x = (middle + half * ((2 * i + 1) / side - 1) + 1) * 0.5 * from - 0.5;
      const low = Math.min(from - 2, Math.max(0, Math.floor(x)));
      return { low, part: Math.min(1, Math.max(0, x - low)) };
    });
  const across = places(box.x, box.width);
  const down = places(box.y, box.height);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [{ low: i, part: u }, { low: j, part: v }] = [across[x], down[y]];
      const at = j * from + i;
      const top = values[at] + u * (values[at + 1] - values[at]);
      const bottom = values[at + from] + u * (values[at + from + 1] - values[at + from]);
      out[y * side + x] = top + v * (bottom - top);
    }
  return { values: out, side };
}

/** Mirrored left to right. */
export function mirrored({ values, side }: Square): Square {
  return {
    values: values.map((_, at) => values[at - (at % side) + side - 1 - (at % side)]),
    side,
  };
}

/** The mean of the `(2 r + 1)²` values around each one, fewer at the borders. */
export function boxed({ values, side }: Square, r: number): Square {
  const line = (from: Float32Array, across: boolean): Float32Array => {
    const out = new Float32Array(from.length);
    const [step, next] = across ? [1, side] : [side, 1];
    for (let k = 0; k < side; k++) {
      const at = k * next;
      let sum = 0;
      let n = 0;
      for (let i = 0; i < Math.min(side, r); i++, n++) sum += from[at + i * step];
      for (let i = 0; i < side; i++) {
        if (i + r < side) {
          sum += from[at + (i + r) * step];
          n++;
        }
        if (i - r > 0) {
          sum -= from[at + (i - r - 1) * step];
          n--;
        }
        out[at + i * step] = sum / n;
      }
    }
    return out;
  };
  return { values: line(line(values, true), false), side };
}

const frequencies = 8;

/** Across and down, without the mean and the finest corner. */
const pairs = Array.from({ length: frequencies ** 2 }, (_, k) => [
  k % frequencies,
  Math.floor(k / frequencies),
]).filter(([across, down]) => across + down > 0 && across + down < frequencies);

/** How many coefficients `coarse` gives. */
export const coarseLength = pairs.length;

/** Which of them turn their sign in a mirror. */
export const coarseMirror = pairs.map(([across]) => (across % 2 === 1 ? -1 : 1));

const cosines = new Map<number, Float32Array>();

/** The lowest frequencies of the cosine transform but the mean: what a perceptual hash (pHash) takes the signs of. */
export function coarse({ values, side }: Square): Float32Array {
  let table = cosines.get(side);
  if (!table) {
    table = Float32Array.from({ length: frequencies * side }, (_, k) =>
      Math.cos((Math.floor(k / side) * (2 * (k % side) + 1) * Math.PI) / (2 * side)),
    );
    cosines.set(side, table);
  }
  const rows = new Float32Array(frequencies * side);
  for (let y = 0; y < side; y++)
    for (let f = 0; f < frequencies; f++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += table[f * side + x] * values[y * side + x];
      rows[f * side + y] = sum;
    }
  return Float32Array.from(pairs, ([across, down]) => {
    let sum = 0;
    for (let y = 0; y < side; y++) sum += table[down * side + y] * rows[across * side + y];
    return sum;
  });
}
