// How long completion, inspection and type checks take, with 100 cells behind and tfjs loaded: JSON to stdout.
//   node build/bench/completion.js [--cells 100] [--rounds 20]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { TestKernel } from '../test/kernel/client.js';

const { values } = parseArgs({
  options: { cells: { type: 'string', default: '100' }, rounds: { type: 'string', default: '20' } },
});
const [count, rounds] = [Number(values.cells), Number(values.rounds)];

/** The cursor is at `|`. */
const PLACES = [
  'tf.lay|',
  'const y = tf.tensor2d([[1, 2]]).rel|',
  'people5.map((p) => p.na|)',
  'peop|',
  'new Ma|',
  'fs.readF|',
  'const z = model.fi|',
  'import x from "./|',
  'shape7["|',
];

interface Spread {
  median: number;
  p95: number;
  max: number;
}

function spread(times: number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => Number(sorted[Math.floor((sorted.length - 1) * share)].toFixed(1));
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const kernel = await TestKernel.start({ cwd: process.cwd(), env: { CELLGRAD_DEVICE: 'js' } });
const ran = async (code: string): Promise<void> => {
  const { error } = await kernel.run(code);
  if (error) throw new Error(error.traceback);
};
const ask = (type: string, marked: string): Promise<number> => {
  const code = marked.replace('|', '');
  return timed(() => kernel.ask(type, { code, cursor_pos: marked.indexOf('|'), detail_level: 0 }));
};

await ran('import * as tf from "@tensorflow/tfjs";\nimport * as fs from "node:fs";');
await ran('const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });');
for (let i = 0; i < count; i++)
  await ran(
    `interface Person${i} { name: string; age: number }\nconst people${i}: Person${i}[] = [{ name: 'a', age: ${i} }];\n` +
      `const shape${i} = { width: ${i}, height: people${i}.length };\nfunction area${i}(): number { return shape${i}.width * shape${i}.height }`,
  );
const first = await ask('complete_request', 'tf.te|');
const complete: Record<string, Spread> = {};
const all: number[] = [];
for (const place of PLACES) {
  const times: number[] = [];
  // each time other code, as when somebody types
  for (let i = 0; i < rounds; i++)
    times.push(await ask('complete_request', `const typed${i} = ${i};\n${place}`));
  complete[place] = spread(times);
  all.push(...times);
}
const inspect: number[] = [];
for (let i = 0; i < rounds; i++) inspect.push(await ask('inspect_request', `${i}; tf.layers.dense(|`));
const run: number[] = [];
for (let i = 0; i < rounds; i++) run.push(await timed(() => ran(`shape7.width + ${i}`)));
await ran('%types on');
const checked: number[] = [];
for (let i = 0; i < rounds; i++)
  checked.push(await timed(() => ran(`const checked${i} = tf.tensor1d([${i}]).add(shape7.width)`)));
const memory = await kernel.run('Math.round(process.memoryUsage().rss / 1e6)');
await kernel.stop();

process.stdout.write(
  `${JSON.stringify(
    {
      node: process.versions.node,
      processor: cpus()[0]?.model,
      cells: count,
      unit: 'ms',
      firstCompletion: Number(first.toFixed(1)),
      completion: spread(all),
      byPlace: complete,
      inspection: spread(inspect),
      cell: spread(run),
      cellWithTypesOn: spread(checked),
      residentMB: Number(memory.result),
    },
    undefined,
    2,
  )}\n`,
);
