// The order in which an epoch takes the rows of a data set.

import type { Dataset, Row } from './dataset.js';
import { DataError } from './errors.js';
import { random } from './random.js';

export interface WeightedSampler {
  /** One a row, or a function of the row; 0 or more. */
  weights: readonly number[] | ((row: Row) => number);
  /** Whether a row may come more than once. Default true. */
  replacement?: boolean;
  /** Rows of an epoch. Default: as many as the set has. */
  n?: number;
}

/** 'sequential', 'shuffle', 'balanced' (each class as often as the others, rows drawn with replacement), or weights. */
export type Sampler = 'sequential' | 'shuffle' | 'balanced' | WeightedSampler;

/** Places in `dataset.rows` in the order of the epoch. Throws DataError 'option'. */
export function sampled(dataset: Dataset, sampler: Sampler, seed: number, epoch: number): Int32Array {
  const r = random(seed, 'order', epoch);
  const all = Int32Array.from(dataset.rows, (_, i) => i);
  if (sampler === 'sequential') return all;
  if (sampler === 'shuffle') return r.shuffle(all);
  if (sampler === 'balanced') {
    const counts = dataset.counts();
    return sampled(dataset, { weights: (row) => 1 / counts[row.label] }, seed, epoch);
  }
  if (typeof sampler !== 'object' || sampler === null || !('weights' in sampler))
    throw new DataError(
      'option',
      `batches: sampler must be 'sequential', 'shuffle', 'balanced' or { weights }; it is ${JSON.stringify(sampler)}.`,
    );
  const { weights, replacement = true, n = all.length } = sampler;
  const list = typeof weights === 'function' ? dataset.rows.map(weights) : weights;
  if (list.length !== all.length || list.some((w) => !(w >= 0 && Number.isFinite(w))))
    throw new DataError(
      'option',
      `batches: the sampler's weights must be ${all.length} numbers from 0 on, one a row; there are ${list.length}, the first wrong one ${list.find((w) => !(w >= 0 && Number.isFinite(w))) ?? 'none'}.`,
    );
  const usable = list.filter((w) => w > 0).length;
  if (!(Number.isInteger(n) && n >= 0) || (n > 0 && usable === 0) || (!replacement && n > usable))
    throw new DataError(
      'option',
      `batches: the sampler's n must be a whole number${replacement ? '' : ` up to ${usable}, the rows with a weight above 0, as none comes twice`}, and a weight above 0; n is ${n}, with ${usable} such weights.`,
    );
  return replacement ? withReplacement(list, n, r) : withoutReplacement(list, n, r);
}

function withReplacement(weights: readonly number[], n: number, r: () => number): Int32Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((w, i) => (sums[i] = total += w));
  return Int32Array.from({ length: n }, () => {
    const wanted = r() * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** Efraimidis and Spirakis 2006: the largest of u^(1/w). */
function withoutReplacement(weights: readonly number[], n: number, r: () => number): Int32Array {
  const keys = Float64Array.from(weights, (w) => Math.log(1 - r()) / w);
  const order = Array.from(weights, (_, i) => i).filter((i) => weights[i] > 0);
  return Int32Array.from(order.sort((a, b) => keys[b] - keys[a]).slice(0, n));
}
