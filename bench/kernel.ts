// The kernel beside other kernels, in turns: start, execution, output, heartbeat, interrupt, memory.
// node build/bench/kernel.js [--rounds 5] [--peers KERNEL.JSON,...] [--probe latency,flood,...]
// A peer is a kernelspec's file (`jupyter kernelspec list` names their folders). Prints one JSON document.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelArguments } from '../src/cli/spawn.js';
import { TestKernel } from '../test/kernel/client.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, peers: { type: 'string', default: '' } },
});

interface Kernel {
  name: string;
  argv: string[];
  env: NodeJS.ProcessEnv;
  /** How it is interrupted. */
  bySignal: boolean;
  code: { line: string; flood: string; endless: string };
}

const script = {
  line: '1 + 1',
  flood: 'for (let i = 0; i < 100000; i++) console.log("x".repeat(80));',
  endless: 'while (true) {}',
};
const python = {
  line: '1 + 1',
  flood: 'for i in range(100000): print("x" * 80)',
  endless: 'while True: pass',
};

function peer(file: string): Kernel {
  const spec = JSON.parse(readFileSync(file, 'utf8')) as {
    argv: string[];
    language: string;
    interrupt_mode?: string;
    env?: NodeJS.ProcessEnv;
  };
  return {
    name: basename(dirname(file)),
    argv: spec.argv,
    env: spec.env ?? {},
    bySignal: spec.interrupt_mode !== 'message',
    code: spec.language === 'python' ? python : script,
  };
}

const ours: Kernel = {
  name: 'cellgrad',
  argv: [process.execPath, ...kernelArguments(), '--connection-file', '{connection_file}'],
  env: {},
  bySignal: false,
  code: script,
};
const kernels = [ours, ...values.peers.split(',').filter(Boolean).map(peer)];

/** Resident memory of a process and its children, MB. */
function memory(pid: number): number {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]) }];
      } catch {
        return []; // it has just ended
      }
    });
  const tree = [pid];
  for (const { pid: child, parent } of parents) if (tree.includes(parent)) tree.push(child);
  return tree.reduce((sum, id) => {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    return sum + Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }, 0);
}

type Figures = Record<string, number>;

/** The most one kernel may take; what it hasn't shown by then is NaN: some peers lose a message now and then. */
const patience = 60_000;

async function measure(kernel: Kernel): Promise<Figures> {
  const figures: Figures = {};
  const begun = performance.now();
  const running = await TestKernel.start({ argv: kernel.argv, env: kernel.env });
  figures.startMs = performance.now() - begun;
  const probes = probe(running, kernel, figures);
  const late = sleep(patience, 'late', { ref: false });
  if ((await Promise.race([probes, late])) === 'late')
    process.stderr.write(`${kernel.name} gave no answer any more after ${Object.keys(figures).at(-1)}\n`);
  if (kernel !== ours) running.process.kill('SIGKILL'); // not all end when they are asked to
  await running.stop();
  return figures;
}

async function probe(kernel: TestKernel, { bySignal, code }: Kernel, figures: Figures): Promise<void> {
  let begun = performance.now();
  await kernel.run(code.line);
  figures.firstMs = performance.now() - begun;
  await sleep(1000);
  figures.idleMB = memory(kernel.process.pid!);

  for (let i = 0; i < 20; i++) await kernel.run(code.line);
  const latencies: number[] = [];
  for (let i = 0; i < 300; i++) {
    begun = performance.now();
    await kernel.run(code.line);
    latencies.push(performance.now() - begun);
  }
  latencies.sort((a, b) => a - b);
  figures.executeMedianMs = latencies[150];
  figures.executeP99Ms = latencies[297];

  begun = performance.now();
  const { stdout } = await kernel.run(code.flood);
  figures.floodMs = performance.now() - begun;
  figures.floodLines = stdout.split('\n').filter((line) => line.length === 80).length;

  const { done } = kernel.submit(code.endless);
  await sleep(300);
  const beats: number[] = [];
  // a kernel that is deaf while it computes: 5 s are waited for
  for (let i = 0; i < 20 && beats.at(-1) !== Infinity; i++)
    beats.push(await kernel.heartbeat().catch(() => Infinity));
  beats.sort((a, b) => a - b);
  figures.heartbeatMedianMs = beats[beats.length >> 1];
  figures.heartbeatWorstMs = beats.at(-1)!;
  begun = performance.now();
  if (bySignal) kernel.process.kill('SIGINT');
  else void kernel.interrupt();
  const ended = await Promise.race([done.then(() => true), kernel.exited.then(() => false), sleep(5000)]);
  figures.interruptMs = ended === true ? performance.now() - begun : NaN;
}

/** What training does to the heartbeat. */
async function training(): Promise<Figures> {
  const kernel = await TestKernel.start();
  await kernel.run(`
    import { data, models, train } from 'cellgrad';
    const set = data.phantom({ patients: 40, seed: 1, size: 96 });
    const network = await models.create('resnet18', { classes: set.classes, inputShape: [96, 96], seed: 1 });`);
  const { done } = kernel.submit(
    'await train.fit(network, { train: set, val: set, epochs: 100, batch: 16, display: "quiet" })',
  );
  await sleep(6000);
  const beats: number[] = [];
  for (let i = 0; i < 100; i++) {
    beats.push(await kernel.heartbeat());
    await sleep(20);
  }
  beats.sort((a, b) => a - b);
  const begun = performance.now();
  await kernel.interrupt();
  await done;
  const figures = {
    heartbeatMedianMs: beats[50],
    heartbeatP99Ms: beats[98],
    interruptOfFitMs: performance.now() - begun,
  };
  await kernel.stop();
  return figures;
}

const all = new Map(kernels.map(({ name }) => [name, [] as Figures[]]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const kernel of kernels) {
    process.stderr.write(`round ${round + 1}, ${kernel.name}\n`);
    all.get(kernel.name)!.push(await measure(kernel));
  }
const rounded = (v: number): number => Number(v.toPrecision(3));
const rows = [...all].map(([name, rounds]) => ({
  name,
  ...Object.fromEntries(
    [...new Set(rounds.flatMap(Object.keys))].map((key) => {
      const sorted = rounds.map((r) => r[key] ?? Infinity).sort((a, b) => a - b); // NaN and Infinity print as null
      return [key, { median: rounded(sorted[sorted.length >> 1]), best: rounded(sorted[0]) }];
    }),
  ),
}));
const whileTraining = await training();
console.log(JSON.stringify({ bench: 'kernel', rounds: Number(values.rounds), rows, whileTraining }));
process.exit(0);
