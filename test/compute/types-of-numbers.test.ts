// Ops of whole numbers and truth values that TensorFlow's own ops of that name refuse, as tfjs defines them.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';

describe('types of numbers', () => {
  const bool = (...v: number[]): tfjs.Tensor => tf.tensor1d(v, 'bool');
  const int = (...v: number[]): tfjs.Tensor => tf.tensor1d(v, 'int32');
  const cases: Record<string, [make: () => tfjs.Tensor, dtype: string, values: number[]]> = {
    'where, of int32 and float32': [() => tf.where(bool(1, 0), int(1, 2), [0.5, 0.5]), 'float32', [1, 0.5]],
    'where, of bool and int32': [() => tf.where(bool(1, 0), bool(1, 1), int(7, 7)), 'int32', [1, 7]],
    'mul, of truth values': [() => tf.mul(bool(1, 1, 0), bool(1, 0, 0)), 'bool', [1, 0, 0]],
    'max, of truth values': [() => tf.max(bool(0, 1)), 'bool', [1]],
    'min, of truth values': [() => tf.min(bool(0, 1)), 'bool', [0]],
    'isNaN, of int32': [() => tf.isNaN(int(1, 0)), 'bool', [0, 0]],
    'isInf, of int32': [() => tf.isInf(int(1, 0)), 'bool', [0, 0]],
    'isFinite, of int32': [() => tf.isFinite(int(1, 0)), 'bool', [1, 1]],
  };
  for (const [name, [make, dtype, values]] of Object.entries(cases))
    it(name, () => {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const t = make();
        assert.deepEqual([t.dtype, [...t.dataSync()]], [dtype, values]);
      });
      assert.equal(tf.memory().numTensors, before);
    });
});
