// Completion, inspection and completeness, from TypeScript's language service in a thread of its own that
// starts when it is first asked.
import { Worker } from 'node:worker_threads';
import type { Json } from './wire.js';

export type Question = 'complete' | 'inspect' | 'is_complete';
export interface Ask {
  id: number;
  question: Question;
  content: Json;
  /** Cells that have run since the last question. */
  cells: string[];
  /** The cells of before count no more. */
  forget?: boolean;
}
export interface Answer {
  id: number;
  content: Json;
}

export class Language {
  private worker: Worker | undefined;
  private unsent: string[] = [];
  private readonly all: string[] = [];
  private readonly waiting = new Map<number, (content: Json) => void>();
  private nextId = 1;

  /** `members` lists the properties of a live value. */
  constructor(private readonly members: (expression: string) => Promise<string[]>) {}

  remember(cell: string): void {
    this.all.push(cell);
    this.unsent.push(cell);
  }

  /** The user's variables are gone. */
  forget(): void {
    this.all.length = 0;
    this.unsent = [];
    this.forgotten = true;
  }
  private forgotten = false;

  async ask(question: Question, content: Json): Promise<Json> {
    const answer = await this.post(question, content);
    const matches = (answer.matches ?? []) as string[];
    if (question !== 'complete' || answer.status !== 'ok' || matches.length) return answer;
    const expression = memberChain(String(content.code ?? ''), Number(content.cursor_pos ?? Infinity));
    if (expression === undefined) return answer;
    // untyped values: what they have at run time
    const live = await this.members(expression.object);
    return { ...answer, matches: live.filter((name) => name.startsWith(expression.start)) };
  }

  private post(question: Question, content: Json): Promise<Json> {
    const worker = (this.worker ??= this.start());
    const id = this.nextId++;
    worker.postMessage({ id, question, content, cells: this.unsent, forget: this.forgotten } satisfies Ask);
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

/** `a.b.pre` before the cursor, as its object and the start of the name. */
function memberChain(code: string, cursor: number): { object: string; start: string } | undefined {
  const before = [...code].slice(0, cursor).join('');
  const match = /([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\.([\w$]*)$/.exec(before);
  return match ? { object: match[1], start: match[2] } : undefined;
}
