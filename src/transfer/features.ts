// What a network makes of the films of a data set, computed once and kept.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { compile, tf } from '../compute/index.js';
import { batches, type BatchOptions, type Dataset, type Row } from '../data/index.js';
import { readSafetensors, writeSafetensors, type Classifier, type InputBatch } from '../models/index.js';
import { progress, type ProgressOptions } from '../progress/index.js';
import { batchOptions } from '../train/index.js';
import { TransferError } from './errors.js';
import { keyOfFilm, keyOfWeights, passingKey } from './keys.js';

const pools = ['mean', 'max', 'none'] as const;

export interface FeatureOptions extends Pick<BatchOptions, 'workers' | 'onError'> {
  /** A layer's or stage's name, or a stage's number. Default: what the head is given. */
  layer?: string | number;
  /** What becomes of feature maps and tokens: the `mean` (default) or the `max` over places, or all of them, `none`. */
  pool?: (typeof pools)[number];
  batch?: number;
  /** A folder that keeps the features from one session to the next; within a session they are kept anyway. */
  folder?: string;
  signal?: AbortSignal;
  display?: ProgressOptions['display'];
}

export interface Features {
  /** `[film][feature]` in one piece. */
  x: Float32Array;
  shape: [films: number, features: number];
  /** Class number of each film. */
  truth: number[];
  rows: Row[];
  classes: readonly string[];
}

/**
 * Features of a data set's films, from a network as it is outside of training. The same weights, films and options are
 * computed once: what counts are the weights but for those of the head, and what the films' pixels depend on: of files their
 * sizes and times.
 * @throws TransferError `option`, `data`; ModelError `unknown-layer`
 */
export async function features(
  model: Classifier,
  dataset: Dataset,
  options: FeatureOptions = {},
): Promise<Features> {
  const { pool = 'mean', folder } = options;
  if (!pools.includes(pool))
    throw new TransferError('option', `pool is ${JSON.stringify(pool)}; it must be ${pools.join(', ')}.`);
  if (!dataset.rows.length) throw new TransferError('data', `${dataset.name} has no films.`);
  const layer = layerOf(model, options.layer);
  const films = await Promise.all(dataset.rows.map((row) => keyOfFilm(dataset, row)));
  const hash = createHash('sha256').update(
    JSON.stringify([
      keyOfWeights(model, layer !== model.head),
      model.inputShape,
      model.preprocessing,
      layer,
      pool,
    ]),
  );
  dataset.rows.forEach((row, i) => {
    const known = films[i];
    hash.update(JSON.stringify([row.index, row.label, known ? known.key : passingKey(dataset, row)]));
  });
  const key = hash.digest('hex');
  // what only this process knows has no name on the disk
  const lasting = films.every((film) => film);
  const file = folder && lasting ? join(folder, `${key}.safetensors`) : undefined;
  let kept = recall(key) ?? (file && existsSync(file) ? await read(file) : undefined);
  if (!kept) {
    kept = await compute(model, dataset, layer, { ...options, pool });
    if (file) await write(file, kept);
  }
  remember(key, kept);
  const labels = dataset.labels();
  return {
    x: kept.x,
    shape: kept.shape,
    truth: kept.places.map((i) => labels[i]),
    rows: kept.places.map((i) => dataset.rows[i]),
    classes: dataset.classes,
  };
}

/** What is kept: the features, and of which of the data set's rows. */
interface Kept {
  x: Float32Array;
  shape: [number, number];
  places: number[];
}

function layerOf(model: Classifier, layer: FeatureOptions['layer']): string {
  if (layer === undefined) return (model.layer(model.head).input as tfjs.SymbolicTensor).sourceLayer.name;
  if (typeof layer === 'string') return model.layer(layer).name;
  if (model.stages[layer]) return model.stages[layer];
  throw new TransferError(
    'option',
    `layer is ${layer}; ${model.name} has stages from 0 to ${model.stages.length - 1}.`,
  );
}

async function compute(
  model: Classifier,
  dataset: Dataset,
  layer: string,
  { pool, batch = 64, signal, workers, onError, display }: FeatureOptions,
): Promise<Kept> {
  const step = compile((x) => [pooled(outputOf(model, x as InputBatch, layer), pool)], { prepared: true });
  const parts: Float32Array[] = [];
  const place = new Map(dataset.rows.map((row, i) => [row, i]));
  const places: number[] = [];
  const bar = progress(dataset.rows.length, { label: `features of ${dataset.name}`, display });
  try {
    const films = { ...batchOptions(model), batch, signal, workers, onError, reuse: true };
    for await (const b of batches(dataset, films)) {
      const x = tf.tensor(b.x, b.shape) as InputBatch;
      const [y] = step.run([x]);
      parts.push((y.dataSync() as Float32Array).slice());
      tf.dispose([x, y]);
      places.push(...b.rows.map((row) => place.get(row)!));
      bar.update(b.n + b.skipped.length);
      await new Promise(setImmediate);
    }
  } finally {
    bar.close();
    step.dispose();
  }
  const x = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part, at);
    at += part.length;
  }
  return { x, shape: [places.length, x.length / places.length], places };
}

function outputOf(model: Classifier, x: InputBatch, layer: string): tfjs.Tensor {
  let output!: tfjs.Tensor;
  model.run(x, (name, y) => {
    if (name === layer) output = y;
    return y;
  });
  return output;
}

/** `[batch, feature]` of `[batch, …places, feature]`. */
function pooled(y: tfjs.Tensor, pool: FeatureOptions['pool']): tfjs.Tensor {
  if (y.rank === 2 || pool === 'none') return tf.reshape(y, [y.shape[0], -1]);
  const places = y.shape.slice(1, -1).map((_, i) => i + 1);
  return pool === 'max' ? tf.max(y, places) : tf.mean(y, places);
}

/** The features used last, up to so many bytes. */
const most = 512e6;
const memory = new Map<string, Kept>();

function recall(key: string): Kept | undefined {
  return memory.get(key);
}

function remember(key: string, kept: Kept): void {
  memory.delete(key);
  memory.set(key, kept);
  let bytes = [...memory.values()].reduce((sum, { x }) => sum + x.byteLength, 0);
  for (const [oldest, { x }] of memory) {
    if (bytes <= most || memory.size === 1) break;
    memory.delete(oldest);
    bytes -= x.byteLength;
  }
}

/** Forgets the features that are kept in memory. */
export function clearFeatures(): void {
  memory.clear();
}

async function write(file: string, { x, shape, places }: Kept): Promise<void> {
  await writeSafetensors(file, new Map([['features', { shape, data: x }]]), {
    places: JSON.stringify(places),
  });
}

async function read(file: string): Promise<Kept> {
  const { state, metadata } = await readSafetensors(file);
  const features = state.get('features');
  if (!features || !metadata.places)
    throw new TransferError(
      'file',
      `${file} is no file of features. Remove it, and they are computed again.`,
    );
  return {
    x: features.data,
    shape: features.shape as [number, number],
    places: JSON.parse(metadata.places) as number[],
  };
}
