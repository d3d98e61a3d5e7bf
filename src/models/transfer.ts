// Transfer: a head for other classes, and which part of a network learns.

import type { Classifier } from './classifier.js';
import { classNames } from './options.js';
import { linear, linearBias, seedFor, torchConv, torchConvBias } from './init.js';
import { Conv2d, Linear } from './layers.js';

/**
 * Gives the model a new head for other classes, with initial weights by PyTorch's rule for the layer; the rest stays as it is.
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
  const { head: name } = model;
  const units = names.length;
  const head =
    model.layer(name) instanceof Conv2d
      ? // as SqueezeNet and DPN classify
        new Conv2d({
          name,
          filters: units,
          size: 1,
          bias: true,
          init: torchConv(own),
          biasInit: torchConvBias(own + 1),
        })
      : new Linear({ name, units, init: linear(own), biasInit: linearBias(own + 1) });
  model.setHead(head, names);
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
