// What this room uses of tfjs-node's backend, which runs tfjs's kernels on the binding.

import type * as tfjs from '@tensorflow/tfjs';
import type { Binding, OpAttr, TensorMetadata } from './binding.js';
import { tf } from './tfjs.js';

export interface TensorData {
  /** Number of the tensor in the binding. */
  id: number;
  values: unknown;
  refCount: number;
}

export interface NodeBackend {
  binding: Binding;
  tensorMap: { get(dataId: object): TensorData };
  getInputTensorIds(t: tfjs.Tensor[]): number[];
  createOutputTensor(m: TensorMetadata): tfjs.Tensor;
  executeSingleOutput(op: string, attrs: OpAttr[], inputs: tfjs.Tensor[]): tfjs.Tensor;
  executeMultipleOutputs(op: string, attrs: OpAttr[], inputs: tfjs.Tensor[], outputs: number): tfjs.Tensor[];
}

/** A text that changes whenever one of the variables does; nothing where there is no TensorFlow. */
export const stamp = (variables: tfjs.Variable[]): string =>
  tf.getBackend() === 'tensorflow' ? nodeBackend().getInputTensorIds(variables).join() : '';

/** The backend, where it is TensorFlow. */
export const nodeBackend = (): NodeBackend => tf.backend() as unknown as NodeBackend;
