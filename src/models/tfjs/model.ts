// A network as a TensorFlow.js graph model: model.json, and its weights in files beside it.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { record, tensorIds, tf, type Precision } from '../../compute/index.js';
import { writeWhole } from '../../files.js';
import type { Classifier, InputBatch } from '../classifier.js';
import { ModelError } from '../errors.js';
import { checkRange, narrowed } from '../weights/narrow.js';
import { Graph, type Recorded, type Weight } from './graph.js';

/** Of a file of weights: what TensorFlow's own converter makes them, so that browsers cache them. */
const SHARD_BYTES = 4 * 2 ** 20;

export interface GraphModelOptions {
  /** Size of the batch; any where it isn't given. */
  batch?: number;
  softmax?: boolean;
  precision?: Precision;
  /** What model.json says of the model. */
  facts: object;
  /** Told of bytes that are about to be written. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes a model for `tf.loadGraphModel`. Files of weights are named by what is in them, so that an older model.json stays
 * whole until the new one takes its place; then its files go.
 * @throws ModelError `export`, FileError
 */
export async function writeGraphModel(
  model: Classifier,
  path: string,
  { batch, softmax = false, precision = 'float32', facts, onBytes }: GraphModelOptions,
): Promise<void> {
  const output = softmax ? 'probabilities' : 'logits';
  const graph = graphOf(model, output, batch === undefined ? [2, 3] : [batch]);
  const base = basename(path).replace(/\.json$/i, '');
  const paths: string[] = [];
  try {
    for (const shard of shards(graph.weights, precision)) {
      onBytes(shard.length);
      const name = `${base}-${createHash('sha256').update(shard).digest('hex').slice(0, 16)}.bin`;
      await writeWhole(join(dirname(path), name), shard);
      paths.push(name);
    }
    const info = (name: string, size: Array<number | string>): object => ({
      name: `${name}:0`,
      dtype: 'DT_FLOAT',
      tensorShape: { dim: [batch ?? -1, ...size].map((n) => ({ size: String(n) })) },
    });
    const content = {
      format: 'graph-model',
      generatedBy: 'cellgrad',
      convertedBy: null,
      signature: {
        inputs: { input: info('input', model.inputShape) },
        outputs: { [output]: info(output, [model.classes.length]) },
      },
      userDefinedMetadata: facts,
      modelTopology: { node: graph.nodes, library: {}, versions: { producer: 1882 } },
      weightsManifest: [{ paths, weights: graph.weights.map((w) => entry(w, precision)) }],
    };
    await writeWhole(path, JSON.stringify(content));
  } finally {
    sweep(path, base);
  }
}

/** The network's graph, of what it does on a batch of each of these sizes. */
function graphOf(model: Classifier, output: string, batches: number[]): Graph {
  const named = [...model.parameters()];
  const ids = tensorIds(named.map(([, p]) => p.variable.read()));
  const parameters = new Map(
    named.map(([name, { variable }], i): [number, Weight] => [
      ids[i],
      {
        name,
        shape: variable.shape as number[],
        dtype: 'float32',
        parameter: true,
        read: () => variable.read().dataSync() as Float32Array,
      },
    ]),
  );
  const [first, second] = batches.map((batch): Recorded => {
    const x = tf.zeros([batch, ...model.inputShape]);
    try {
      const recording = record((x, part) => {
        const logits = model.run(x as InputBatch, (layer, y) => {
          part(layer);
          return y;
        });
        return output === 'logits' ? logits : tf.softmax(logits);
      }, x);
      return { recording, batch };
    } finally {
      x.dispose();
    }
  });
  if (second && first.recording.ops.length !== second.recording.ops.length)
    throw new ModelError(
      'export',
      `${model.name} computes otherwise on another batch; give the batch that the file is for.`,
    );
  const graph = new Graph(parameters, first, second);
  graph.build({ name: 'input', shape: model.inputShape }, output);
  return graph;
}

const isNarrow = (w: Weight, precision: Precision): boolean => w.parameter && precision !== 'float32';

const entry = (w: Weight, precision: Precision): tfjs.io.WeightsManifestEntry => ({
  name: w.name,
  shape: w.shape,
  dtype: w.dtype,
  ...(isNarrow(w, precision) && { quantization: { dtype: 'float16' } }),
});

/** The weights one after another, cut into files. */
function* shards(weights: Weight[], precision: Precision): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for (const w of weights) {
    const values = w.read();
    let rest: Uint8Array;
    if (isNarrow(w, precision)) {
      checkRange(w.name, values as Float32Array);
      rest = narrowed(values as Float32Array, precision);
    } else rest = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    while (bytes + rest.length >= SHARD_BYTES) {
      const fits = SHARD_BYTES - bytes;
      yield Buffer.concat([...parts, rest.subarray(0, fits)]);
      rest = rest.subarray(fits);
      parts = [];
      bytes = 0;
    }
    parts.push(rest);
    bytes += rest.length;
  }
  if (bytes) yield Buffer.concat(parts);
}

/** Removes files of weights that the model.json there is doesn't name. */
function sweep(path: string, base: string): void {
  const folder = dirname(path);
  let named: string[];
  try {
    const { weightsManifest } = JSON.parse(readFileSync(path, 'utf8')) as {
      weightsManifest: Array<{ paths: string[] }>;
    };
    named = weightsManifest.flatMap(({ paths }) => paths);
  } catch {
    named = []; // there is none
  }
  for (const file of readdirSync(folder)) {
    const own = file.startsWith(`${base}-`) && /^[0-9a-f]{16}\.bin$/.test(file.slice(base.length + 1));
    if (own && !named.includes(file)) rmSync(join(folder, file));
  }
}
