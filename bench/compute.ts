// Training and inference of five networks beside PyTorch's, in turns: batch 8, 224 × 224, Adam, 2 threads.
// node build/bench/compute.js [--models a,b] [--modes train,forward] [--peers eager,channels_last,compile,amp,compile_amp] [--ours float32,bfloat16,auto,float32+checkpointing] [--rounds 5] [--steps 3] [--python PATH]
// --python names a Python with torch and torchvision. Prints one JSON document; progress goes to standard error.

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { here, median, Runner } from './runner.js';

const { values: given } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet18,resnet50,densenet121,efficientnet_b0,mobilenet_v2' },
    modes: { type: 'string', default: 'train,forward' },
    peers: { type: 'string', default: 'eager,channels_last,compile' },
    ours: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
    batch: { type: 'string', default: '8' },
    size: { type: 'string', default: '224' },
    python: { type: 'string', default: 'python3' },
  },
});
const list = (s: string): string[] => s.split(',').filter(Boolean);
const rounds = Number(given.rounds);
const batch = Number(given.batch);

/** What a runner says after its steps. */
interface Answer {
  /** Milliseconds of each step. */
  ms: number[];
  /** Peak resident memory of the process so far, MB. */
  peak: number;
}

/** Milliseconds of all steps, and the peak so far. */
interface Held {
  runner: Runner<Answer>;
  ms: number[];
  peak: number;
}
const env = { OMP_NUM_THREADS: '2', CELLGRAD_THREADS: '2' };
const start = async (label: string, program: string, args: string[]): Promise<Held> => ({
  runner: await Runner.start<Answer>(label, program, args, env),
  ms: [],
  peak: 0,
});

interface Row {
  model: string;
  mode: string;
  runner: string;
  /** Images a second, by the median step and by the best one. */
  median: number;
  best: number;
  peakMB: number;
}

const rows: Row[] = [];

async function measure(model: string, mode: string): Promise<void> {
  const common = [model, mode, given.batch, given.size, given.steps];
  const runners: Held[] = [];
  for (const variant of list(given.ours))
    runners.push(
      await start(`cellgrad ${variant}`, process.execPath, [
        here('compute-child.js', import.meta.url),
        ...common,
        variant,
      ]),
    );
  for (const peer of list(given.peers))
    runners.push(
      await start(`torch ${peer}`, given.python, [
        here('../../bench/compute_torch.py', import.meta.url),
        ...common,
        peer,
      ]),
    );
  for (let i = 0; i < rounds; i++)
    for (const held of runners) {
      const { ms, peak } = await held.runner.round();
      held.ms.push(...ms);
      held.peak = peak;
    }
  for (const { runner, ms, peak } of runners) {
    const { label } = runner;
    await runner.stop();
    const rate = (each: number): number => (batch * 1000) / each;
    rows.push({
      model,
      mode,
      runner: label,
      median: rate(median(ms)),
      best: rate(Math.min(...ms)),
      peakMB: peak,
    });
    const { median: m, best } = rows[rows.length - 1];
    process.stderr.write(
      `${model} ${mode} ${label.padEnd(20)} median ${m.toFixed(2)}, best ${best.toFixed(2)} images/s, peak ${peak} MB\n`,
    );
  }
}

for (const mode of list(given.modes)) for (const model of list(given.models)) await measure(model, mode);

/** Geometric means of ours over a peer's, by mode. */
function ratios(): Record<string, number> {
  const out: Record<string, number> = {};
  for (const mode of list(given.modes))
    for (const own of list(given.ours).map((p) => `cellgrad ${p}`))
      for (const peer of list(given.peers).map((p) => `torch ${p}`))
        for (const by of ['median', 'best'] as const) {
          const find = (runner: string, model: string): Row =>
            rows.find((r) => r.runner === runner && r.model === model && r.mode === mode)!;
          const logs = list(given.models).map((m) => Math.log(find(own, m)[by] / find(peer, m)[by]));
          out[`${mode}, ${own} / ${peer}, ${by}`] = Math.exp(logs.reduce((a, v) => a + v, 0) / logs.length);
        }
  return out;
}
const processor = cpus()[0].model;
console.log(
  JSON.stringify({ bench: 'compute', processor, arguments: given, rows, geometricMeans: ratios() }, null, 1),
);
