// The TensorFlow ops of a step, noted without being run, for those who write them elsewhere.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { ComputeError } from './errors.js';
import { tf } from './tfjs.js';

export type { OpAttr } from './binding.js';

/** What an op takes or gives. */
export interface RecordedTensor {
  id: number;
  shape: number[];
  /** TF_DataType */
  dtype: number;
}
export interface RecordedOp {
  name: string;
  attrs: OpAttr[];
  inputs: RecordedTensor[];
  outputs: RecordedTensor[];
  /** What the step called the part that it is of. */
  part: string;
}
export interface Recording {
  ops: RecordedOp[];
  /** The step's input and result. */
  input: number;
  output: number;
  /** Values of the tensors that the step made of numbers. */
  constants: Map<number, Float32Array | Int32Array | Uint8Array>;
}

/**
 * Notes the ops of a step on one tensor. Variables and other tensors from outside are inputs of its ops.
 * @param step calls `part` with a name when the ops of that part are done
 * @throws ComputeError `device` where the backend isn't TensorFlow's library, `op` where the step reads values
 */
export function record(
  step: (x: tfjs.Tensor, part: (name: string) => void) => tfjs.Tensor,
  x: tfjs.Tensor,
): Recording {
  if (tf.getBackend() !== 'tensorflow')
    throw new ComputeError(
      'device',
      `The ops of a network can be noted on TensorFlow alone, not on ${tf.getBackend()}. Set CELLGRAD_DEVICE=cpu.`,
    );
  const backend = nodeBackend();
  const { binding } = backend;
  const [input] = backend.getInputTensorIds([x]);
  const trace = binding.startTrace();
  const parts: Array<{ name: string; end: number }> = [];
  try {
    const result = tf.tidy(() => step(x, (name) => parts.push({ name, end: trace.ops.length })));
    const [output] = backend.getInputTensorIds([result]);
    result.dispose();
    binding.endTrace();
    const made = new Map(trace.ops.flatMap((op) => op.outputs.map((t) => [t.id, t] as const)));
    const constants: Recording['constants'] = new Map();
    const tensor = (id: number): RecordedTensor => {
      const known = made.get(id);
      if (known) return known;
      const facts = binding.facts(id, 'noting a step');
      if (trace.constants.has(id) && !constants.has(id))
        constants.set(id, binding.tensorDataSync(id) as Float32Array | Int32Array | Uint8Array);
      return { id, ...facts };
    };
    const ops = trace.ops.map(({ name, attrs, inputs, outputs }, i) => ({
      name,
      attrs,
      inputs: inputs.map(tensor),
      outputs,
      part: parts.find(({ end }) => i < end)?.name ?? '',
    }));
    return { ops, input, output, constants };
  } finally {
    binding.endTrace();
    for (const id of trace.disposed) if (binding.has(id)) binding.deleteTensor(id);
    binding.forget(trace);
  }
}

/** Numbers of variables, by which a recording names them. */
export const tensorIds = (tensors: tfjs.Tensor[]): number[] => nodeBackend().getInputTensorIds(tensors);
