// The inputs of this session and of earlier ones, as `history_request` asks for them. They are kept in a SQLite file by a
// thread that runs while it is needed.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Json } from './wire.js';

export interface Input {
  session: number;
  line: number;
  code: string;
}
type Entry = [session: number, line: number, input: string | [string, null]];

/** What the thread is told, and answers. */
export interface HistoryTask {
  path: string;
  /** The session's number, once it has one. */
  session: number | undefined;
  add: Omit<Input, 'session'>[];
  /** Whether to answer with the inputs of earlier sessions. */
  wanted: boolean;
}
export type HistoryAnswer = { session: number; earlier: Input[] } | { fault: string };

/** Inputs wait so long to be written, so that a run of cells costs one transaction. */
const DELAY_MS = 1000;
/** What the end of the kernel waits for at most. */
const LAST_MS = 4000;

/** Where inputs are kept: `CELLGRAD_HISTORY`, a file or `off`; undefined for `off`. */
export function historyFile(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const asked = env.CELLGRAD_HISTORY;
  if (asked === 'off') return undefined;
  if (asked) return asked;
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'cellgrad', 'history.sqlite');
}

export class History {
  private readonly inputs: Omit<Input, 'session'>[] = [];
  private unwritten: Omit<Input, 'session'>[] = [];
  private session: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private work: Promise<unknown> = Promise.resolve();

  /**
   * @param path the file, undefined to keep nothing
   * @param say tells once that the file can't be used
   */
  constructor(
    private path: string | undefined,
    private readonly say: (text: string) => void,
  ) {}

  add(line: number, code: string): void {
    this.inputs.push({ line, code });
    if (!this.path) return;
    this.unwritten.push({ line, code });
    this.timer ??= setTimeout(() => void this.run(false), DELAY_MS).unref();
  }

  async answer(request: Json): Promise<Entry[]> {
    const earlier = await this.run(true);
    const session = this.session ?? 1;
    const own = this.inputs.map(({ line, code }) => ({ session, line, code }));
    const found = select(request, [...earlier, ...own], session);
    return found.map(({ session, line, code }) => [session, line, request.output ? [code, null] : code]);
  }

  /** Writes what is not yet written. */
  async close(): Promise<void> {
    if (!this.unwritten.length) return;
    const timeout = new Promise((resolve) => setTimeout(resolve, LAST_MS).unref());
    await Promise.race([this.run(false), timeout]);
  }

  private run(wanted: boolean): Promise<Input[]> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const task = this.work.then(() => this.task(wanted));
    this.work = task;
    return task;
  }

  private async task(wanted: boolean): Promise<Input[]> {
    const { path, session } = this;
    const add = this.unwritten.splice(0);
    if (!path || !(add.length || wanted)) return [];
    const answer = await inThread({ path, session, add, wanted });
    if ('fault' in answer) {
      this.path = undefined;
      this.say(
        `The history of inputs is not kept: ${answer.fault}. CELLGRAD_HISTORY names another file, or off.`,
      );
      return [];
    }
    this.session = answer.session;
    return answer.earlier;
  }
}

function inThread(task: HistoryTask): Promise<HistoryAnswer> {
  const worker = new Worker(new URL('./history-thread.js', import.meta.url), { workerData: task });
  return new Promise((resolve) => {
    worker.once('message', (answer: HistoryAnswer) => {
      resolve(answer);
      void worker.terminate();
    });
    worker.once('error', (error) => resolve({ fault: error.message }));
  });
}

function select(request: Json, inputs: Input[], session: number): Input[] {
  const limit = typeof request.n === 'number' ? request.n : undefined;
  const last = (found: Input[], n: number): Input[] => (n > 0 ? found.slice(-n) : []);
  switch (request.hist_access_type) {
    case 'tail':
      return last(inputs, limit ?? 10);
    case 'range': {
      const start = Number(request.start ?? 1);
      const stop = typeof request.stop === 'number' ? request.stop : Infinity;
      // 0 is this session, negative ones count back from it
      const asked = Number(request.session ?? 0);
      const wanted = asked > 0 ? asked : session + asked;
      return inputs.filter((i) => i.session === wanted && i.line >= start && i.line < stop);
    }
    case 'search': {
      const fits = matcher(String(request.pattern ?? '*'));
      let found = inputs.filter(({ code }) => fits(code));
      if (request.unique) {
        const latest = new Map(found.map((input) => [input.code, input]));
        found = found.filter((input) => latest.get(input.code) === input);
      }
      return limit === undefined ? found : last(found, limit);
    }
    default:
      return [];
  }
}

/** A glob; code that differs from it only in its spacing is found too. */
function matcher(pattern: string): (code: string) => boolean {
  const exact = glob(pattern);
  const loose = glob(unspaced(pattern));
  return (code) => exact.test(code) || loose.test(unspaced(code));
}

const unspaced = (text: string): string => text.replace(/\s+/g, '');

function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '[^]*').replace(/\?/g, '[^]')}$`);
}
