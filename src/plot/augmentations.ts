// A gallery of what augmentation does to a data set.

import type { augment, Dataset } from '../data/index.js';
import type { Figure } from './figure.js';
import { gallery } from './gallery.js';

/**
 * A row a picture: the original, then draws of the pipeline, lesions outlined.
 * @param steps as for `fit`'s `augment`
 * @param options.n draws of each picture (4)
 * @param options.pictures pictures of the set, drawn at random (3)
 * @param options.seed of pictures and draws (0)
 * @param options.size side in pixels (224)
 * @throws PlotError for a set without pictures, DataError for a step or option that cannot be
 */
export async function augmentations(
  dataset: Dataset,
  steps: readonly augment.Augmentation[],
  { title = 'Augmentation', ...options }: augment.DrawsOptions & { title?: string } = {},
): Promise<Figure> {
  const { augment } = await import('../data/index.js'); // data may show figures itself
  const films = await augment.draws(dataset, steps, options);
  return gallery(films, { columns: 1 + (options.n ?? 4), title });
}
