// Completion, inspection, completeness and type errors, from TypeScript's language service in a thread of its own that
// starts when it is first asked.
import { Worker } from 'node:worker_threads';
import type { TypeProblem } from './language/check.js';
import { reply, type Completions, type Live } from './language/reply.js';
import type { Json } from './wire.js';

export type Question = 'complete' | 'inspect' | 'is_complete' | 'check' | 'warm';

/** Code that has run: a cell, or a file that was run as one. */
export interface Ran {
  code: string;
  file?: string;
}

export interface Ask {
  id: number;
  question: Question;
  content: Json;
  /** What has run since the last question. */
  cells: Ran[];
  /** What ran before counts no more. */
  forget: boolean;
}
export interface Answer {
  id: number;
  content: Json;
}

/** After so long without a cell, the thread may have a processor. */
const WARM_UP_MS = 1000;

export class Language {
  private worker: Worker | undefined;
  private unsent: Ran[] = [];
  private readonly all: Ran[] = [];
  private forgotten = false;
  private readonly waiting = new Map<number, (content: Json) => void>();
  private nextId = 1;

  /** `members` lists the properties of a live value. */
  constructor(private readonly members: (live: Live) => Promise<string[]>) {}

  remember(code: string, file?: string): void {
    const ran = { code, file };
    this.all.push(ran);
    this.unsent.push(ran);
  }

  /** The user's variables are gone. */
  forget(): void {
    this.all.length = 0;
    this.unsent = [];
    this.forgotten = true;
  }

  /** Has the thread read what all cells need, which takes seconds the first time, while the user reads or types. */
  warmUpSoon(): void {
    if (this.worker) return;
    clearTimeout(this.warming);
    this.warming = setTimeout(() => {
      if (!this.worker) void this.post('warm', {});
    }, WARM_UP_MS).unref();
  }
  private warming: NodeJS.Timeout | undefined;

  async check(code: string, name: string): Promise<TypeProblem[]> {
    const { problems } = await this.post('check', { code, name });
    return (problems ?? []) as TypeProblem[];
  }

  async ask(question: 'complete' | 'inspect' | 'is_complete', content: Json): Promise<Json> {
    const answer = await this.post(question, content);
    if (question !== 'complete' || !answer.completions) return answer;
    const completions = answer.completions as Completions;
    if (completions.live) await this.addLive(completions, completions.live);
    return reply(String(content.code ?? ''), completions);
  }

  /** What types don't say: what the value has at run time. */
  private async addLive({ entries }: Completions, live: Live): Promise<void> {
    const known = new Set(entries.map(({ name }) => name));
    const names = (await this.members(live)).filter(
      (name) => name.startsWith(live.start) && !known.has(name),
    );
    // the keys of an object come before the names of its class
    const found = names.map((name) => ({ name, kind: 'property' }));
    if (live.of === 'members') entries.push(...found);
    else entries.unshift(...found);
  }

  private post(question: Question, content: Json): Promise<Json> {
    const worker = (this.worker ??= this.start());
    const id = this.nextId++;
    const { unsent: cells, forgotten: forget } = this;
    worker.postMessage({ id, question, content, cells, forget } satisfies Ask);
    this.unsent = [];
    this.forgotten = false;
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  private start(): Worker {
    const worker = new Worker(new URL('./language-thread.js', import.meta.url));
    worker.on('message', ({ id, content }: Answer) => {
      this.waiting.get(id)?.(content);
      this.waiting.delete(id);
    });
    worker.on('error', (error) => {
      this.worker = undefined;
      this.unsent = [...this.all];
      for (const resolve of this.waiting.values())
        resolve({ status: 'error', ename: 'LanguageError', evalue: String(error), traceback: [] });
      this.waiting.clear();
    });
    worker.unref();
    return worker;
  }
}
