// A network as an ONNX model.

import type { Classifier } from '../classifier.js';
import { ModelError } from '../errors.js';
import { inputNames, isInput, outputName } from '../layerwise.js';
import type { Shape } from '../layers.js';
import { OnnxGraph, type Value } from './graph.js';
import { writers } from './layers.js';
import { Message } from './protobuf.js';

/** ONNX's operators by their versions of 2022, which every runtime of today has. */
const OPSET = 17;
/** Version of the file format that goes with it. */
const IR = 8;
/** What protobuf's readers take. */
const MOST_BYTES = 2 ** 31 - 1;

export interface OnnxOptions {
  /** Size of the batch; any where it isn't given. */
  batch?: number;
  softmax?: boolean;
  /** What the file says of itself. */
  metadata: Record<string, string>;
}

/**
 * The bytes of a network's ONNX model, piece by piece: input `input`, `[batch, channels, height, width]`; output `logits`
 * or `probabilities`, `[batch, classes]`. Nodes and weights have the names of PyTorch's modules and parameters.
 * @throws ModelError `export` for a layer that has no ONNX form, and for more than 2 GB
 */
export function onnxModel(model: Classifier, { batch, softmax, metadata }: OnnxOptions): Message {
  const g = new OnnxGraph();
  const shape: Shape = [null, ...model.inputShape];
  const values = new Map<string, Value>();
  values.set(model.net.inputs[0].name, { name: 'input', shape, channels: 'first' });
  let last = values.get(model.net.inputs[0].name)!;
  for (const layer of model.net.layers) {
    if (isInput(layer)) continue;
    const kind = layer.getClassName();
    const write = Object.hasOwn(writers, kind) ? writers[kind] : undefined;
    if (!write)
      throw new ModelError(
        'export',
        `The layer "${layer.name}" of ${model.name} is a ${kind}, which can't be written as ONNX.`,
      );
    g.layer = layer.name;
    const result = write(
      layer,
      inputNames(layer).map((name) => values.get(name)!),
      g,
    );
    const { name, channels } =
      typeof result === 'string' ? { name: result, channels: 'last' as const } : result;
    last = { name, channels, shape: layer.outputShape as Shape };
    values.set(outputName(layer), last);
  }
  g.layer = 'softmax';
  const scores = softmax ? g.node('Softmax', [last.name], { axis: 1 }) : last.name;
  const output = softmax ? 'probabilities' : 'logits';
  g.rename(scores, output);
  const graph = g.message(
    model.name,
    [{ name: 'input', shape: [null, model.inputShape.at(-1)!, ...model.inputShape.slice(0, -1)] }],
    [{ name: output, shape: last.shape }],
    batch ?? 'batch',
  );
  const entry = ([key, value]: [string, string]): Message => new Message().text(1, key).text(2, value);
  const file = new Message()
    .int(1, IR)
    .text(2, 'cellgrad')
    .message(7, graph)
    .message(8, new Message().text(1, '').int(2, OPSET))
    .message(14, ...Object.entries(metadata).map(entry));
  if (file.bytes > MOST_BYTES)
    throw new ModelError(
      'export',
      `${model.name} would be an ONNX file of ${(file.bytes / 1e9).toFixed(2)} GB, and ONNX files can't be larger than 2 GB. Export it as safetensors.`,
    );
  return file;
}
