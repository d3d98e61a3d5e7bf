// Batches from files beside PyTorch's DataLoader, in turns: decode, Resize(256), CenterCrop(224), horizontal flip, normalise; batch 32, 2 workers each. PyTorch caches nothing; ours what --cache says,
// which a first epoch fills that isn't counted.
// node build/bench/loader.js [--data FOLDER] [--rounds 3] [--images 1000] [--workers 2] [--cache none|memory|disk] [--python PATH]
// --python names a Python with torch and torchvision. Prints one JSON document; progress goes to standard error.

import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { here, median, Runner } from './runner.js';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string', default: here('../../../shared/data/cxr', import.meta.url) },
    rounds: { type: 'string', default: '3' },
    images: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '2' },
    cache: { type: 'string', default: 'none' },
    python: { type: 'string', default: 'python3' },
  },
});
const common = [given.data, given.images, given.workers];

/** One epoch. `mean` is that of all values, which shows that both do the same. */
interface Epoch {
  seconds: number;
  images: number;
  mean: number;
}
const runners = [
  await Runner.start<Epoch>('cellgrad', process.execPath, [
    here('loader-child.js', import.meta.url),
    ...common,
    given.cache,
  ]),
  await Runner.start<Epoch>('torch', given.python, [
    here('../../bench/loader_torch.py', import.meta.url),
    ...common,
  ]),
];
const rates = runners.map((): number[] => []);
const means = runners.map(() => 0);
for (let i = 0; i < Number(given.rounds); i++)
  for (const [k, runner] of runners.entries()) {
    const { seconds, images, mean } = await runner.round();
    rates[k].push(images / seconds);
    means[k] = mean;
    process.stderr.write(`round ${i + 1}, ${runner.label}: ${(images / seconds).toFixed(0)} images/s\n`);
  }
for (const runner of runners) await runner.stop();
const medians = rates.map(median);
console.log(
  JSON.stringify({
    bench: 'loader',
    processor: cpus()[0].model,
    load: loadavg()[0],
    arguments: given,
    imagesPerSecond: Object.fromEntries(
      runners.map(({ label }, k) => [label, { median: medians[k], all: rates[k], mean: means[k] }]),
    ),
    ratio: medians[0] / medians[1],
    ratios: rates[0].map((rate, i) => rate / rates[1][i]),
  }),
);
