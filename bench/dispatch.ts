// What it costs to give TensorFlow one eager op, in microseconds: the binding's executeOp, and a whole tf.add with its disposal.

import { performance } from 'node:perf_hooks';
import { binding, tf } from '../src/compute/index.js';

const ROUNDS = 15;
const OPS = 20_000;
const FLOAT = 1;

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Microseconds a call, the median and the best of some rounds. */
function measure(work: () => void): { median: number; best: number } {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    for (let i = 0; i < OPS; i++) work();
    if (round) rounds.push(((performance.now() - began) * 1000) / OPS);
  }
  return { median: Number(median(rounds).toFixed(2)), best: Number(Math.min(...rounds).toFixed(2)) };
}

const b = binding!;
const attrs = [{ name: 'T', type: b.TF_ATTR_TYPE, value: FLOAT }];
const id = b.createTensor([4], FLOAT, new Float32Array(4));
const other = b.createTensor([4], FLOAT, new Float32Array(4));
const x = tf.tensor1d([1, 2, 3, 4]);
const y = tf.tensor1d([1, 2, 3, 4]);
x.dataSync();

const executeOp = measure(() => b.deleteTensor(b.executeOp('AddV2', attrs, [id, other], 1)[0].id));
const tfAdd = measure(() => tf.add(x, y).dispose());
console.log(
  JSON.stringify({ op: 'AddV2 of two tensors of 4 numbers', unit: 'µs', rounds: ROUNDS, executeOp, tfAdd }),
);
