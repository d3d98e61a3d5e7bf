// Draws of a pipeline to look at: each picture as it is, then as it may come to the network.

import { batches } from '../batches.js';
import type { Dataset, Film } from '../dataset.js';
import type { Augmentation } from './types.js';

export interface DrawsOptions {
  /** Pictures of the set, drawn at random. Default 3. */
  pictures?: number;
  /** Draws of each. Default 4. */
  n?: number;
  seed?: number;
  /** Side in pixels. Default 224. */
  size?: number;
  /** Shorter side before a crop. Default: the stored picture's for `crop`, `size` else. */
  resize?: number;
}

/** For each picture 1 + `n` films: the original and its draws, with the lesion's outline where there is one. The same as epochs 1 to n of batches with this seed. */
export async function draws(
  dataset: Dataset,
  steps: readonly Augmentation[],
  { pictures = 3, n = 4, seed = 0, size = 224, resize }: DrawsOptions = {},
): Promise<Film[]> {
  const set = dataset.sample({ n: pictures, seed });
  const rows: Film[][] = set.rows.map(() => []);
  const masks = dataset.source.mask !== undefined;
  for (let epoch = 0; epoch <= n; epoch++) {
    const options = { size, seed, epoch, masks, batch: Math.max(1, set.length), workers: 0, cache: 0 };
    const shown = epoch === 0 ? options : { ...options, augment: steps, resize };
    for await (const { x, masks: outlines, rows: films } of batches(set, shown))
      films.forEach((row, i) => {
        const plane = size * size;
        const outline = outlines?.subarray(i * plane, (i + 1) * plane);
        rows[i].push({
          pixels: Uint8Array.from(x.subarray(i * plane, (i + 1) * plane), (v) =>
            Math.round(255 * Math.min(1, Math.max(0, v))),
          ),
          width: size,
          height: size,
          caption: epoch === 0 ? row.label : `draw ${epoch}`,
          ...(outline?.includes(1) ? { outline } : {}),
        });
      });
  }
  return rows.flat();
}
