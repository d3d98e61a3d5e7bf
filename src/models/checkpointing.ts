// Gradient checkpointing (Chen et al. 2016): of a network in training only what lies between its parts is kept; the
// backward pass computes each part once more.

import type * as tfjs from '@tensorflow/tfjs';
import { custom, ops, tf } from '../compute/index.js';
import { inputNames, isInput, layerwise, outputName } from './layerwise.js';

type Layer = tfjs.layers.Layer;

/** Layers that take one tensor from those before them and give one to those after them. */
interface Part {
  layers: Layer[];
  input: string;
}

/** Where one part can end and the next one begin. */
interface Cut {
  /** Number of layers before it. */
  at: number;
  /** Elements of the tensor that crosses it, of one sample. */
  crossing: number;
  /** Elements that the layers up to here put out. */
  before: number;
}

const elements = (layer: Layer): number =>
  (layer.output as tfjs.SymbolicTensor).shape.slice(1).reduce<number>((n, d) => n * d!, 1);

/** The places that a single tensor crosses, the two ends among them. */
function cuts(layers: Layer[]): Cut[] {
  const readers = new Map<string, number>();
  layers.forEach((layer, i) => {
    if (!isInput(layer)) for (const name of inputNames(layer)) readers.set(name, i);
  });
  const live = new Set<string>();
  const out: Cut[] = [{ at: 0, crossing: 0, before: 0 }];
  let before = 0;
  layers.forEach((layer, i) => {
    before += elements(layer);
    live.add(outputName(layer));
    for (const name of live) if ((readers.get(name) ?? -1) <= i) live.delete(name);
    const last = i === layers.length - 1;
    if ((live.size === 1 && live.has(outputName(layer))) || last)
      out.push({ at: i + 1, crossing: last ? 0 : elements(layer), before });
  });
  return out;
}

/** The cuts that keep the least: all that crosses them and the largest part between them. */
function choose(all: Cut[]): Cut[] {
  const size = (from: number, to: number): number => all[to].before - all[from].before;
  const limits = new Set(all.flatMap((_, to) => all.slice(0, to).map((_, from) => size(from, to))));
  let least = Infinity;
  let chosen: number[] = [];
  for (const limit of limits) {
    // what crosses on the cheapest way to each cut by parts within the limit
    const cost = all.map(() => Infinity);
    const from = all.map(() => -1);
    cost[0] = 0;
    for (let to = 1; to < all.length; to++)
      for (let i = to - 1; i >= 0 && size(i, to) <= limit; i--)
        if (cost[i] + all[to].crossing < cost[to]) {
          cost[to] = cost[i] + all[to].crossing;
          from[to] = i;
        }
    if (cost[all.length - 1] + limit >= least) continue;
    least = cost[all.length - 1] + limit;
    chosen = [];
    for (let i = all.length - 1; i >= 0; i = from[i]) chosen.unshift(i);
  }
  return chosen.map((i) => all[i]);
}

/** A network's training pass that keeps little; it gives what `net.apply(x, { training: true })` gives. */
export class Checkpointed {
  private readonly parts: Part[];

  constructor(net: tfjs.LayersModel) {
    const { layers } = net;
    const ends = choose(cuts(layers));
    this.parts = ends.slice(1).map((end, i) => ({
      layers: layers.slice(ends[i].at, end.at),
      input: outputName(layers[Math.max(0, ends[i].at - 1)]),
    }));
  }

  /** @param x `[batch, height, width, channels]` */
  apply(x: tfjs.Tensor): tfjs.Tensor {
    const last = this.parts.length - 1;
    // nothing comes between the two passes of the last part
    return this.parts.reduce((y, part, i) => (i === last ? run(part, y) : kept(part, y)), x);
  }
}

const run = ({ layers, input }: Part, value: tfjs.Tensor, again = false): tfjs.Tensor =>
  layerwise(
    layers,
    { name: input, value },
    (layer, given) => layer.call(given, { training: true, again }) as tfjs.Tensor,
  );

/** A part of whose values only its input is kept. */
function kept(part: Part, x: tfjs.Tensor): tfjs.Tensor {
  const variables = part.layers.flatMap((layer) =>
    layer.trainableWeights.map((w) => (w as unknown as { val: tfjs.Variable }).val),
  );
  return custom([x, ...variables], ([x], save) => {
    save([x]);
    return {
      value: run(part, x),
      gradient: (dy, [x]) => {
        const { state } = tf.engine();
        const tape = state.activeTape; // that of the whole pass, which the gradient of a part would take for its own
        try {
          return tf.grads((x) => run(part, x, true))([ops.waiting(x, dy), ...variables], dy);
        } finally {
          state.activeTape = tape;
        }
      },
    };
  });
}
