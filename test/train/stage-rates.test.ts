// Rates by stage in fit, against what the update rule says.

import assert from 'node:assert/strict';
import { data, models, train } from '../../src/index.js';

const SIZE = 32;
const films = data.phantom({ patients: 9, filmsPerPatient: [1, 1], seed: 3, size: SIZE });
const parts = { train: films.split('train'), val: films.split('val') };
// one step an epoch, without dropout
const quiet = { ...parts, batch: 64, display: 'quiet' as const, seed: 5 };
const create = (): Promise<models.Classifier> =>
  models.create('squeezenet1_1', {
    classes: films.classes,
    inputShape: [SIZE, SIZE],
    channels: 1,
    seed: 1,
    dropout: 0,
  });

/** By how much each parameter changed. */
async function moved(options: Partial<train.FitOptions>): Promise<Map<string, Float32Array>> {
  const model = await create();
  const before = model.stateDict();
  await train.fit(model, { ...quiet, epochs: 1, optimizer: 'sgd', learningRate: 0.1, ...options });
  const after = model.stateDict();
  model.dispose();
  return new Map(
    [...before].map(([name, { data }]) => [name, after.get(name)!.data.map((v, i) => v - data[i])]),
  );
}

describe('rates by stage', function () {
  this.timeout(600_000);
  it('each stage moves by its factor: 2.6 to a power, or what a function says', async () => {
    const model = await create();
    const last = model.stages.length;
    const stages = models.stageNumbers(model);
    const stageOf = (name: string): number =>
      stages[model.net.layers.findIndex((l) => name.startsWith(`${l.name}.`))];
    const plain = await moved({});
    const names = [...plain.keys()];
    assert.equal(stageOf('classifier.1.weight'), last);
    assert.ok(new Set(names.map(stageOf)).size > 2);
    const rules: Array<[NonNullable<train.FitOptions['stageRates']>, (stage: number) => number]> = [
      [2.6, (stage) => 2.6 ** (stage - last)],
      [(stage, end) => (stage === end ? 1 : 0.25), (stage) => (stage === last ? 1 : 0.25)],
    ];
    for (const [stageRates, factor] of rules) {
      const own = await moved({ stageRates });
      for (const name of names) {
        const [got, want] = [own.get(name)!, plain.get(name)!.map((v) => v * factor(stageOf(name)))];
        // differences of float32 weights of up to 1
        got.forEach((v, i) =>
          assert.ok(
            Math.abs(v - want[i]) < 3e-7 + 1e-4 * Math.abs(want[i]),
            `${name}: ${v} is not ${want[i]}`,
          ),
        );
      }
    }
    model.dispose();
  });
});
