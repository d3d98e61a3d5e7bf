// Attributes of TensorFlow's ops, and running one on the backend.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { tf } from './tfjs.js';

/** TF_DataType of float32. */
export const FLOAT = 1;

export const attr = {
  type: (name: string, value: number): OpAttr => ({ name, type: 4, value }),
  float: (name: string, value: number): OpAttr => ({ name, type: 2, value }),
  string: (name: string, value: string): OpAttr => ({ name, type: 0, value }),
  bool: (name: string, value: boolean): OpAttr => ({ name, type: 3, value }),
  ints: (name: string, value: number[]): OpAttr => ({ name, type: 1, value }),
};

/** One TensorFlow op with one result. */
export const run = <T extends tfjs.Tensor = tfjs.Tensor>(
  op: string,
  attrs: OpAttr[],
  inputs: tfjs.Tensor[],
): T => nodeBackend().executeSingleOutput(op, attrs, inputs) as T;

/** One TensorFlow op with several results. */
export const runMany = (op: string, attrs: OpAttr[], inputs: tfjs.Tensor[], outputs: number): tfjs.Tensor[] =>
  nodeBackend().executeMultipleOutputs(op, attrs, inputs, outputs);

/** Whether ops run on TensorFlow's library. */
export const native = (): boolean => tf.getBackend() === 'tensorflow';

/** tf.customGrad with the save function and arrays typed. */
export function custom(
  inputs: tfjs.Tensor[],
  forward: (
    inputs: tfjs.Tensor[],
    save: (t: tfjs.Tensor[]) => void,
  ) => { value: tfjs.Tensor; gradient: (dy: tfjs.Tensor, saved: tfjs.Tensor[]) => tfjs.Tensor[] },
): tfjs.Tensor {
  return tf.customGrad((...args) => {
    const save = args[args.length - 1] as unknown as (t: tfjs.Tensor[]) => void;
    const { value, gradient } = forward(args.slice(0, -1) as tfjs.Tensor[], save);
    return { value, gradFunc: (dy, saved) => gradient(dy as tfjs.Tensor, saved as tfjs.Tensor[]) };
  })(...inputs);
}
