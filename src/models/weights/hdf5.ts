// HDF5 files by the HDF Group's library (h5wasm), in a thread: what a file holds, and the values of a dataset.

import { Worker } from 'node:worker_threads';
import { refuse } from './refuse.js';
import { sizeOf } from './stored.js';

export interface Contents {
  datasets: Array<{ path: string; shape: number[]; numeric: boolean }>;
  /** By the path of the group: the attributes by which Keras names its weights. */
  attributes: Record<string, Record<string, string[]>>;
}
export type Question = 'contents' | { paths: string[] };
type Reply = { answer: unknown } | { error: string };

/** A sound file answers in a fraction of it. */
const LONGEST_ANSWER_MS = 60_000;
const MOST_AHEAD = 16e6;

export class Hdf5 {
  private readonly worker: Worker;
  /** Shapes of the datasets that were not asked for. */
  private unread = new Map<string, number[]>();
  private readonly read = new Map<string, Float32Array>();
  /** Ends the question that waits. */
  private settle: (reply: Reply) => void = () => {};

  constructor(path: string) {
    this.worker = new Worker(new URL('./hdf5-thread.js', import.meta.url), {
      workerData: path,
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    this.worker.on('message', (reply: Reply) => this.settle(reply));
    this.worker.on('error', (error) => this.settle({ error: String((error as Error | undefined)?.message) }));
    this.worker.on('exit', () => this.settle({ error: 'the library stopped at it' }));
  }

  async contents(): Promise<Contents> {
    const contents = (await this.ask('contents')) as Contents;
    this.unread = new Map(contents.datasets.filter((d) => d.numeric).map((d) => [d.path, d.shape]));
    return contents;
  }

  /** A numeric dataset as float32; it can be asked for once. */
  async values(path: string): Promise<Float32Array> {
    if (!this.read.has(path)) {
      const paths = this.following(path);
      const values = (await this.ask({ paths })) as Float32Array[];
      paths.forEach((p, i) => this.read.set(p, values[i]));
    }
    const values = this.read.get(path)!;
    this.read.delete(path);
    return values;
  }

  /** The dataset and some that follow it: on a busy machine it is the asking that takes time. */
  private following(path: string): string[] {
    const paths: string[] = [];
    let bytes = 0;
    for (const [next, shape] of this.unread)
      if (next === path || (paths.length && bytes < MOST_AHEAD)) {
        paths.push(next);
        bytes += 4 * sizeOf(shape);
        this.unread.delete(next);
      }
    return paths;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private async ask(question: Question): Promise<unknown> {
    const reply = await new Promise<Reply>((resolve) => {
      const late = { error: `nothing was read within ${LONGEST_ANSWER_MS / 1000} s` };
      const timer = setTimeout(() => resolve(late), LONGEST_ANSWER_MS);
      this.settle = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      this.worker.postMessage(question);
    });
    return 'answer' in reply ? reply.answer : refuse(`its HDF5 is damaged (${cause(reply.error)})`);
  }
}

/** The last line of the library's trace is where it began. */
function cause(trace: string): string {
  const causes = [...trace.matchAll(/^ *#\d+: .*\(\): (.*)$/gm)].map((found) => found[1]);
  return (causes.at(-1) ?? trace.split('\n')[0]).replace(/\.$/, '').slice(0, 200);
}
