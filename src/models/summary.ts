// What a network consists of and what it costs: a row a layer or module.

import { inspect } from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import type { OptimizerName } from '../compute/index.js';
import { tableBundle } from '../table/index.js';
import type { Classifier } from './classifier.js';
import { ModelError } from './errors.js';
import { isTorchLayer } from './layers.js';
import { inputNames, isInput, outputName } from './layerwise.js';
import { whole } from './options.js';

export interface SummaryOptions {
  /** Samples whose memory is counted. Default 1. */
  batch?: number;
  /** How many parts of a layer's name tell rows apart: 1 makes a row of `layer4`, 2 of `layer4.0`. Default: all layers. */
  depth?: number;
  /** What the network would be trained with. Default `adam`. */
  optimizer?: OptimizerName;
  /** Whether that is SGD with momentum. Default true. */
  momentum?: boolean;
}

export interface SummaryRow {
  /** PyTorch's name of the layer, or the part of it that modules share. */
  layer: string;
  kind: string;
  /** Of one sample, `[height, width, channels]`; a module's last. */
  output: number[];
  parameters: number;
  /** Of one sample; convolutions, matrix products and attention count. */
  multiplyAdds: number;
}

/** Bytes, by the sizes of tensors: TensorFlow's kernels take some more on their way. */
export interface SummaryMemory {
  /** Parameters and statistics of norms. */
  weights: number;
  /** Weights and the most that is alive at once when the batch is scored. */
  inference: number;
  /** Weights, gradients, the optimiser's moments and all that the backward pass of the batch may need. */
  training: number;
}

export interface SummaryTotals {
  /** As PyTorch counts them: statistics of norms are none. */
  parameters: number;
  /** How many of them learn. */
  trainable: number;
  multiplyAdds: number;
  memory: SummaryMemory;
}

const product = (shape: readonly (number | null)[]): number => shape.reduce<number>((n, d) => n * d!, 1);
const outputOf = (layer: tfjs.layers.Layer): number[] =>
  (layer.output as tfjs.SymbolicTensor).shape.slice(1) as number[];
/** Moments that an optimiser keeps of each parameter. */
const moments = (name: OptimizerName, momentum: boolean): number => (name === 'sgd' ? Number(momentum) : 2);

/** Layers, shapes, parameters and multiply-adds; a notebook shows it as a table, a terminal as text. */
export class Summary {
  constructor(
    readonly model: string,
    readonly batch: number,
    readonly rows: readonly SummaryRow[],
    readonly totals: SummaryTotals,
  ) {}

  private get facts(): string {
    const { parameters, trainable, multiplyAdds, memory } = this.totals;
    const count = (n: number): string => n.toLocaleString('en');
    const learns = trainable === parameters ? '' : ` (${count(trainable)} learn)`;
    return (
      `${this.model}: ${count(parameters)} parameters${learns}, ${(multiplyAdds / 1e9).toFixed(3)} G multiply-adds a sample. ` +
      `Memory for a batch of ${this.batch}: ${megabytes(memory.inference)} to score, ${megabytes(memory.training)} to train, ${megabytes(memory.weights)} of it weights.`
    );
  }

  private bundle(): Record<string, string> {
    return tableBundle(
      this.rows.map(({ layer, kind, output, parameters, multiplyAdds }) => ({
        layer,
        kind,
        output: output.join(' × '),
        parameters,
        'multiply-adds': multiplyAdds,
      })),
      { rows: this.rows.length, grouped: true },
    );
  }

  toString(): string {
    return `${this.bundle()['text/plain']}\n${this.facts}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  [Symbol.for('Jupyter.display')](): Record<string, string> {
    const { 'text/html': html } = this.bundle();
    return { 'text/plain': this.toString(), 'text/html': `${html}<p>${this.facts}</p>` };
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * Summarises a network.
 * @throws ModelError `option` when batch or depth is no whole number from 1 on
 */
export function summary(model: Classifier, options: SummaryOptions = {}): Summary {
  const { batch = 1, depth, optimizer = 'adam', momentum = true } = options;
  for (const [name, value] of Object.entries({ batch, depth: depth ?? 1 }))
    if (!whole(value, 1))
      throw new ModelError('option', `${name} is ${value}; it must be a whole number from 1 on.`);
  const layers = model.net.layers.filter((layer) => !isInput(layer));
  const rows = layers.map(rowOf);
  const sum = (of: (row: SummaryRow) => number): number => rows.reduce((n, row) => n + of(row), 0);
  const weights = 4 * model.net.weights.reduce((n, w) => n + product(w.shape as number[]), 0);
  const trainable = model.net.trainableWeights.reduce((n, w) => n + product(w.shape as number[]), 0);
  const input = product(model.inputShape);
  const kept = layers.reduce((n, layer) => n + product(outputOf(layer)), input);
  return new Summary(model.name, batch, depth ? modules(rows, depth) : rows, {
    parameters: sum((row) => row.parameters),
    trainable,
    multiplyAdds: sum((row) => row.multiplyAdds),
    memory: {
      weights,
      inference: weights + 4 * batch * mostAlive(layers, input),
      training: weights + 4 * trainable * (1 + moments(optimizer, momentum)) + 4 * batch * kept,
    },
  });
}

function rowOf(layer: tfjs.layers.Layer): SummaryRow {
  const torch = isTorchLayer(layer) ? layer : undefined;
  const counted = torch?.parameters().filter(({ name }) => !name.startsWith('running_')) ?? [];
  return {
    layer: layer.name,
    kind: layer.getClassName().replace('Cellgrad', ''),
    output: outputOf(layer),
    parameters: counted.reduce((n, { shape }) => n + product(shape), 0),
    multiplyAdds: torch?.multiplyAdds?.() ?? 0,
  };
}

/** Rows whose names begin alike as one. */
function modules(rows: readonly SummaryRow[], depth: number): SummaryRow[] {
  const out = new Map<string, SummaryRow>();
  for (const row of rows) {
    const name = row.layer.split('.').slice(0, depth).join('.');
    const before = out.get(name);
    out.set(name, {
      ...row,
      layer: name,
      kind: before || name !== row.layer ? 'module' : row.kind,
      parameters: row.parameters + (before?.parameters ?? 0),
      multiplyAdds: row.multiplyAdds + (before?.multiplyAdds ?? 0),
    });
  }
  return [...out.values()];
}

/** The most values of a sample that are alive at once: what a layer reads and gives, and what later ones still read. */
function mostAlive(layers: readonly tfjs.layers.Layer[], input: number): number {
  const readers = new Map<string, number>();
  layers.forEach((layer, i) => inputNames(layer).forEach((name) => readers.set(name, i)));
  const live = new Map(layers.slice(0, 1).map((layer) => [inputNames(layer)[0], input]));
  let most = input;
  layers.forEach((layer, i) => {
    live.set(outputName(layer), product(outputOf(layer)));
    most = Math.max(
      most,
      [...live.values()].reduce((a, b) => a + b, 0),
    );
    for (const name of live.keys()) if ((readers.get(name) ?? -1) <= i) live.delete(name);
  });
  return most;
}
