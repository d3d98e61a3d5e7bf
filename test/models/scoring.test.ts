import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { binding, tf } from '../../src/compute/index.js';
import { create } from '../../src/models/index.js';

/** Gives batch norm and biases values of their own, as training would. */
function disturb(model: Awaited<ReturnType<typeof create>>, seed: number): void {
  let i = 0;
  for (const p of model.parameters().values())
    if (p.shape.length === 1)
      tf.tidy(() => {
        p.variable.write(tf.add(p.variable.read(), tf.randomUniform(p.shape, 0, 0.5, 'float32', seed + i++)));
      });
}

describe('a model that scores many batches with the same weights', () => {
  for (const name of ['resnet18', 'densenet121', 'efficientnet_b0', 'tf_efficientnet_lite0', 'mobilenet_v2'])
    it(`${name}: with its weights compiled in gives the same, and notices new ones`, async () => {
      const before = tf.memory().numTensors;
      const handles = binding!.getNumOfTensors();
      const model = await create(name, { classes: 3, inputShape: [64, 64], seed: 1 });
      disturb(model, 1);
      const x = tf.randomNormal([2, 64, 64, 3], 0, 1, 'float32', 2) as tfjs.Tensor4D;
      const run = (): number[] => model.predict(x).flatMap((row) => [...row]);
      const near = (a: number[], b: number[]): boolean => a.every((v, i) => Math.abs(v - b[i]) < 1e-5);
      const first = run();
      for (let i = 0; i < 10; i++) {
        const again = run();
        assert.ok(near(again, first), `call ${i}: ${again.join()} after ${first.join()}`);
      }
      disturb(model, 100);
      const other = run();
      assert.ok(!near(other, first));
      for (let i = 0; i < 10; i++) assert.ok(near(run(), other));
      x.dispose();
      model.dispose();
      assert.equal(tf.memory().numTensors, before);
      assert.ok(binding!.getNumOfTensors() <= handles);
    });

  it('shows what is not a number, in a film or in the weights', async () => {
    const model = await create('mobilenet_v2', { classes: 3, inputShape: [64, 64], seed: 1 });
    const good = tf.randomNormal([2, 64, 64, 3], 0, 1, 'float32', 2) as tfjs.Tensor4D;
    for (const value of [NaN, Infinity]) {
      const bad = tf.tidy(() => {
        const hole = tf.buffer([2, 64, 64, 3]);
        hole.set(value, 1, 30, 30, 0);
        return tf.add(good, hole.toTensor()) as tfjs.Tensor4D;
      });
      for (let i = 0; i < 10; i++) {
        const [first, second] = model.predict(bad);
        assert.ok(first.every(Number.isFinite), `call ${i}: the good film has ${first.join()}`);
        assert.ok(second.every(Number.isNaN), `call ${i}: the film with ${value} has ${second.join()}`);
      }
      bad.dispose();
    }
    const { variable } = model.parameters().get('features.1.conv.0.0.weight')!;
    tf.tidy(() => void variable.write(tf.mul(variable.read(), NaN)));
    for (let i = 0; i < 10; i++)
      for (const row of model.predict(good)) assert.ok(row.every(Number.isNaN), `call ${i}: ${row.join()}`);
    good.dispose();
    model.dispose();
  });
});
