// Transfer: a head for other classes, and which part of a network learns.

import type { Classifier } from './classifier.js';
import { classNames } from './options.js';
import { linear, linearBias, seedFor } from './init.js';
import { Linear } from './layers.js';

/**
 * Gives the model a new head for other classes, with initial weights by torch.nn.Linear's rule; the rest stays as it is.
 * @param classes their names, or how many there are
 * @returns the same model
 */
export function replaceHead(
  model: Classifier,
  classes: readonly string[] | number,
  { seed = 0 }: { seed?: number } = {},
): Classifier {
  const names = classNames(classes);
  const own = seedFor(seed, model.head);
  const head = { name: model.head, units: names.length, init: linear(own), biasInit: linearBias(own + 1) };
  model.setHead(new Linear(head), names);
  return model;
}

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
