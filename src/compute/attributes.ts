// Attributes of TensorFlow's ops, and running one on the backend.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { tf } from './tfjs.js';
import { ATTR, TF } from './types.js';

export const FLOAT = TF.FLOAT;

export const attr = {
  type: (name: string, value: number): OpAttr => ({ name, type: ATTR.TYPE, value }),
  float: (name: string, value: number): OpAttr => ({ name, type: ATTR.FLOAT, value }),
  text: (name: string, value: string): OpAttr => ({ name, type: ATTR.STRING, value }),
  bytes: (name: string, value: Uint8Array): OpAttr => ({ name, type: ATTR.STRING, value }),
  texts: (name: string, value: string[]): OpAttr => ({ name, type: ATTR.STRING, value }),
  bool: (name: string, value: boolean): OpAttr => ({ name, type: ATTR.BOOL, value }),
  int: (name: string, value: number): OpAttr => ({ name, type: ATTR.INT, value }),
  ints: (name: string, value: number[]): OpAttr => ({ name, type: ATTR.INT, value }),
  shape: (name: string, value: number[]): OpAttr => ({ name, type: ATTR.SHAPE, value }),
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
