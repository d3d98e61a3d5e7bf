// What other programs make of the files of `exportTo`, beside ours: onnxruntime, and plain TensorFlow.js.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { tf } from '../../src/compute/index.js';
import { create, exportTo, type Classifier, type InputBatch } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';
import { fileServer } from './file-server.js';
import { byRule, stateByRule } from './parity.js';

// its ES module has no types of the native one
const ort = createRequire(import.meta.url)('onnxruntime-node') as {
  InferenceSession: { create(path: string, options?: object): Promise<InferenceSession> };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor;
};

/** A network for a small picture, or a small volume, filled by the zoo's rule. */
export async function small(name: string, height = 64, width = height): Promise<Classifier> {
  const { minSize, depth } = await find(name);
  const [h, w] = [height, width].map((side) => Math.max(side, minSize));
  const model = await create(name, { inputShape: depth ? [height / 8, h, w] : [h, w] });
  // so many blocks would make much of the last digit: an input of 1 + 1e-6 times the values gave logits 40 % away
  const gain = /^efficientnet_v2_[ml]$/.test(name) ? 1 : 1.2;
  model.loadState(stateByRule(model, gain));
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
export const ours = (model: Classifier, input: number[]): Float32Array =>
  tf.tidy(() => (model.run(channelsLast(input) as InputBatch).dataSync() as Float32Array).slice());

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

/** The zoo's input with channels last, as we and TensorFlow.js take it. */
export const channelsLast = (input: number[]): tfjs.Tensor =>
  tf.tidy(() => {
    const order = [0, ...input.slice(2).map((_, i) => i + 2), 1];
    return tf.transpose(tf.tensor(byRule('input', input), input as [number]), order);
  });

export interface TfjsRun {
  output: Float32Array;
  /** Shapes of the model's input and of the result, names of the outputs. */
  facts: { input: number[]; output: number[]; outputs: string[] };
}

/** What plain TensorFlow.js makes of a graph model, loaded from a server, given the zoo's input. */
export async function runTfjs(path: string, input: number[]): Promise<TfjsRun> {
  const folder = dirname(path);
  const content = (name: string): { content: Buffer } => ({ content: readFileSync(join(folder, name)) });
  const server = await fileServer(
    Object.fromEntries(readdirSync(folder).map((name) => [name, content(name)])),
  );
  const x = channelsLast(input);
  const values = join(mkdtempSync(join(tmpdir(), 'cellgrad-plain-')), 'values');
  try {
    writeFileSync(values, new Uint8Array((x.dataSync() as Float32Array).buffer));
    const program = fileURLToPath(new URL('./plain-tfjs.js', import.meta.url));
    const args = [program, `${server.url}/${basename(path)}`, JSON.stringify(x.shape), values];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const bytes = readFileSync(values);
    const output = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return { output, facts: JSON.parse(stdout.trim().split('\n').at(-1)!) as TfjsRun['facts'] };
  } finally {
    x.dispose();
    await server.close();
    rmSync(dirname(values), { recursive: true });
  }
}

export interface ExportReport {
  model: string;
  /** `[height, width, channels]`, before them the depth of a volume. */
  inputShape?: readonly number[];
  pass: boolean;
  /** Relative L2 distance from our logits: of the file for any batch, in ONNX also of the one for a batch of two. */
  errors?: { any: number; fixed?: number };
  megabytes?: number;
  /** Of writing the file for any batch. */
  seconds?: number;
  fault?: string;
}

/**
 * Writes a model for batches of any size, as ONNX also for two pictures, and compares what the other program makes of them with
 * ours. The input is no square, so that height and width can't be mistaken for each other.
 */
export async function exportReport(name: string, format: 'onnx' | 'tfjs'): Promise<ExportReport> {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-export-'));
  const path = join(folder, format === 'onnx' ? 'model.onnx' : 'model.json');
  let model: Classifier | undefined;
  try {
    // plain JavaScript is slow
    model = await (format === 'tfjs' ? small(name, 32, 64) : small(name, 64, 96));
    const { inputShape } = model;
    const run = async (batch: number): Promise<number> => {
      const input = torchInput(model!, batch);
      const found = format === 'onnx' ? await runOnnx(path, input) : await runTfjs(path, input);
      if ('session' in found) await found.session.release();
      return distance(found.output, ours(model!, input));
    };
    const began = performance.now();
    const { bytes } = await exportTo(model, path, { display: 'quiet' });
    const seconds = (performance.now() - began) / 1000;
    // the graph of TensorFlow.js is made of batches of two and three
    const any = await run(1);
    let fixed: number | undefined;
    if (format === 'onnx') {
      await exportTo(model, path, { display: 'quiet', batch: 2 });
      fixed = await run(2);
    }
    const errors = { any, fixed };
    const pass = any < 1e-4 && (fixed ?? 0) < 1e-4;
    return { model: name, inputShape, pass, errors, megabytes: bytes / 1e6, seconds };
  } catch (error) {
    return { model: name, inputShape: model?.inputShape, pass: false, fault: (error as Error).message };
  } finally {
    model?.dispose();
    rmSync(folder, { recursive: true });
  }
}
