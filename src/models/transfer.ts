// Transfer: which part of a network learns.

import type { Classifier } from './classifier.js';

/**
 * Freezes all layers up to and including `upTo`; the rest learns. Frozen batch norms keep their statistics.
 * @param upTo a layer's name, `all` but the head, or `none`
 * @returns how many parameter tensors learn
 */
export function freeze(model: Classifier, upTo: string): number {
  const layers = model.net.layers;
  const end =
    upTo === 'none'
      ? -1
      : layers.indexOf(model.layer(upTo === 'all' ? model.head : upTo)) - (upTo === 'all' ? 1 : 0);
  layers.forEach((layer, i) => (layer.trainable = i > end));
  return model.net.trainableWeights.length;
}

/** Lets the whole network learn. */
export const unfreeze = (model: Classifier): number => freeze(model, 'none');
