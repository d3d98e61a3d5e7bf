// What the audit takes from each picture: facts of the file, checksums, tones, a small square, burnt-in marks.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Dataset, Row } from '../dataset.js';
import { describeError } from '../errors.js';
import type { Picture } from '../picture.js';
import { resize } from '../resize.js';
import { fileFacts, type FileFacts } from './file.js';
import { findMarks, type Mark } from './marks.js';
import { breathe, type Watch } from './progress.js';
import { wholeBox, type Box } from './tones.js';

/** Side of the small square. */
export const smallSide = 64;

export interface Examined {
  row: Row;
  /** Absent where the picture is made on demand. */
  file?: FileFacts & { sha256: string };
  /** Checksum of the pixels and the size. */
  pixels: string;
  width: number;
  height: number;
  colour: boolean;
  /** Grey values: the 1st and 99th of a hundred, and the share at 0 or 255. */
  low: number;
  high: number;
  clipped: number;
  /** `[64, 64]`, stretched. */
  small: Uint8Array;
  /** What is left without borders of one tone. */
  box: Box;
  marks: Mark[];
}

export interface Broken {
  row: Row;
  /** Why it can't be read, in a sentence. */
  error: string;
}

/** The picture as it is stored, at most some 1024 pixels large. */
export async function pictureOf(set: Dataset, row: Row): Promise<Picture> {
  if (set.source.picture) return set.source.picture(row, { side: 512 });
  const size = 256;
  return { pixels: await set.pixels(row, { size }), width: size, height: size, channels: 1 };
}

/** Every picture, in order; those that can't be read apart. */
export async function examineAll(
  set: Dataset,
  watch: Watch,
): Promise<{ pictures: Examined[]; broken: Broken[] }> {
  const found = new Array<Examined | Broken>(set.length);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < set.length) {
      const at = next++;
      const row = set.rows[at];
      found[at] = await examine(set, row).catch((error: unknown) => ({ row, error: describeError(error) }));
      done++;
      await breathe(watch, 'reading pictures', done, set.length);
    }
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  const isBroken = (one: Examined | Broken): one is Broken => 'error' in one;
  return {
    pictures: found.filter((one): one is Examined => !isBroken(one)),
    broken: found.filter(isBroken),
  };
}

async function examine(set: Dataset, row: Row): Promise<Examined> {
  const [content, picture] = await Promise.all([
    row.file === undefined ? undefined : readFile(row.file),
    pictureOf(set, row),
  ]);
  const { pixels, width, height, channels } = picture;
  const grey = greyOf(picture);
  const counts = new Uint32Array(256);
  for (const v of grey) counts[v]++;
  return {
    row,
    ...(content && { file: { ...fileFacts(content), sha256: checksum(content) } }),
    pixels: `${width}x${height}x${channels}:${checksum(pixels)}`,
    width,
    height,
    colour: channels === 3,
    low: percentile(counts, 0.01),
    high: percentile(counts, 0.99),
    clipped: (counts[0] + counts[255]) / grey.length,
    small: squareOf(grey, width, height, smallSide),
    box: withoutBorders(grey, width, height),
    marks: findMarks(grey, width, height),
  };
}

const checksum = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Grey values `[height, width]`, by ITU-R 601. */
export function greyOf({ pixels, channels }: Picture): Uint8Array {
  if (channels === 1) return pixels;
  const out = new Uint8Array(pixels.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3)
    out[i] = (pixels[at] * 19595 + pixels[at + 1] * 38470 + pixels[at + 2] * 7471 + 0x8000) >> 16;
  return out;
}

export const squareOf = (grey: Uint8Array, width: number, height: number, side: number): Uint8Array =>
  resize(grey, { width, height }, { width: side, height: side }).slice();

function percentile(counts: Uint32Array, share: number): number {
  const total = counts.reduce((a, b) => a + b, 0);
  for (let v = 0, sum = 0; v < 256; v++) {
    sum += counts[v];
    if (sum >= share * total) return v;
  }
  return 255;
}

/** The picture without lines of one dark or bright tone at its four sides, a third of it at most on each. */
function withoutBorders(grey: Uint8Array, width: number, height: number): Box {
  const plain = (at: number, step: number, n: number): boolean => {
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < n; k++) {
      const v = grey[at + k * step];
      sum += v;
      squares += v * v;
    }
    const mean = sum / n;
    return squares / n - mean * mean < 16 && (mean < 20 || mean > 235);
  };
  const least = { x: width / 3, y: height / 3 };
  let [left, right, top, bottom] = [0, width, 0, height];
  while (top < least.y && plain(top * width, 1, width)) top++;
  while (bottom > height - least.y && plain((bottom - 1) * width, 1, width)) bottom--;
  while (left < least.x && plain(left, width, height)) left++;
  while (right > width - least.x && plain(right - 1, width, height)) right--;
  if (right - left === width && bottom - top === height) return wholeBox;
  return {
    x: (left + right) / width - 1,
    y: (top + bottom) / height - 1,
    width: (right - left) / width,
    height: (bottom - top) / height,
  };
}
