// What JavaScript has lost without disposing of it is given back when the garbage collector finds it, and what tfjs-node forgets at once.

import type * as tfjs from '@tensorflow/tfjs';
import type { NodeBackend, TensorData } from './backend.js';
import type { Binding } from './binding.js';
import type { NodeNamespace, SavedModel } from './node-namespace.js';
import { tf } from './tfjs.js';

type Summary = (resource: tfjs.Tensor, ...rest: unknown[]) => void;
type Backend = NodeBackend & {
  tensorMap: { set(dataId: object, data: TensorData): void };
  createSummaryFileWriter: Summary;
  writeScalarSummary: Summary;
  writeHistogramSummary: Summary;
  buckets(data: tfjs.Tensor, count?: number): tfjs.Tensor;
};

/** Gives a lost tensor's memory back. tfjs still counts it, as it counts on disposal. */
export function giveBackTensors(backend: NodeBackend, binding: Binding): void {
  const lost = new FinalizationRegistry<TensorData>(({ id }) => {
    if (binding.has(id)) binding.deleteTensor(id);
  });
  const { tensorMap } = backend as Backend;
  const set = tensorMap.set.bind(tensorMap);
  tensorMap.set = (dataId, data) => {
    lost.register(dataId, data);
    set(dataId, data);
  };
}

/** Closes a SavedModel's session when the model is lost. */
export function giveBackSavedModels(node: NodeNamespace): void {
  const lost = new FinalizationRegistry<SavedModel>((model) => model.dispose());
  const load = node.loadSavedModel;
  node.loadSavedModel = async (...args) => {
    const model = await load(...args);
    const twin = Object.assign(Object.create(Object.getPrototypeOf(model) as object), model) as SavedModel;
    lost.register(model, twin, model);
    const { dispose } = model;
    model.dispose = () => {
      lost.unregister(model);
      dispose.call(model);
    };
    return model;
  };
}

/**
 * Disposes of what tfjs-node makes to open a summary writer, and of a step's number where writing it fails; and writes histograms
 * of numbers that are all the same, which tfjs-node fails at.
 */
export function tidySummaries(backend: NodeBackend): void {
  const b = backend as Backend;
  const create = b.createSummaryFileWriter;
  b.createSummaryFileWriter = (...args) => void tf.tidy(() => create.apply(b, args));
  const { buckets } = b;
  b.buckets = (data, count) => {
    const ends = tf.tidy(() => (data.size ? [tf.min(data), tf.max(data)].map((t) => t.dataSync()[0]) : []));
    if (!data.size || ends[0] !== ends[1]) return buckets.call(b, data, count);
    return tf.tensor2d([[ends[0] - 0.5, ends[0] + 0.5, data.size]]);
  };
  for (const name of ['writeScalarSummary', 'writeHistogramSummary'] as const) {
    const write = b[name];
    b[name] = (...args) => {
      const { getInputTensorIds } = b;
      const steps: number[] = [];
      b.getInputTensorIds = (tensors) => {
        const ids = getInputTensorIds.call(b, tensors);
        tensors.forEach((t, i) => (t.dtype as string) === 'int64' && steps.push(ids[i]));
        return ids;
      };
      try {
        write.apply(b, args);
      } finally {
        b.getInputTensorIds = getInputTensorIds;
        for (const id of steps) if (b.binding.has(id)) b.binding.deleteTensor(id);
      }
    };
  }
}
