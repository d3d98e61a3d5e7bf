// What `console.log` and a notebook show of a tensor: type, shape, range, mean, how many values are no numbers.

import type { Tensor, Variable } from '@tensorflow/tfjs';
import { inspect } from 'node:util';
import { tf } from './tfjs.js';

/** More values are not read for the sake of a line of text. */
const MOST = 1 << 26;
/** So many values are shown themselves. */
const FEW = 100;

/** Makes `util.inspect` summarise tensors. */
export function summariseTensors(): void {
  Object.defineProperty(tf.Tensor.prototype, inspect.custom, {
    configurable: true,
    value(this: Tensor, depth: number) {
      return summary(this, depth === inspect.defaultOptions.depth);
    },
  });
}

/** @param whole a tensor by itself, not one within another object: a small one's values are shown too */
function summary(tensor: Tensor, whole: boolean): string {
  const { dtype, shape, size } = tensor;
  const isVariable = tensor instanceof tf.Variable;
  const name = isVariable ? `Variable ${inspect((tensor as Variable).name)}` : 'Tensor';
  const head = `${name} ${dtype} [${shape.join(', ')}]`;
  if (tensor.isDisposed) return `${head} (disposed)`;
  if (size > MOST) return head;
  try {
    const told = [head, ...statistics(tensor)].join(', ');
    return whole && size > 1 && size <= FEW ? `${told}\n${valuesText(tensor)}` : told;
  } catch {
    return head; // a device whose values can't be waited for
  }
}

function statistics(tensor: Tensor): string[] {
  const { dtype, size } = tensor;
  if (!size) return ['no values'];
  if (dtype === 'complex64') return [];
  if (size === 1) return [inspect(tensor.dataSync<typeof dtype>()[0])];
  if (dtype === 'bool') return [`${tensor.dataSync<'int32'>().filter(Boolean).length} of ${size} true`];
  if (dtype !== 'float32' && dtype !== 'int32') return [];
  let [low, high, sum, missing, infinite] = [Infinity, -Infinity, 0, 0, 0];
  for (const v of tensor.dataSync()) {
    if (Number.isNaN(v)) missing++;
    else if (!Number.isFinite(v)) infinite++;
    else {
      if (v < low) low = v;
      if (v > high) high = v;
      sum += v;
    }
  }
  const finite = size - missing - infinite;
  return [
    ...(finite ? [`${short(low)} … ${short(high)}`, `mean ${short(sum / finite)}`] : []),
    ...(missing ? [`${missing} NaN`] : []),
    ...(infinite ? [`${infinite} infinite`] : []),
  ];
}

const short = (v: number): string => String(Number(v.toPrecision(4)));

/** As tfjs prints them, without its heading. */
const valuesText = (tensor: Tensor): string => tensor.toString().replace(/^Tensor\n/, '');
