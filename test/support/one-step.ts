// What every architecture of the list must be able to do: be built, learn, and leave nothing behind.

import assert from 'node:assert/strict';
import { optimizer, tf } from '../../src/compute/index.js';
import { create, type Classifier, type CreateOptions, type InputBatch } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';
import { trainingStep } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';

/** The smallest input that leaves something to see: a net's least size, or 32 where it would take a single pixel. */
async function smallest(name: string): Promise<NonNullable<CreateOptions['inputShape']>> {
  const { minSize, depth } = await find(name);
  const size = Math.max(32, minSize);
  return depth ? [8, size, size] : [size, size];
}

const headOf = (model: Classifier): Float32Array =>
  model.parameters().get(`${model.head}.weight`)!.variable.read().dataSync().slice() as Float32Array;

/** Builds a model, trains it for one step on two pictures and disposes of it. */
export async function oneStep(name: string): Promise<void> {
  const before = tf.memory().numTensors;
  const model = await create(name, { classes: 3, inputShape: await smallest(name), seed: 1 });
  const rule = optimizer('sgd', { learningRate: 0.01 });
  const step = trainingStep(model, learning(model), rule, { eager: true });
  const head = headOf(model);
  tf.tidy(() => {
    // or of one axis more, which tfjs's types don't foresee
    const shape = [2, ...model.inputShape] as [number, number, number, number];
    const x = tf.randomUniform(shape, -1, 1, 'float32', 7) as InputBatch;
    const y = tf.tensor2d([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    const { loss } = step.run(x, y, 1);
    assert.ok(Number.isFinite(loss), `${name}: the loss is ${loss}`);
  });
  const learnt = headOf(model);
  assert.ok(learnt.every(Number.isFinite) && learnt.some((v, i) => v !== head[i]), `${name} learnt nothing`);
  step.dispose();
  rule.dispose();
  model.dispose();
  assert.equal(tf.memory().numTensors, before, `${name} leaves tensors behind`);
}
