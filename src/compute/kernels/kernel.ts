// How a tfjs kernel is made of TensorFlow's ops.

import type * as tfjs from '@tensorflow/tfjs';
import { attr as byNumber } from '../attributes.js';
import { nodeBackend } from '../backend.js';
import type { OpAttr } from '../binding.js';
import { ComputeError } from '../errors.js';
import { tf } from '../tfjs.js';
import { TF } from '../types.js';

export type Tensor = tfjs.Tensor;
export type Inputs = Record<string, Tensor>;
/** A tfjs kernel: its inputs by name and its attributes give tensors. What it makes on the way is disposed of. */
export type Kernel = (inputs: Inputs, attrs: Record<string, unknown>) => Tensor | Tensor[];

/** TF_DataType of tfjs's types. */
export const TYPE: Record<string, number> = {
  float32: TF.FLOAT,
  int32: TF.INT32,
  string: TF.STRING,
  complex64: TF.COMPLEX64,
  bool: TF.BOOL,
};
const { INT64 } = TF;

export const attr = { ...byNumber, type: (name: string, value: string) => byNumber.type(name, TYPE[value]) };
export { run, runMany } from '../attributes.js';

/** Runs an op that takes and gives int64, which tfjs does not have: its inputs of int32 are widened, its results narrowed. */
export function runWide(op: string, attrs: OpAttr[], inputs: Tensor[], outputs: number): Tensor[] {
  const backend = nodeBackend();
  const { binding } = backend;
  const cast = (id: number, from: number, to: number): number =>
    binding.executeOp('Cast', [byNumber.type('SrcT', from), byNumber.type('DstT', to)], [id], 1)[0].id;
  const widened: number[] = [];
  const ids = backend.getInputTensorIds(inputs).map((id, i) => {
    if (inputs[i].dtype !== 'int32') return id;
    const wide = cast(id, TYPE.int32, INT64);
    widened.push(wide);
    return wide;
  });
  try {
    return binding.executeOp(op, attrs, ids, outputs).map((result) => {
      if (result.dtype !== INT64) return backend.createOutputTensor(result);
      const id = cast(result.id, INT64, TYPE.int32);
      binding.deleteTensor(result.id);
      return backend.createOutputTensor({ ...result, id, dtype: TYPE.int32 });
    });
  } finally {
    widened.forEach((id) => binding.deleteTensor(id));
  }
}

/** Leaves TensorFlow's sentence alone, as tfjs defines the messages of some kernels. */
export function plainly<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ComputeError) || typeof error.cause !== 'string') throw error;
    throw new ComputeError(error.code, error.cause.replace(/^\{\{.*?\}\} /, ''), { cause: error });
  }
}

/** Padding along an axis that makes room for all windows of the result, and no more. */
export const side = (
  before: number,
  input: number,
  output: number,
  size: number,
  stride: number,
): [number, number] => [before, Math.max(0, (output - 1) * stride + size - input - before)];

/** The kernel that is registered under a name. */
export function registered(name: string): Kernel {
  const { kernelFunc } = tf.getKernel(name, 'tensorflow')!;
  return (inputs, attrs) =>
    kernelFunc({ inputs, attrs: attrs as unknown as tfjs.NamedAttrMap, backend: tf.backend() }) as
      Tensor | Tensor[];
}

/** Registers kernels in the place of those that are there. */
export function register(kernels: Record<string, Kernel>): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'tensorflow')) tf.unregisterKernel(kernelName, 'tensorflow');
    tf.registerKernel({
      kernelName,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() => kernel(inputs as unknown as Inputs, (attrs ?? {}) as Record<string, unknown>)),
    });
  }
}
