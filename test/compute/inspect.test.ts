// How tensors print.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { tf } from '../../src/compute/index.js';

describe('a tensor prints', () => {
  it('as its type, shape, range, mean and what is no number', () => {
    tf.tidy(() => {
      const values = tf.tensor2d([
        [1, 2, NaN],
        [3, -Infinity, 0.5],
      ]);
      assert.equal(inspect([values]), '[ Tensor float32 [2, 3], 0.5 … 3, mean 1.625, 1 NaN, 1 infinite ]');
      assert.match(inspect(values), /1 infinite\n {4}\[\[1, 2 +, NaN/);
      assert.equal(inspect(tf.zeros([200])), 'Tensor float32 [200], 0 … 0, mean 0');
      assert.equal(inspect(tf.scalar(0.25)), 'Tensor float32 [], 0.25');
      assert.equal(inspect(tf.fill([3], NaN)).split('\n')[0], 'Tensor float32 [3], 3 NaN');
      assert.equal(inspect(tf.zeros([0, 4])), 'Tensor float32 [0, 4], no values');
    });
  });

  it('of every type, as a variable, and when it is disposed', () => {
    const variable = tf.variable(tf.ones([200], 'int32'), true, 'block/bias');
    assert.equal(inspect(variable), "Variable 'block/bias' int32 [200], 1 … 1, mean 1");
    variable.dispose();
    assert.equal(inspect(variable), "Variable 'block/bias' int32 [200] (disposed)");
    tf.tidy(() => {
      assert.match(inspect(tf.tensor1d([true, false, true])), /^Tensor bool \[3\], 2 of 3 true\n/);
      assert.match(inspect(tf.tensor1d(['a', 'b'])), /^Tensor string \[2\]\n.*'a', 'b'/s);
      assert.match(inspect(tf.complex([1], [2])), /^Tensor complex64 \[1\]$/);
    });
  });

  it('without leaving any tensor', () => {
    const tensor = tf.ones([3]);
    const before = tf.memory().numTensors;
    inspect(tensor);
    assert.equal(tf.memory().numTensors, before);
    tensor.dispose();
  });
});
