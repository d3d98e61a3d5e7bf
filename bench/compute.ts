// Training and inference of five networks beside PyTorch's, in turns: batch 8, 224 × 224, Adam, 2 threads.
// node build/bench/compute.js [--models a,b] [--modes train,forward] [--peers eager,channels_last,compile,amp,compile_amp] [--ours float32,bfloat16,auto,float32+checkpointing] [--rounds 5] [--steps 3] [--python PATH]
// --python names a Python with torch and torchvision. Prints one JSON document; progress goes to standard error.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

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

/** A process that holds one network and runs some steps of it whenever it is asked. */
class Runner {
  private readonly lines: AsyncIterator<string>;
  readonly ms: number[] = [];
  peak = 0;

  private constructor(
    readonly label: string,
    private readonly process: ChildProcess,
  ) {
    this.lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts it, warm-up included. */
  static async start(label: string, program: string, args: string[]): Promise<Runner> {
    const env = { ...process.env, OMP_NUM_THREADS: '2', CELLGRAD_THREADS: '2' };
    const runner = new Runner(label, spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env }));
    await runner.answer();
    return runner;
  }

  private async answer(): Promise<Answer> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.label} ended; its own message is above`);
    return JSON.parse(value) as Answer;
  }

  async round(): Promise<void> {
    this.process.stdin!.write('go\n');
    const { ms, peak } = await this.answer();
    this.ms.push(...ms);
    this.peak = peak;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.stdin!.end();
    await ended;
  }
}

interface Row {
  model: string;
  mode: string;
  runner: string;
  /** Images a second, by the median step and by the best one. */
  median: number;
  best: number;
  peakMB: number;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const median = (v: number[]): number => [...v].sort((a, b) => a - b)[v.length >> 1];
const rows: Row[] = [];

async function measure(model: string, mode: string): Promise<void> {
  const common = [model, mode, given.batch, given.size, given.steps];
  const runners: Runner[] = [];
  for (const variant of list(given.ours))
    runners.push(
      await Runner.start(`cellgrad ${variant}`, process.execPath, [
        here('compute-child.js'),
        ...common,
        variant,
      ]),
    );
  for (const peer of list(given.peers))
    runners.push(
      await Runner.start(`torch ${peer}`, given.python, [
        here('../../bench/compute_torch.py'),
        ...common,
        peer,
      ]),
    );
  for (let i = 0; i < rounds; i++) for (const runner of runners) await runner.round();
  for (const runner of runners) {
    await runner.stop();
    const rate = (ms: number): number => (batch * 1000) / ms;
    rows.push({
      model,
      mode,
      runner: runner.label,
      median: rate(median(runner.ms)),
      best: rate(Math.min(...runner.ms)),
      peakMB: runner.peak,
    });
    const { label, peak } = runner;
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
