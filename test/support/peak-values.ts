// The most memory that a training of densenet121 takes, in a process of its own: in one that has done other work, freed memory that the
// allocator has kept hides the difference. peak-values.js true|false: with checkpointing or without.

import { data, models, train } from '../../src/index.js';

const films = data.phantom({ patients: 16, seed: 3, size: 96 });
const model = await models.create('densenet121', { classes: films.classes, inputShape: [96, 96], seed: 1 });
const { peakBytes } = await train.fit(model, {
  train: films,
  val: films,
  epochs: 1,
  batch: 16,
  display: 'quiet',
  checkpointing: process.argv[2] === 'true',
});
process.stdout.write(String(peakBytes));
