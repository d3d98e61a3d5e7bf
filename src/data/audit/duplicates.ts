// Pictures that are in the set more than once: the same bytes, the same pixels, or the same film after editing.

import type { Dataset, Row } from '../dataset.js';
import { agreement, align, type Affine } from './align.js';
import { greyOf, pictureOf, squareOf, type Examined } from './examine.js';
import { breathe, type Watch } from './progress.js';
import {
  coarse,
  coarseLength,
  coarseMirror,
  cut,
  equalised,
  halved,
  mirrored,
  wholeBox,
  type Box,
  type Square,
} from './tones.js';

/** Pictures with the same content. */
export interface ExactGroup {
  kind: 'bytes' | 'pixels';
  rows: Row[];
}

export interface NearPair {
  rows: [Row, Row];
  /** Correlation of detail once one is laid over the other: 1 where nothing but tones was changed. */
  correlation: number;
  mirrored: boolean;
  inverted: boolean;
}

/** Groups of pictures whose files, or whose decoded pixels, are equal. */
export function exactDuplicates(pictures: readonly Examined[]): ExactGroup[] {
  const groups = new Map<string, Examined[]>();
  for (const one of pictures) groups.set(one.pixels, [...(groups.get(one.pixels) ?? []), one]);
  return [...groups.values()]
    .filter((group) => group.length > 1 && group[0].low < group[0].high)
    .map((group) => {
      const sums = new Set(group.map(({ file }) => file?.sha256));
      const sameBytes = sums.size === 1 && !sums.has(undefined);
      return { kind: sameBytes ? 'bytes' : 'pixels', rows: group.map(({ row }) => row) };
    });
}

/** Likeness of the coarse frequencies from which on two pictures are laid over each other. */
const like = 0.5;
/** How many of the likest pictures are looked at for each. */
const nearest = 3;
/** Agreement of detail from which on two pictures are one film: at 64 pixels for a closer look, at 192 for good. */
const closer = 0.68;
const same = 0.86;
/** The same for two films of one patient in one split: taken on the same day, or drawn, they may look this much alike by themselves. */
const sameOfPatient = 0.96;
const largeSide = 192;

interface Candidate {
  a: number;
  b: number;
  likeness: number;
  /** Parts of a and b that looked alike. */
  boxes: [Box, Box];
  mirrored: boolean;
  inverted: boolean;
}

/**
 * Pairs of pictures that show the same film though they were re-encoded, resized, cropped a little, turned a little, changed in brightness,
 * contrast or gamma, inverted, or written on. Each group of equal pictures counts once. Coarse frequencies (a perceptual hash, whitened over the
 * set so that what all chest films have in common doesn't count) name candidates; these are laid over each other and compared in
 * detail finer than a tenth of the side. The time grows with the square of the number of pictures.
 */
export async function nearDuplicates(
  set: Dataset,
  all: readonly Examined[],
  { mirror, watch }: { mirror: boolean; watch: Watch },
): Promise<NearPair[]> {
  const seen = new Set<string>();
  const pictures = all.filter((one) => {
    if (one.high - one.low < 8 || seen.has(one.pixels)) return false;
    return seen.add(one.pixels);
  });
  const squares = pictures.map(({ small }) => equalised(small));
  const large = cache((index: number) =>
    pictureOf(set, pictures[index].row).then((picture) =>
      equalised(squareOf(greyOf(picture), picture.width, picture.height, largeSide)),
    ),
  );
  const candidates = await likest(pictures, squares, mirror, watch);
  const pairs: NearPair[] = [];
  for (const [k, one] of candidates.entries()) {
    await breathe(watch, 'comparing pictures', k + 1, candidates.length);
    const turned = (square: Square): Square => {
      const flipped = one.mirrored ? mirrored(square) : square;
      return one.inverted ? { ...flipped, values: flipped.values.map((v) => -v) } : flipped;
    };
    const [fixed, moving] = [squares[one.a], turned(squares[one.b])];
    const other = pictures[one.b].box;
    const inside: [Box, Box] = [
      pictures[one.a].box,
      one.mirrored && other !== wholeBox ? { ...other, x: -other.x } : other,
    ];
    let map = align(halved(fixed), halved(moving), startOf(one));
    if (!map || agreement(fixed, moving, map, inside).detail < 0.35) continue;
    map = align(fixed, moving, map, 8);
    if (!map || agreement(fixed, moving, map, inside).detail < closer) continue;
    const [bigFixed, bigMoving] = [await large(one.a), turned(await large(one.b))];
    map = align(bigFixed, bigMoving, map, 4) ?? map;
    const { detail, overlap } = agreement(bigFixed, bigMoving, map, inside);
    const rows: [Row, Row] = [pictures[one.a].row, pictures[one.b].row];
    const together = rows[0].patient === rows[1].patient && rows[0].split === rows[1].split;
    if (detail < (together ? sameOfPatient : same) || overlap < 0.5) continue;
    pairs.push({
      rows,
      correlation: detail,
      mirrored: one.mirrored,
      inverted: one.inverted,
    });
  }
  return pairs.sort((p, q) => q.correlation - p.correlation);
}

/** The map from the first picture's part to the second's. */
function startOf({ boxes: [p, q], mirrored: flip }: Candidate): Affine {
  const x = flip ? -q.x : q.x;
  const across = q.width / p.width;
  const down = q.height / p.height;
  return [across, 0, x - across * p.x, 0, down, q.y - down * p.y];
}

/** Each picture's likest others. */
async function likest(
  pictures: readonly Examined[],
  squares: readonly Square[],
  mirror: boolean,
  watch: Watch,
): Promise<Candidate[]> {
  const n = pictures.length;
  // the whole, two zooms into the middle, the whole without plain borders, and its negative
  const [borderless, negative] = [3, 4];
  const boxes = pictures.map(({ box }) => [
    wholeBox,
    { ...wholeBox, width: 0.92, height: 0.92 },
    { ...wholeBox, width: 0.84, height: 0.84 },
    box,
    wholeBox,
  ]);
  const views = boxes[0]?.length ?? 0;
  const hashes = new Float32Array(n * views * coarseLength);
  for (let i = 0; i < n; i++) {
    boxes[i].forEach((box, v) => {
      const hash = coarse(cut(squares[i], box, 32));
      hashes.set(v === negative ? hash.map((c) => -c) : hash, (i * views + v) * coarseLength);
    });
    await breathe(watch, 'hashing pictures', i + 1, n);
  }
  whiten(hashes, views);
  const combinations = [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [2, 0],
    [borderless, borderless],
    [0, negative],
  ] as const;
  const best: Candidate[][] = Array.from({ length: 2 * n }, () => []); // negatives apart, so that they crowd nobody out
  const add = (i: number, one: Candidate): void => {
    const list = best[one.inverted ? n + i : i];
    const most = one.inverted ? 1 : nearest;
    if (list.length === most && list[most - 1].likeness >= one.likeness) return;
    list.push(one);
    list.sort((p, q) => q.likeness - p.likeness);
    if (list.length > most) list.pop();
  };
  for (let a = 0; a < n; a++) {
    await breathe(watch, 'finding candidates', a + 1, n);
    for (let b = a + 1; b < n; b++) {
      let likeness = like;
      let found: readonly [number, number] | undefined;
      let flipped = false;
      for (const pair of combinations) {
        if (pair[0] === borderless && boxes[a][borderless] === wholeBox && boxes[b][borderless] === wholeBox)
          continue;
        const p = (a * views + pair[0]) * coarseLength;
        const q = (b * views + pair[1]) * coarseLength;
        let dot = 0;
        for (let k = 0; k < coarseLength; k++) dot += hashes[p + k] * hashes[q + k];
        if (dot > likeness) [likeness, found, flipped] = [dot, pair, false];
        if (!mirror) continue;
        dot = 0;
        for (let k = 0; k < coarseLength; k++) dot += hashes[p + k] * hashes[q + k] * coarseMirror[k];
        if (dot > likeness) [likeness, found, flipped] = [dot, pair, true];
      }
      if (!found) continue;
      const one: Candidate = {
        a,
        b,
        likeness,
        boxes: [boxes[a][found[0]], boxes[b][found[1]]],
        mirrored: flipped,
        inverted: found[1] === negative,
      };
      add(a, one);
      add(b, one);
    }
  }
  return [...new Set(best.flat())].sort((p, q) => q.likeness - p.likeness);
}

/** Each coefficient less its mean over the set and divided by its spread, then each hash of length 1. */
function whiten(hashes: Float32Array, views: number): void {
  const width = coarseLength;
  const n = hashes.length / (width * views);
  for (let k = 0; k < width; k++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const v = hashes[i * views * width + k];
      sum += v;
      squares += v * v;
    }
    const mean = sum / n;
    const spread = Math.sqrt(Math.max(1e-12, squares / n - mean * mean));
    for (let at = k; at < hashes.length; at += width) hashes[at] = (hashes[at] - mean) / spread;
  }
  for (let at = 0; at < hashes.length; at += width) {
    let squares = 1e-12;
    for (let k = 0; k < width; k++) squares += hashes[at + k] ** 2;
    const factor = 1 / Math.sqrt(squares);
    for (let k = 0; k < width; k++) hashes[at + k] *= factor;
  }
}

/** The last values asked for, at most 128. */
function cache<T>(make: (key: number) => Promise<T>): (key: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>();
  return (key) => {
    let value = kept.get(key);
    if (!value) kept.set(key, (value = make(key)));
    if (kept.size > 128) kept.delete(kept.keys().next().value!);
    return value;
  };
}
