// What this machine offers to cellgrad, what is wrong, and how to mend it. Native code is tried in a process of its own.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from './cache.js';
import { chooseDevice, threads, type Device } from './device.js';
import { kernelspecs, type Kernelspec } from './doctor/kernelspecs.js';
import { cacheState, instructionSets, memory, processor, type Memory } from './doctor/machine.js';
import type { ProbeStep } from './doctor/probe.js';
import { reportText } from './doctor/text.js';
import { ComputeError } from './errors.js';
import { libraryPlace, tensorflowVersion, thisPlatform, wheelFor, wheelsFor } from './library.js';
import { findNvidia, type Nvidia } from './nvidia.js';
import { indexUrl, projectFiles, withoutCredentials } from './python-index.js';
import { findDawn } from './webgpu.js';
import { damage, isThere, verify, wheelFolder, type Wheel } from './wheel.js';

/** What `cellgrad doctor --json` prints. Sizes are bytes, times seconds. */
export interface DoctorReport {
  /** False when something that cellgrad needs does not work. */
  ok: boolean;
  cellgrad: string;
  node: string;
  platform: string;
  device: {
    /** CELLGRAD_DEVICE, `auto` when it is not set. */
    asked: string;
    /** Undefined when what is asked for isn't there. */
    chosen?: Device;
    /** A convolution and its gradients came out right; undefined when they were not tried. */
    works?: boolean;
    /** From the start of loading to the result. */
    seconds?: number;
    /** NVIDIA's driver and its cards; undefined where there is no driver. */
    nvidia?: Nvidia;
    /** npm's `webgpu`, which CELLGRAD_DEVICE=webgpu needs, is installed. */
    webgpu: boolean;
  };
  tensorflow: {
    version: string;
    state: 'whole' | 'damaged' | 'absent' | 'unsupported';
    folder?: string;
    /** `unchecked`: sizes are right, but the sums were not compared (they are within 2 s, or when something fails). */
    checksum?: 'right' | 'wrong' | 'unchecked';
    /** What would be fetched at the first start. */
    fetch?: { file: string; bytes: number };
  };
  processor: {
    model: string;
    cores: number;
    /** That TensorFlow computes with. */
    threads?: number;
    /** That matter to TensorFlow; undefined where the system does not tell. */
    instructionSets?: string[];
    /** What oneDNN, which computes TensorFlow's convolutions, chose for this processor. */
    oneDnn?: string;
  };
  memory: Memory;
  cache: { folder: string; bytes: number; free?: number; writable: boolean };
  modules: Record<'koffi' | 'sharp', { version?: string; error?: string }>;
  /** What is registered with Jupyter. */
  kernels: Kernelspec[];
  /** The package index; it is asked only when something has to be fetched. */
  index: { url?: string; reachable?: boolean };
  problems: Problem[];
}

export interface Problem {
  about:
    'device' | 'tensorflow' | 'processor' | 'memory' | 'cache' | 'modules' | 'kernels' | 'index' | 'node';
  what: string;
  mend: string;
  /** Something that cellgrad needs does not work; false is only worth knowing. */
  grave: boolean;
}

/** Looks at the machine, and computes. Needs no network where TensorFlow's library is in the cache. */
export async function doctor(): Promise<{ text: string; json: DoctorReport; ok: boolean }> {
  const { env } = process;
  const problems: Problem[] = [];
  const grave = (about: Problem['about'], what: string, mend: string): unknown =>
    problems.push({ about, what, mend, grave: true });
  const note = (about: Problem['about'], what: string, mend: string): unknown =>
    problems.push({ about, what, mend, grave: false });
  /** The value, or undefined and the error's own sentences as a problem. */
  const attempt = <T>(about: Problem['about'], work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      const [what, ...mend] = (error as Error).message.split(/(?<=[.;]) (?=[A-Z])/);
      grave(about, what, mend.join(' '));
      return undefined;
    }
  };

  if (Number(process.versions.node.split('.')[0]) < 20)
    grave('node', `Node ${process.versions.node} is too old.`, 'Install Node 20, 22 or 24.');
  const nvidia = findNvidia();
  const choice = attempt('device', () => chooseDevice(env, () => nvidia));
  const chosen = choice?.device;
  const build = chosen === 'cuda' ? 'cuda' : 'cpu';
  const native = chosen === 'cpu' || chosen === 'cuda';
  if (choice?.note)
    note('device', `The GPU is not used: ${choice.note}.`, 'The CPU computes; CELLGRAD_DEVICE=cpu says so.');
  const used = attempt('processor', () => threads(env));
  const url = attempt('index', () => indexUrl(env));
  const tensorflow = await library(chosen);
  const cache = await cacheState(cacheRoot(env));
  const mem = memory();

  const ready = chosen !== undefined && (!native || tensorflow.state === 'whole');
  const own = Boolean(env.CELLGRAD_TENSORFLOW);
  const checking =
    tensorflow.state === 'whole' && !own ? verify(wheel(), { signal: AbortSignal.timeout(2000) }) : undefined;
  checking?.catch(() => {});
  const { steps, oneDnn, end } = await probe(ready, env);
  const computed = steps.find((s) => s.step === 'compute');
  const works = ready ? computed !== undefined && !computed.error : undefined;
  if (checking) {
    const broken = await checking.catch(() => (works ? null : verify(wheel())));
    tensorflow.checksum = broken === null ? 'unchecked' : broken ? 'wrong' : 'right';
    if (broken)
      grave(
        'tensorflow',
        `TensorFlow's library is not as it was published: ${broken}.`,
        again(tensorflow.folder!),
      );
  }
  if (works === false) {
    const why = computed?.error ?? `the process that tried it ended by ${end}`;
    grave('device', `It does not compute: ${why.replace(/\.$/, '')}.`, computeMend(end, tensorflow, own));
  }
  const modules = {} as DoctorReport['modules'];
  for (const name of ['koffi', 'sharp'] as const) {
    const step = steps.find((s) => s.step === name) as { version?: string; error?: string } | undefined;
    const error = step ? step.error?.split('\n')[0] : `the process that loaded it ended by ${end}`;
    modules[name] = error === undefined ? { version: step?.version } : { error };
    if (error !== undefined)
      grave(
        'modules',
        `${name} can't be loaded: ${error}.`,
        'Run `npm ci` again, on this machine and with this Node.',
      );
  }

  const missing = native && !own && (tensorflow.state === 'absent' || tensorflow.state === 'damaged');
  let reachable: boolean | undefined;
  if (missing) {
    if (!cache.writable)
      grave(
        'cache',
        `The cache ${cache.folder} can't be written.`,
        'Set CELLGRAD_CACHE to a folder of your own.',
      );
    else if (cache.free !== undefined && cache.free < space())
      grave(
        'cache',
        `TensorFlow needs ${gb(space())} while it is unpacked, and ${gb(cache.free)} are free.`,
        'Free some space, or set CELLGRAD_CACHE to a folder on another disk.',
      );
    if (url !== undefined)
      try {
        const files = await projectFiles(wheel().project, env, { timeout: 3000, retries: 1 });
        reachable = files.some((f) => f.filename === wheel().filename);
        if (!reachable)
          grave(
            'index',
            `The index has no ${wheel().filename}.`,
            'Set PIP_INDEX_URL to an index that has it.',
          );
      } catch (error) {
        reachable = false;
        const why = ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message;
        grave(
          'index',
          error instanceof ComputeError ? error.message.split(/(?<=\.) (?=[A-Z])/)[0] : why,
          'Connect to the network, set PIP_INDEX_URL to an index that this machine reaches, or copy the cache folder of a machine that has it.',
        );
      }
  } else if (!cache.writable)
    note(
      'cache',
      `The cache ${cache.folder} can't be written; what is in it works.`,
      'Set CELLGRAD_CACHE to a folder of your own before fetching anything.',
    );
  if (mem.free < 1.5e9)
    note(
      'memory',
      `Only ${gb(mem.free)} of memory are free.`,
      'Close other programs, or train with a smaller batch.',
    );
  const kernels = attempt('kernels', () => kernelspecs()) ?? [];
  if (!kernels.length)
    note(
      'kernels',
      'No kernel is registered with Jupyter.',
      'Run `cellgrad install` for JupyterLab or VS Code; `cellgrad lab` and `cellgrad run` need none.',
    );
  for (const k of kernels)
    if (k.broken)
      note(
        'kernels',
        `The kernel "${k.name}" can't start: ${k.broken}.`,
        `Run \`cellgrad install --name ${k.name}\` again.`,
      );

  const json: DoctorReport = {
    ok: !problems.some((p) => p.grave),
    cellgrad: ownVersion(),
    node: process.versions.node,
    platform: Object.values(thisPlatform())
      .filter((p) => p !== 'none')
      .join(' '),
    device: {
      asked: env.CELLGRAD_DEVICE || 'auto',
      chosen,
      works,
      seconds: computed?.step === 'compute' ? computed.seconds : undefined,
      nvidia,
      webgpu: findDawn() !== undefined,
    },
    tensorflow,
    processor: {
      model: processor(),
      cores: availableParallelism(),
      threads: used,
      instructionSets: instructionSets(),
      oneDnn,
    },
    memory: mem,
    cache,
    modules,
    kernels,
    index: { url: url === undefined ? undefined : withoutCredentials(url), reachable },
    problems,
  };
  return { text: reportText(json), json, ok: json.ok };

  function wheel(): Wheel {
    return wheelFor(thisPlatform(), build);
  }
  function space(): number {
    return wheelsFor(build).reduce((sum, w) => sum + (isThere(w) ? 0 : w.space), 0);
  }

  async function library(device: Device | undefined): Promise<DoctorReport['tensorflow']> {
    const version = tensorflowVersion;
    let wheels: Wheel[];
    try {
      wheels = wheelsFor(build);
    } catch (error) {
      if (device === 'cpu')
        attempt('tensorflow', () => {
          throw error;
        });
      return { version, state: 'unsupported' };
    }
    if (env.CELLGRAD_TENSORFLOW) {
      const files = attempt('tensorflow', () => libraryPlace(env.CELLGRAD_TENSORFLOW!));
      return { version, state: files ? 'whole' : 'absent', folder: env.CELLGRAD_TENSORFLOW };
    }
    const folder = wheelFolder(wheels[0]);
    const missing = wheels.filter((w) => !isThere(w));
    const bytes = missing.reduce((sum, w) => sum + w.bytes, 0);
    const fetch = { file: missing.map((w) => w.filename).join(', '), bytes };
    if (!missing.length) return { version, state: 'whole', folder };
    const broken = damage(missing[0]);
    if (!existsSync(join(wheelFolder(missing[0]), 'complete.json')))
      return { version, state: 'absent', folder, fetch };
    grave('tensorflow', `TensorFlow's library is damaged: ${broken}.`, again(folder));
    return { version, state: 'damaged', folder, fetch };
  }
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const again = (folder: string): string =>
  `Remove ${folder}; it is fetched again at the next start (${Math.round(wheelFor().bytes / 1e6)} MB).`;

function computeMend(end: string | undefined, tensorflow: DoctorReport['tensorflow'], own: boolean): string {
  if (end === 'SIGILL')
    return 'This processor lacks instructions (AVX) that TensorFlow is built with. CELLGRAD_DEVICE=js works, some 100 times slower.';
  if (own) return 'Unset CELLGRAD_TENSORFLOW to use the library that cellgrad fetches.';
  if (tensorflow.folder && tensorflow.state === 'whole') return again(tensorflow.folder);
  return 'Run `npm ci` again.';
}

/** Runs the probe; `end` says how it ended when it did not end well. */
async function probe(
  compute: boolean,
  env: NodeJS.ProcessEnv,
): Promise<{ steps: ProbeStep[]; oneDnn?: string; end?: string }> {
  const script = fileURLToPath(new URL('./doctor/probe.js', import.meta.url));
  const child = spawn(process.execPath, [script, ...(compute ? ['compute'] : [])], {
    // oneDNN says at its start which instruction set it chose
    env: { ...env, ONEDNN_VERBOSE: '1', TF_CPP_MIN_LOG_LEVEL: '2' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const end = await new Promise<string | undefined>((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(signal ?? (code ? `exit code ${code}` : undefined)));
  });
  const steps: ProbeStep[] = [];
  for (const line of out.split('\n')) if (line.startsWith('{')) steps.push(JSON.parse(line) as ProbeStep);
  return { steps, oneDnn: /^onednn_verbose.*,cpu,isa:(.+)$/m.exec(out)?.[1].trim(), end };
}

function ownVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
