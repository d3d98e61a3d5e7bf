// Drawn squares as a data set's pictures and masks, of the size that is asked for.

import type { PixelSource, Row } from '../dataset.js';
import { fitted, withChannels } from '../picture.js';
import { resize } from '../resize.js';

/** @param grey draws a row's picture, [size, size] */
export function drawnPictures(
  size: number,
  grey: (row: Row) => Uint8Array,
): Required<Pick<PixelSource, 'pixels' | 'picture'>> {
  const picture = (row: Row) => ({ pixels: grey(row), width: size, height: size, channels: 1 as const });
  return {
    async pixels(row, wanted) {
      return withChannels(fitted(picture(row), wanted), wanted.channels);
    },
    async picture(row) {
      return picture(row);
    },
  };
}

/** A mask of another size: 1 where most of the place is. */
export function resizeMask(mask: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return mask.slice();
  const grey = mask.map((v) => v * 255);
  return resize(grey, { width: from, height: from }, { width: to, height: to }).map((v) =>
    v >= 128 ? 1 : 0,
  );
}
