// Training with more films at once than the memory that this process may use, as JSON: what fit says, and whether its advice holds.

import { data, models, train } from '../../src/index.js';

const films = data.phantom({ patients: 40, filmsPerPatient: [2, 2], seed: 3, size: 96 });
const model = await models.create('mobilenet_v2', { classes: films.classes, inputShape: [96, 96], seed: 1 });
const before = model.stateDict();
const fit = (batch: number): Promise<unknown> =>
  train.fit(model, { train: films, val: films, batch, epochs: 1, seed: 2, display: 'quiet' });
let code = '';
let message = '';
try {
  await fit(64);
} catch (error) {
  ({ code, message } = error as { code: string; message: string });
}
const same = [...model.stateDict()].every(([name, { data }]) =>
  data.every((v, i) => v === before.get(name)!.data[i]),
);
const fits = Number(/A batch of (\d+) fits/.exec(message)?.[1]);
if (fits) await fit(fits);
process.stdout.write(JSON.stringify({ code, message, same, fits }));
