// From `import` to the first result, with TensorFlow's library in the cache: each in a process of its own, in turns with PyTorch's.
// node build/bench/opening.js [--rounds 7] [--python PATH]; --python names a Python with torch. Prints one JSON document.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, python: { type: 'string' } },
});
const index = fileURLToPath(new URL('../src/index.js', import.meta.url));
const ours = `
const start = performance.now();
const { tf } = await import(${JSON.stringify(index)});
(await tf.add(tf.tensor1d([1, 2]), 1).data())[1];
console.log(performance.now() - start);`;
const torch = `
import time
start = time.perf_counter()
import torch
(torch.tensor([1.0, 2.0]) + 1)[1].item()
print((time.perf_counter() - start) * 1000)`;

const programs: Record<string, [string, string[]]> = {
  cellgrad: [process.execPath, ['--input-type=module', '-e', ours]],
};
if (values.python) programs.torch = [values.python, ['-c', torch]];

const times = new Map(Object.keys(programs).map((name) => [name, [] as number[]]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, [program, args]] of Object.entries(programs)) {
    const { status, stdout } = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (status !== 0) throw new Error(`${name} ended with ${status}; its own message is above`);
    times.get(name)!.push(Number(String(stdout)));
  }
const rows = [...times].map(([name, ms]) => {
  const sorted = ms.sort((a, b) => a - b);
  return { name, median: Math.round(sorted[sorted.length >> 1]), best: Math.round(sorted[0]) };
});
console.log(JSON.stringify({ bench: 'opening', unit: 'ms', rounds: Number(values.rounds), rows }));
