// The threads that decode: started when there is work, shared by all loops over data sets, ended when they have been idle for a while.

import { Worker, workerData } from 'node:worker_threads';
import { DataError, describeError } from '../errors.js';
import { asError, type Answer, type Kind, type Question, type Work } from './messages.js';

/** Whether this is one of the threads, which are not to start their own. */
export const inPool = (workerData as unknown) === 'cellgrad loader';

/** Tasks that a thread holds at once: enough for the time that a step of training keeps the caller's thread from handing out more. */
const held = 8;
const idleMs = 20_000;

interface Job {
  question: Question;
  files: readonly string[];
  signal?: AbortSignal;
  done: (result: unknown) => void;
  failed: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  jobs: Map<number, Job>;
}

const threads: Thread[] = [];
const waiting: Job[] = [];
let idle: NodeJS.Timeout | undefined;
let questions = 0;

export interface RunOptions {
  /** The most threads that may work. */
  most: number;
  /** What the error names where a thread ends over it. */
  files: readonly string[];
  /** Aborted before a thread has begun: nothing is made and it rejects. */
  signal?: AbortSignal;
}

/** Has a thread do what `kind` says. Rejects with the error that it threw there, and DataError 'image' where the thread ended over it. */
export function run<K extends Kind>(
  kind: K,
  task: Question<K>['task'],
  { most, files, signal }: RunOptions,
): Promise<ReturnType<Work[K]>> {
  return new Promise<ReturnType<Work[K]>>((done, failed) => {
    const question = { id: ++questions, kind, task };
    waiting.push({ question, files, signal, done: done as (result: unknown) => void, failed });
    clearTimeout(idle);
    const jobs = threads.reduce((sum, thread) => sum + thread.jobs.size, waiting.length);
    while (threads.length < Math.min(most, jobs)) threads.push(startThread());
    hand(most);
  });
}

function hand(most = threads.length): void {
  for (;;) {
    if (waiting.length === 0) break;
    const free = threads.slice(0, most).filter(({ jobs }) => jobs.size < held);
    if (free.length === 0) break;
    const job = waiting.shift()!;
    if (job.signal?.aborted) {
      job.failed(job.signal.reason);
      continue;
    }
    const thread = free.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
    thread.jobs.set(job.question.id, job);
    thread.worker.ref();
    thread.worker.postMessage(job.question);
  }
}

function startThread(): Thread {
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    execArgv: [],
    workerData: 'cellgrad loader',
  });
  const thread: Thread = { worker, jobs: new Map() };
  worker.unref();
  worker.on('message', (answer: Answer) => {
    const job = thread.jobs.get(answer.id)!;
    thread.jobs.delete(answer.id);
    if ('failure' in answer) job.failed(asError(answer.failure));
    else job.done(answer.result);
    hand();
    if (thread.jobs.size === 0) worker.unref(); // the process may end
    if (threads.every(({ jobs }) => jobs.size === 0))
      idle = setTimeout(() => void endThreads(), idleMs).unref();
  });
  const lost = (why: string): void => {
    const at = threads.indexOf(thread);
    if (at >= 0) threads.splice(at, 1);
    for (const { files, failed } of thread.jobs.values()) {
      failed(
        new DataError(
          'image',
          `A thread that reads pictures ended (${why}) over ${files.join(', ')}. One of them may be more than memory holds.`,
        ),
      );
    }
    thread.jobs.clear();
    // what still waits would wait for ever
    if (waiting.length > 0 && threads.length === 0) threads.push(startThread());
    hand();
  };
  worker.on('error', (error) => lost(describeError(error)));
  worker.on('exit', (code) => lost(`exit code ${code}`));
  return thread;
}

/** Ends the threads; later work starts new ones. */
export async function endThreads(): Promise<void> {
  clearTimeout(idle);
  await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
}
