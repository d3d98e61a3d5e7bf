// An epoch of training and an evaluation on the device of CELLGRAD_DEVICE, as JSON, to compare devices.

import { data, device, models, train } from '../../src/index.js';

const films = data.phantom({ patients: 3, filmsPerPatient: [1, 1], seed: 3, size: 32 });
const model = await models.create('resnet18', {
  classes: films.classes,
  inputShape: [32, 32],
  channels: 1,
  seed: 1,
});
// batch norm over the statistics of two small films would make much of the last digit
models.freeze(model, 'all');
const history = await train.fit(model, {
  train: films,
  val: films,
  batch: 2,
  epochs: 1,
  optimizer: 'sgd',
  learningRate: 1e-2,
  seed: 2,
  display: 'quiet',
});
const { scores } = await train.evaluate(model, films);
process.stdout.write(
  JSON.stringify({ device, loss: history.train.loss[0], scores: scores.map((row) => [...row]) }),
);
