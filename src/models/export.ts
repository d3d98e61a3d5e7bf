// Models for other programs: weights for PyTorch, ONNX for any runtime, TensorFlow.js for browsers.

import type * as tfjs from '@tensorflow/tfjs';
import type { Precision } from '../compute/index.js';
import { checkWritable, writeWhole } from '../files.js';
import type { Progress } from '../progress/index.js';
import type { ShowKind } from '../progress/show.js';
import type { Classifier } from './classifier.js';
import { ModelError } from './errors.js';
import { whole } from './options.js';
import { description, save } from './save.js';

export type ExportFormat = 'safetensors' | 'onnx' | 'tfjs';

export interface ExportOptions {
  /** Default: by the path's ending, `.safetensors`, `.onnx`, or `.json` for TensorFlow.js. */
  format?: ExportFormat;
  /** ONNX and TensorFlow.js: how many pictures a batch has. Default: any number. */
  batch?: number;
  /** ONNX and TensorFlow.js: gives probabilities in place of logits. Default: false. */
  softmax?: boolean;
  /** What weights are kept in. Default: float32; safetensors take float16 and bfloat16 too, TensorFlow.js float16. */
  precision?: Precision;
  /** Kept in the file: what the model was trained on, its results. */
  facts?: Record<string, unknown>;
  /** Where progress is shown when it takes over 2 s. */
  display?: ShowKind;
  /** Told how many bytes of how many are written. */
  onProgress?: (p: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

export interface Exported {
  format: ExportFormat;
  path: string;
  /** Of all files. */
  bytes: number;
}

interface Format {
  ending: string;
  precisions: Precision[];
  /** Whether the file says how to compute, not the weights alone. */
  graph: boolean;
  write: (model: Classifier, path: string, options: ExportOptions, onBytes: OnBytes) => Promise<void>;
}
/** Bytes that are about to be written. */
type OnBytes = (bytes: number) => void;

// what writes graphs is loaded when a graph is written
const formats: Record<ExportFormat, Format> = {
  safetensors: {
    ending: '.safetensors',
    precisions: ['float32', 'float16', 'bfloat16'],
    graph: false,
    write: (model, path, { facts, precision }, onBytes) => save(model, path, facts, { precision, onBytes }),
  },
  onnx: {
    ending: '.onnx',
    precisions: ['float32'],
    graph: true,
    async write(model, path, { batch, softmax, facts }, onBytes) {
      const { onnxModel } = await import('./onnx/model.js');
      const metadata = Object.entries(description(model, facts)).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      const file = onnxModel(model, { batch, softmax, metadata: Object.fromEntries(metadata) });
      await writeWhole(path, counted(file.chunks(), onBytes));
    },
  },
  tfjs: {
    ending: '.json',
    precisions: ['float32', 'float16'],
    graph: true,
    async write(model, path, { batch, softmax, facts, precision }, onBytes) {
      const { writeGraphModel } = await import('./tfjs/model.js');
      const settings = { batch, softmax, precision, facts: description(model, facts), onBytes };
      await writeGraphModel(model, path, settings);
    },
  },
};

/**
 * Writes a model for other programs; the file appears whole or not at all, and its folder is made.
 *
 * - `.safetensors`: the weights with PyTorch's names and layout, `load_state_dict(load_file(path))`; `load` reads it too.
 *   What PyTorch computes itself is left out (Swin's `relative_position_index`: `strict=False`), as are auxiliary heads.
 * - `.onnx`: opset 17, input `input` `[batch, channels, height, width]`, output `logits` (`probabilities` with `softmax`);
 *   class names and preprocessing are its metadata.
 * - `.json`: `tf.loadGraphModel(url)` of plain TensorFlow.js, input `[batch, height, width, channels]`; the weights lie
 *   beside it in files of 4 MB.
 *
 * The input is what the model's own is: pixels from 0 to 1, less `preprocessing.mean`, divided by `preprocessing.std`,
 * in `preprocessing.channelOrder`.
 * @throws ModelError `option` for what the format doesn't have, `export` for what can't be written; FileError
 */
export async function exportTo(
  model: Classifier,
  path: string,
  options: ExportOptions = {},
): Promise<Exported> {
  const format = chosen(path, options);
  checkAlive(model);
  checkWritable(path);
  const { progress } = await import('../progress/index.js');
  const { signal, onProgress, display, precision } = options;
  const width = precision === 'float16' || precision === 'bfloat16' ? 2 : 4;
  const total = width * model.net.countParams();
  const began = performance.now();
  let done = 0;
  let bar: Progress | undefined;
  try {
    await formats[format].write(model, path, options, (bytes) => {
      signal?.throwIfAborted();
      done += bytes;
      onProgress?.({ done, total });
      if (performance.now() - began < 2000) return;
      bar ??= progress(total / 1e6, { label: `writing ${path} (MB)`, display });
      bar.update(done / 1e6 - bar.done);
    });
  } finally {
    bar?.close();
  }
  return { format, path, bytes: done };
}

function chosen(
  path: string,
  { format, batch, softmax, precision = 'float32' }: ExportOptions,
): ExportFormat {
  const names = Object.keys(formats) as ExportFormat[];
  const name = format ?? names.find((name) => path.toLowerCase().endsWith(formats[name].ending));
  if (!name || !Object.hasOwn(formats, name)) {
    const endings = names.map((name) => `${formats[name].ending} (${name})`).join(', ');
    throw new ModelError(
      'option',
      format
        ? `format is "${format}"; it can be ${names.join(', ')}.`
        : `${path} does not say what to write: end it with ${endings}, or give format.`,
    );
  }
  const { precisions, graph } = formats[name];
  if (!precisions.includes(precision))
    throw new ModelError(
      'option',
      `precision is "${precision}"; weights in ${name} can be ${precisions.join(' or ')}.`,
    );
  if (!graph && (softmax || batch !== undefined))
    throw new ModelError(
      'option',
      `A ${name} file holds weights alone, so that softmax and batch mean nothing to it.`,
    );
  if (batch !== undefined && !whole(batch, 1))
    throw new ModelError('option', `batch is ${batch}; it must be a whole number from 1 on.`);
  return name;
}

function checkAlive(model: Classifier): void {
  const variable = (w: tfjs.layers.Layer['weights'][number]): tfjs.Variable =>
    (w as unknown as { val: tfjs.Variable }).val;
  if (model.net.weights.some((w) => variable(w).isDisposed))
    throw new ModelError('export', `${model.name} has been disposed of, so its weights can't be written.`);
}

function* counted(chunks: Iterable<Uint8Array>, onBytes: OnBytes): Generator<Uint8Array> {
  for (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}
