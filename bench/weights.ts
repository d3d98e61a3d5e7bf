// How long a model's weights take to load from safetensors, and by how much the memory rises meanwhile; beside PyTorch's.
// node build/bench/weights.js [--model resnet50] [--rounds 5] [--python PATH]
// --python names a Python with torchvision and safetensors. Linux only: the peak is the kernel's. Prints one JSON document.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as models from '../src/models/index.js';
import { here, median } from './runner.js';

const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'resnet50' },
    rounds: { type: 'string', default: '5' },
    python: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'cellgrad-bench-'));

/** The rounds of a program: the first is cold, and all are told. */
function measure(command: string, script: string, file: string): object {
  const { stdout, stderr, status } = spawnSync(command, [script, given.model, file, given.rounds], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const rounds = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { seconds: number; rise: number });
  const bytes = statSync(file).size;
  return {
    seconds: { first: rounds[0].seconds, median: median(rounds.map((r) => r.seconds)) },
    riseOfMemory: { first: rounds[0].rise / bytes, most: Math.max(...rounds.map((r) => r.rise)) / bytes },
  };
}

try {
  const model = await models.create(given.model);
  const results: Record<string, object> = {};
  for (const precision of ['float32', 'float16', 'bfloat16'] as const) {
    const file = join(folder, `${precision}.safetensors`);
    await models.save(model, file, {}, { precision });
    results[precision] = {
      bytes: statSync(file).size,
      cellgrad: measure(process.execPath, here('weights-child.js', import.meta.url), file),
      torch:
        given.python && measure(given.python, here('../../bench/weights_torch.py', import.meta.url), file),
    };
  }
  console.log(
    JSON.stringify({
      bench: 'weights',
      processor: cpus()[0].model,
      load: loadavg()[0],
      arguments: given,
      // as a share of the file's size
      results,
    }),
  );
} finally {
  rmSync(folder, { recursive: true });
}
