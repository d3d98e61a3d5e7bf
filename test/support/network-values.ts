// Logits, gradients, a step of training and the scores after them of one network on the device of CELLGRAD_DEVICE, as JSON, to
// compare devices: `node network-values.js NETWORK`.

import type * as tfjs from '@tensorflow/tfjs';
import { data, device, models, tf, train } from '../../src/index.js';
import { crossEntropy } from '../../src/train/step.js';
import { learning } from '../../src/train/variables.js';

// severe findings: batch norm over four films that hardly differ would blow rounding up
const films = data.phantom({ patients: 4, filmsPerPatient: [1, 1], seed: 3, size: 32, severity: 1 });
const model = await models.create(process.argv[2], {
  classes: films.classes,
  inputShape: [32, 32],
  channels: 1,
  seed: 1,
  // each backend has random numbers of its own
  dropout: 0,
  dropPath: 0,
});
const random = (shape: number[], seed: number): tfjs.Tensor =>
  tf.randomUniform(shape, -1, 1, 'float32', seed);
const x = random([2, 32, 32, 1], 5) as tfjs.Tensor4D;
const labels = tf.oneHot([0, 1], films.classes.length).toFloat() as tfjs.Tensor2D;
const before = tf.memory().numTensors;
const { logits, gradients } = tf.tidy(() => {
  const variables = learning(model);
  const { grads } = tf.variableGrads(
    () => crossEntropy(model.net.apply(x, { training: false }) as tfjs.Tensor2D, labels),
    variables,
  );
  return {
    logits: [...(model.net.apply(x, { training: false }) as tfjs.Tensor).dataSync()],
    // of each parameter its norm, and its product with random numbers
    gradients: variables.map((v, i) => {
      const g = grads[v.name];
      return [tf.norm(g), tf.sum(tf.mul(g, random(g.shape, i)))].map((t) => t.dataSync()[0]);
    }),
  };
});
const history = await train.fit(model, {
  train: films,
  val: films,
  batch: 4,
  epochs: 1,
  optimizer: 'sgd',
  learningRate: 1e-2,
  seed: 2,
  display: 'quiet',
});
const { scores } = await train.evaluate(model, films);
process.stdout.write(
  JSON.stringify({
    device,
    logits,
    gradients,
    loss: history.train.loss[0],
    scores: scores.map((row) => [...row]),
    leaked: tf.memory().numTensors - before,
  }),
);
