// Models as ONNX beside ours: outputs of onnxruntime on the file of `exportTo`.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { tf } from '../../src/compute/index.js';
import { create, exportTo, type Classifier, type ExportOptions } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';
import { byRule, stateByRule } from './parity.js';

// its ES module has no types of the native one
const ort = createRequire(import.meta.url)('onnxruntime-node') as {
  InferenceSession: { create(path: string, options?: object): Promise<InferenceSession> };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor;
};

/** A network at its smallest sensible size, filled by the zoo's rule. */
export async function small(name: string, size?: number): Promise<Classifier> {
  const { minSize } = await find(name);
  const side = size ?? Math.max(64, minSize);
  const model = await create(name, { inputShape: [side, side] });
  model.loadState(stateByRule(model, 1.2));
  return model;
}

export interface OnnxRun {
  output: Float32Array;
  dims: readonly number[];
  session: InferenceSession;
}

/** What onnxruntime makes of a file, given the zoo's input of this shape, `[batch, channels, height, width]`. */
export async function runOnnx(path: string, input: number[]): Promise<OnnxRun> {
  // without its own rewriting a graph is run as it is written
  const session = await ort.InferenceSession.create(path, { graphOptimizationLevel: 'basic' });
  const results = await session.run({ input: new ort.Tensor('float32', byRule('input', input), input) });
  const { data, dims } = results[session.outputNames[0]];
  return { output: data as Float32Array, dims, session };
}

/** The shape of our input, channels first. */
export const torchInput = (model: Classifier, batch: number): number[] => {
  const [channels, ...rest] = [...model.inputShape].reverse();
  return [batch, channels, ...rest.reverse()];
};

/** Our own logits for the zoo's input. */
export function ours(model: Classifier, input: number[]): Float32Array {
  const order = [0, ...input.slice(2).map((_, i) => i + 2), 1];
  return tf.tidy(() => {
    const x = tf.transpose(tf.tensor(byRule('input', input), input as [number]), order) as tfjs.Tensor;
    return (model.run(x as tfjs.Tensor4D).dataSync() as Float32Array).slice();
  });
}

/** Relative L2 distance. */
export function distance(a: ArrayLike<number>, truth: ArrayLike<number>): number {
  let off = 0;
  let all = 0;
  for (let i = 0; i < truth.length; i++) {
    off += (a[i] - truth[i]) ** 2;
    all += truth[i] ** 2;
  }
  return a.length === truth.length ? Math.sqrt(off / all) : Infinity;
}

export interface OnnxReport {
  model: string;
  size: number;
  pass: boolean;
  error?: number;
  megabytes?: number;
  /** Of writing. */
  seconds?: number;
  fault?: string;
}

/** Writes a model as ONNX and compares what onnxruntime makes of it with ours. */
export async function onnxReport(name: string, folder: string, options?: ExportOptions): Promise<OnnxReport> {
  const model = await small(name);
  const size = model.inputShape[0];
  try {
    const path = join(folder, `${name}.onnx`);
    const began = performance.now();
    const { bytes } = await exportTo(model, path, { display: 'quiet', ...options });
    const seconds = (performance.now() - began) / 1000;
    const input = torchInput(model, 2);
    const { output, session } = await runOnnx(path, input);
    await session.release();
    const error = distance(output, ours(model, input));
    return { model: name, size, pass: error < 1e-4, error, megabytes: bytes / 1e6, seconds };
  } catch (error) {
    return { model: name, size, pass: false, fault: (error as Error).message };
  } finally {
    model.dispose();
  }
}
