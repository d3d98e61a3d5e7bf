// Published files as the networks name their tensors: what torchvision and timm mend when they load them.

import { fromLibraries } from '../library-names.js';
import type { StateDict } from '../stored.js';
import type { PublishedWeights } from './registry.js';

/** TensorFlow's heads for ImageNet's 1,000 classes have one more before them, for the background, which is left out. */
const WITH_BACKGROUND = 1001;

/** A file's tensors under the network's own names. */
export function mended(given: StateDict, { model, classes }: PublishedWeights): StateDict {
  const state = fromLibraries(model, given);
  for (const [name, { shape, data }] of state)
    if (classes === WITH_BACKGROUND - 1 && shape[0] === WITH_BACKGROUND)
      state.set(name, { shape: [classes, ...shape.slice(1)], data: data.slice(data.length / shape[0]) });
  return state;
}
