// A sweep's file: finished trainings, each with what it came of, so that no other sweep takes them for its own.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Dataset, Row } from '../data/index.js';
import { checkWritable, writeWhole } from '../files.js';
import type { Classifier } from '../models/index.js';
import { TransferError } from './errors.js';
import { keyOfFilm, keyOfWeights } from './keys.js';
import type { SweepOptions, SweepRun } from './sweep.js';

/** Digests of what decides a training's result beside its degree and seed. */
interface Origin {
  options: string;
  train: string;
  val: string;
  test: string;
  network: string;
}
const names: Record<keyof Origin, string> = {
  options: 'other options',
  train: 'other training films',
  val: 'other validation films',
  test: 'other test films',
  network: 'another network',
};

interface Entry {
  from: Origin;
  run: SweepRun;
}

export class Journal {
  private constructor(
    private readonly file: string,
    private readonly entries: Entry[],
    private readonly from: Omit<Origin, 'network'>,
  ) {}

  /** @throws TransferError `file` where it is no file of a sweep; FileError where it can't be written */
  static async open(file: string, { train, val, test, ...options }: SweepOptions): Promise<Journal> {
    checkWritable(file);
    const entries = await read(file);
    const { signal } = options;
    const key = async (set?: Dataset): Promise<string> => (set ? keyOfSet(set, signal) : '');
    const from = { options: keyOfOptions(options), train: await key(train), val: await key(val) };
    return new Journal(file, entries, { ...from, test: await key(test) });
  }

  /** The finished trainings of a sweep, of the networks that `create` makes of the seeds; says on stderr what others are there. */
  async finished(
    plan: ReadonlyArray<Pick<SweepRun, 'degree' | 'seed'>>,
    create: (seed: number) => Promise<Classifier> | Classifier,
    quiet: boolean,
  ): Promise<SweepRun[]> {
    const ours = ({ from }: Entry): boolean => !differences(from, { ...from, ...this.from }).length;
    const networks = new Map<number, string>();
    for (const seed of new Set(plan.map(({ seed }) => seed))) {
      if (!this.entries.some((entry) => entry.run.seed === seed && ours(entry))) continue;
      const model = await create(seed);
      networks.set(seed, keyOfNetwork(model));
      model.dispose();
    }
    const runs: SweepRun[] = [];
    const others: string[][] = [];
    for (const { degree, seed } of plan) {
      const same = this.entries.filter(({ run }) => run.degree === degree && run.seed === seed);
      const faults = same.map(({ from }) =>
        differences(from, { ...this.from, network: networks.get(seed) ?? from.network }),
      );
      const at = faults.findIndex((fault) => !fault.length);
      if (at >= 0) runs.push(same[at].run);
      // of several the nearest one
      else if (faults.length) others.push(faults.reduce((a, b) => (b.length < a.length ? b : a)));
    }
    if (others.length && !quiet) {
      const count = others.length === 1 ? 'a training' : `${others.length} trainings`;
      const what = [...new Set(others.flat())].join(', ');
      process.stderr.write(`${this.file} holds ${count} of ${what}, done anew here and kept in the file.\n`);
    }
    return runs;
  }

  /** Keeps a training of a network that was as `network` says. */
  async add(run: SweepRun, network: string): Promise<void> {
    this.entries.push({ run, from: { ...this.from, network } });
    await writeWhole(this.file, JSON.stringify({ sweep: this.entries }, undefined, 1));
  }
}

const differences = (a: Origin, b: Origin): string[] =>
  (Object.keys(names) as Array<keyof Origin>).filter((key) => a[key] !== b[key]).map((key) => names[key]);

async function read(file: string): Promise<Entry[]> {
  if (!existsSync(file)) return [];
  const refuse = (why: string, cause?: unknown): never => {
    throw new TransferError(
      'file',
      `${file} is no file of a sweep: ${why}. Name another file, or remove this one.`,
      { cause },
    );
  };
  try {
    const { sweep } = JSON.parse(await readFile(file, 'utf8')) as { sweep?: Entry[] };
    const whole = Array.isArray(sweep) && sweep.every((entry) => entry?.from && entry.run);
    return whole ? sweep : refuse('it lists no trainings');
  } catch (cause) {
    if (cause instanceof TransferError) throw cause;
    return refuse("it can't be read as JSON", cause);
  }
}

const digest = (...parts: Array<string | Uint8Array>): string =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 16);

/** A network as it is made: what it computes, and its weights. */
export const keyOfNetwork = (model: Classifier): string => {
  const { classes, inputShape, preprocessing, design } = model;
  return digest(JSON.stringify([classes, inputShape, preprocessing, design]), keyOfWeights(model));
};

/** What decides results: not what is trained, shown or kept where; of a function its text. */
function keyOfOptions(options: Omit<SweepOptions, 'train' | 'val' | 'test'>): string {
  const { degrees, seeds, file, signal, display, workers, cache, checkpointing, onRun, ...deciding } =
    options;
  return digest(
    JSON.stringify(deciding, (_, v: unknown) => {
      if (typeof v === 'function') return String(v);
      // in one order, however they were written
      if (v && typeof v === 'object' && !Array.isArray(v))
        return Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)));
      return v;
    }),
  );
}

/** Films by their rows and what their pixels depend on; by the pixels where their source can't say. */
async function keyOfSet(set: Dataset, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(set.classes));
  for (const row of set.rows) {
    signal?.throwIfAborted();
    hash.update(JSON.stringify(row));
    const known = await keyOfFilm(set, row);
    hash.update(known ? JSON.stringify(known.key) : await contentOf(set, row));
  }
  return hash.digest('hex').slice(0, 16);
}

/** What can't be read has none: training says so, or skips it. */
async function contentOf({ source }: Dataset, row: Row): Promise<string | NodeJS.ArrayBufferView> {
  try {
    return source.volume
      ? (await source.volume(row)).data
      : await source.pixels(row, { size: 64, channels: 3 });
  } catch {
    return 'unreadable';
  }
}
