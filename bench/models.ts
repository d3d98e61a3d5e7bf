// How long networks take to build with initial weights, beside PyTorch's libraries in turns, and what importing the models costs.
// node build/bench/models.js [NAME…] [--rounds 3] [--python PATH]
// --python names a Python with torch, torchvision and timm. Prints one JSON document; progress goes to standard error.

import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { list } from '../src/models/index.js';
import { find } from '../src/models/registry.js';
import { here, median, Runner } from './runner.js';

const { values: given, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, python: { type: 'string' } },
  allowPositionals: true,
});
const rounds = Number(given.rounds);
const models = await Promise.all(
  (positionals.length ? positionals : list()).map(async (name) => [name, (await find(name)).source]),
);

/** A line in, a network built, a line out: each model as often as there are rounds. */
interface Built {
  seconds: number;
  parameters: number;
}
const summary = (seconds: number[]): { median: number; best: number } => {
  const rounded = (s: number): number => Number(s.toFixed(3));
  return { median: rounded(median(seconds)), best: rounded(Math.min(...seconds)) };
};

/** Milliseconds of `import` of one module in a process that has imported `before`. */
function importing(module: string, before: string): number {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `await import(${url(before)}); const start = performance.now();
await import(${url(module)}); console.log(performance.now() - start);`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`import of ${module} ended with ${status}; its own message is above`);
  return Number(String(stdout));
}
const imports = Array.from({ length: 2 * rounds + 1 }, () =>
  importing('../src/models/index.js', '../src/compute/index.js'),
);

const work = [JSON.stringify(models), given.rounds];
const runners = [
  await Runner.start<Built>('cellgrad', process.execPath, [
    here('models-child.js', import.meta.url),
    ...work,
  ]),
];
if (given.python) {
  const script = here('../../bench/models_torch.py', import.meta.url);
  runners.push(await Runner.start<Built>('torch', given.python, [script, ...work]));
}
const rows = [];
for (const [name] of models) {
  const built = runners.map((): Built[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [k, runner] of runners.entries()) built[k].push(await runner.round());
  const seconds = runners.map((runner, k) => [runner.label, summary(built[k].map((b) => b.seconds))]);
  const row = { name, parameters: built[0][0].parameters, ...Object.fromEntries(seconds) };
  process.stderr.write(`${JSON.stringify(row)}\n`);
  rows.push(row);
}
for (const runner of runners) await runner.stop();
console.log(
  JSON.stringify({
    bench: 'models',
    processor: cpus()[0].model,
    load: loadavg()[0],
    rounds,
    import: { unit: 'ms', ...summary(imports) },
    unit: 's',
    rows,
  }),
);
