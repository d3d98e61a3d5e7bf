// `%time` and `%timeit`.
import process from 'node:process';
import { interruption, MagicError, print, type Session } from './session.js';

interface Begun {
  wall: number;
  cpu: NodeJS.CpuUsage;
}
const begun = new Map<number, Begun>();

export function start(key: number): void {
  if (begun.size > 100) begun.clear(); // cells that have failed never stop their clock
  begun.set(key, { wall: performance.now(), cpu: process.cpuUsage() });
}

/** Prints the time since `start`. @returns `value` */
export function stop(key: number, value?: unknown): unknown {
  const wall = performance.now();
  const from = begun.get(key);
  begun.delete(key);
  if (!from) return value;
  const { user, system } = process.cpuUsage(from.cpu);
  const [u, s] = [user / 1000, system / 1000];
  print(
    `Wall time: ${duration(wall - from.wall)}, processor: ${duration(u + s)} (user ${duration(u)}, system ${duration(s)})`,
  );
  return value;
}

/** Runs the code so often; @returns the milliseconds it took */
export type Loop = (loops: number, now: () => number) => number | Promise<number>;

/** A measurement lasts this long at least. */
const LEAST_MS = 200;
const MOST_LOOPS = 1e8;
const RUNS = 7;

export async function timeit(session: Session, options: string, loop: Loop): Promise<void> {
  const wanted = parse(options);
  const now = (): number => performance.now();
  const measure = async (loops: number): Promise<number> => {
    if (session.signal.aborted) throw interruption();
    return loop(loops, now);
  };
  let loops = wanted.loops ?? 1;
  if (wanted.loops === undefined) while ((await measure(loops)) < LEAST_MS && loops < MOST_LOOPS) loops *= 10;
  const times: number[] = [];
  for (let run = 0; run < (wanted.runs ?? RUNS); run++) times.push((await measure(loops)) / loops);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const spread = Math.sqrt(times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / times.length);
  const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
  print(
    `${duration(mean)} ± ${duration(spread)} per loop (mean ± standard deviation of ${count(times.length, 'run')}, ${count(loops, 'loop')} each)`,
  );
}

function parse(options: string): { loops?: number; runs?: number } {
  const wanted: { loops?: number; runs?: number } = {};
  for (const [whole, letter, digits] of options.matchAll(/-([a-z])\s*(\d*)/g)) {
    const value = Number(digits);
    if (!/^[nr]$/.test(letter) || !(value >= 1))
      throw new MagicError(
        `%timeit knows the options -n LOOPS and -r RUNS, both 1 or more; not '${whole.trim()}'.`,
      );
    wanted[letter === 'n' ? 'loops' : 'runs'] = value;
  }
  return wanted;
}

const UNITS: [ms: number, unit: string][] = [
  [60_000, 'min'],
  [1000, 's'],
  [1, 'ms'],
  [1e-3, 'µs'],
  [1e-6, 'ns'],
];

/** Three figures and the unit that suits. */
export function duration(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? UNITS.at(-1)!;
  return `${Number((ms / size).toPrecision(3))} ${unit}`;
}
