// Gradual unfreezing and rates by stage in fit, against what the update rules say.

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

const most = (values: Float32Array): number => values.reduce((a, v) => Math.max(a, Math.abs(v)), 0);

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

describe('gradual unfreezing', function () {
  this.timeout(600_000);
  it('lets learn from an epoch on what it says, and nothing before', async () => {
    const model = await create();
    const first = model.stateDict();
    const states: models.StateDict[] = [];
    await train.fit(model, {
      ...quiet,
      epochs: 3,
      learningRate: 1e-5, // the ReLU behind the head must not die
      unfreeze: { 1: 'head', 2: 'last stage', 3: 'all' },
      onEpoch: () => states.push(model.stateDict()),
    });
    const learned = [first, ...states.slice(0, -1)].map((state, i) =>
      [...state]
        .filter(([name, { data }]) => states[i].get(name)!.data.some((v, k) => v !== data[k]))
        .map(([name]) => name),
    );
    assert.deepEqual(learned[0], ['classifier.1.weight', 'classifier.1.bias']);
    assert.ok(learned[1].length > 2 && learned[1].length < learned[2].length);
    assert.ok(learned[2].includes('features.0.weight') && !learned[1].includes('features.0.weight'));
    model.dispose();
  });

  it("Adam's first step of what begins late is as large as its first step at the start", async () => {
    const adam = { optimizer: 'adam', learningRate: 1e-3, monitor: 'loss' } as const;
    const late = await moved({ ...adam, epochs: 2, unfreeze: { 1: 'head', 2: 'all' }, swa: { from: 2 } });
    // Adam's first step is the learning rate in the direction of the gradient
    const size = most(late.get('features.0.weight')!);
    assert.ok(Math.abs(size - 1e-3) < 2e-5, `${size}`);
  });
});
