// Twice transfer with and without keeping output neurons, on phantoms: ImageNet → an intermediate set → a target that shares
// classes with it. The first epochs on the target, judged on other patients; both ways start from the same intermediate network.
// node build/bench/twice-transfer.js [--seeds 0,1,2,3,4] [--size 128] [--epochs 4] [--intermediate-epochs 8] [--films 45]

import { parseArgs } from 'node:util';
import { phantom, type Dataset, type Finding } from '../src/data/index.js';
import { create, replaceHead, type Keep } from '../src/models/index.js';
import { evaluate, figuresOf, fit, type Figures } from '../src/train/index.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2,3,4' },
    size: { type: 'string', default: '128' },
    epochs: { type: 'string', default: '4' },
    'intermediate-epochs': { type: 'string', default: '8' },
    films: { type: 'string', default: '45' },
  },
});
const seeds = values.seeds.split(',').map(Number);
const [size, epochs, films] = [values.size, values.epochs, values.films].map(Number);
const started = performance.now();

const names: Partial<Record<Finding, string>> = {
  normal: 'No Finding',
  consolidation: 'Infiltration',
  effusion: 'Effusion',
  nodules: 'Mass',
};
const keep: Keep = { normal: 'No Finding', consolidation: 'Infiltration' };

/** Train on one part of the patients, judge on the others. */
function parts(set: Dataset, n = Infinity): { train: Dataset; val: Dataset } {
  const train = set.split('train');
  return {
    train: n < train.length ? train.sample({ n }) : train,
    val: set.filter(({ split }) => split !== 'train'),
  };
}
const once = { filmsPerPatient: [1, 1] as [number, number], size };

async function trial(seed: number): Promise<{ keeping: Figures[]; fresh: Figures[]; intermediate: number }> {
  const first = phantom({
    ...once,
    patients: 280,
    classes: Object.keys(names) as Finding[],
    seed: 100 + seed,
  }).mapLabels(names);
  const second = phantom({
    ...once,
    patients: 240,
    classes: ['normal', 'consolidation', 'ground glass'],
    seed: 200 + seed,
  });
  const intermediate = parts(first);
  const target = parts(second, films);
  const options = { batch: 16, learningRate: 3e-4, display: 'quiet', seed } as const;
  const model = await create('tf_efficientnet_lite0', {
    classes: first.classes,
    inputShape: [size, size],
    weights: 'imagenet',
    seed,
  });
  const { bestValue } = await fit(model, {
    ...options,
    ...intermediate,
    epochs: Number(values['intermediate-epochs']),
  });
  const state = model.stateDict();
  const way = async (keep: Keep): Promise<Figures[]> => {
    if (model.classes.join() !== first.classes.join()) replaceHead(model, first.classes);
    model.loadState(state);
    replaceHead(model, second.classes, { seed, keep });
    const start = figuresOf(await evaluate(model, target.val));
    const { val } = await fit(model, { ...options, ...target, learningRate: 1e-4, epochs });
    const after = val.loss.map((loss, i) => ({
      loss,
      accuracy: val.accuracy[i],
      macroF1: val.macroF1[i],
      auc: val.auc[i],
    }));
    return [start, ...after];
  };
  const [keeping, fresh] = [await way(keep), await way(false)];
  model.dispose();
  return { keeping, fresh, intermediate: bestValue! };
}

function spread(given: number[]): { mean: number; sd: number } {
  const mean = given.reduce((a, b) => a + b, 0) / given.length;
  return { mean, sd: Math.sqrt(given.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (given.length - 1)) };
}

const trials: Array<{ seed: number } & Awaited<ReturnType<typeof trial>>> = [];
for (const seed of seeds) {
  const found = await trial(seed);
  trials.push({ seed, ...found });
  process.stderr.write(
    `seed ${seed}, ${((performance.now() - started) / 1000).toFixed(0)} s: macro F1 keeping ${found.keeping.map(({ macroF1 }) => macroF1.toFixed(3)).join(' ')}, fresh ${found.fresh.map(({ macroF1 }) => macroF1.toFixed(3)).join(' ')}\n`,
  );
}
const byEpoch = Array.from({ length: epochs + 1 }, (_, epoch) => ({
  epoch,
  ...Object.fromEntries(
    (['macroF1', 'auc', 'loss'] as const).map((figure) => {
      const [keeping, fresh] = [
        trials.map(({ keeping }) => keeping[epoch][figure]),
        trials.map(({ fresh }) => fresh[epoch][figure]),
      ];
      return [
        figure,
        {
          keeping: spread(keeping),
          fresh: spread(fresh),
          difference: spread(keeping.map((v, i) => v - fresh[i])),
        },
      ];
    }),
  ),
}));
console.log(
  JSON.stringify({
    model: 'tf_efficientnet_lite0',
    size,
    films,
    keep,
    seconds: (performance.now() - started) / 1000,
    byEpoch,
    trials,
  }),
);
