// An interrupted cell leaves variables as they are between two compiled steps.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestKernel } from '../kernel/client.js';

describe('an interrupt while TensorFlow runs a compiled step', function () {
  this.timeout(60_000);
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start();
    const { error } = await kernel.run(`
      import { compute, tf } from 'cellgrad';
      const weights = tf.variable(tf.eye(600));
      const rule = compute.optimizer('adam', { learningRate: 1e-4 });
      let steps = 0;
      const step = compute.compile((x, ...scalars) => {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(tf.matMul(x, tf.matMul(weights, weights)))), [weights]);
        rule.apply([weights], [grads[weights.name]], scalars);
        return [value];
      });
      const x = tf.randomNormal([600, 600], 0, 1, 'float32', 1);
      function forever() {
        for (;;) {
          const scalars = rule.begin();
          tf.dispose([...step.run([x, ...scalars]), ...scalars]);
          steps++;
        }
      }
      for (let i = 0; i < 3; i++) tf.dispose(step.run([x, ...rule.begin()]));
      step.functions`);
    assert.equal(error, undefined);
  });
  after(() => kernel.stop());

  it('ends the cell after it, at any moment', async () => {
    for (let i = 0; i < 12; i++) {
      const { done } = kernel.submit('forever()');
      await sleep(40 + 7 * i);
      const asked = performance.now();
      await kernel.interrupt();
      const { error } = await done;
      assert.equal(error?.ename, 'KernelInterrupt');
      assert.ok(performance.now() - asked < 5000);
      const { result } = await kernel.run(
        'const sum = weights.sum().dataSync()[0]; [step.functions, steps > 0, Number.isFinite(sum)]',
      );
      assert.equal(result, '[ 1, true, true ]', `round ${i}`);
    }
  });
});
