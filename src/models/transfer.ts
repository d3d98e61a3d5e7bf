// A head for other classes, which may keep output neurons of the old one.

import { tf } from '../compute/index.js';
import type { Classifier } from './classifier.js';
import { ModelError, nearest } from './errors.js';
import { classNames } from './options.js';
import { linear, linearBias, seedFor, torchConv, torchConvBias } from './init.js';
import { Activation, Conv2d, Linear, type TorchLayer } from './layers.js';

/** Output neurons that stay: for a new class the old one whose neuron it takes; true keeps those of the same name. */
export type Keep = boolean | Readonly<Record<string, string>>;

export interface ReplaceHeadOptions {
  seed?: number;
  keep?: Keep;
}

/**
 * Gives the model a new head for other classes, with initial weights by PyTorch's rule for the layer; the rest stays as it
 * is. Kept neurons have the weights and biases that they had, bit for bit.
 * @param classes their names, or how many there are
 * @returns the same model
 * @throws ModelError `option` where `keep` names a class that is not there; the model is unchanged
 */
export function replaceHead(
  model: Classifier,
  classes: readonly string[] | number,
  { seed = 0, keep = false }: ReplaceHeadOptions = {},
): Classifier {
  const names = classNames(classes);
  const pairs = keptNeurons(model.classes, names, keep);
  const units = names.length;
  const before = pairs.length ? neurons(model) : [];
  model.setHead([like(model, model.head, units, seed)], names);
  before.forEach((old, p) => {
    const { variable } = (model.layer(model.head) as TorchLayer).parameters()[p];
    const values = (variable.read().dataSync() as Float32Array).slice();
    const rows = values.length / units;
    for (const [to, from] of pairs)
      for (let row = 0; row < rows; row++) values[row * units + to] = old[(row * old.length) / rows + from];
    tf.tidy(() => void variable.write(tf.tensor(values, variable.shape as number[], 'float32')));
  });
  return model;
}

/** A fully connected layer of the kind of the model's head, with initial weights by PyTorch's rule for it. */
function like(model: Classifier, name: string, units: number, seed: number): Conv2d | Linear {
  const own = seedFor(seed, name);
  return model.head && model.layer(model.head) instanceof Conv2d
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
}

/**
 * Gives the model a head with hidden layers and ReLUs between them, named as in an nn.Sequential (`fc.0`, `fc.1` …), or
 * none at all, so that it gives features.
 * @param hidden units of each hidden layer, or `none`
 */
export function reshapeHead(model: Classifier, hidden: readonly number[] | 'none', seed: number): void {
  if (hidden === 'none') return model.setHead([], []);
  const { head, classes } = model;
  const layers = hidden.flatMap((units, i) => [
    like(model, `${head}.${2 * i}`, units, seed),
    new Activation({ name: `${head}.${2 * i + 1}`, kind: 'relu' }),
  ]);
  layers.push(like(model, `${head}.${2 * hidden.length}`, classes.length, seed));
  model.setHead(layers, classes);
}

/** Values of the head's weight and bias; the outputs are their last axis. */
function neurons(model: Classifier): Float32Array[] {
  const head = model.layer(model.head) as TorchLayer;
  return head.parameters().map(({ variable }) => (variable.read().dataSync() as Float32Array).slice());
}

/**
 * Places of the neurons that a new head keeps, in it and in the old one.
 * @throws ModelError `option` where `keep` names a class that is not there
 */
export function keptNeurons(
  old: readonly string[],
  classes: readonly string[],
  keep: Keep,
): Array<[to: number, from: number]> {
  const same = (): string[][] => classes.filter((name) => old.includes(name)).map((name) => [name, name]);
  const wanted = typeof keep === 'object' ? Object.entries(keep) : keep ? same() : [];
  const place = (of: readonly string[], name: string, which: string): number => {
    const at = of.indexOf(name);
    if (at >= 0) return at;
    throw new ModelError(
      'option',
      `keep names "${name}", which is none of the ${which} classes; nearest: ${nearest(name, of).join(', ')}. It gives new classes old ones, as in { normal: 'No Finding' }.`,
    );
  };
  return wanted.map(([to, from]) => [place(classes, to, 'new'), place(old, from, 'old')]);
}
