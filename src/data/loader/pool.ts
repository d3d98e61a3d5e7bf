// The threads that make batches: started when there is work, shared by all loops over data sets, ended when they have been idle for a while.

import { Worker } from 'node:worker_threads';
import { DataError, describeError } from '../errors.js';
import type { Made, Piece } from './messages.js';

/** Pieces that a thread holds at once: enough for the time that a step of training keeps the caller's thread from handing out more. */
const held = 8;
const idleMs = 20_000;

interface Job {
  piece: Piece;
  signal: AbortSignal;
  done: (made: Made) => void;
  failed: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  jobs: Map<number, Job>;
}

const threads: Thread[] = [];
const waiting: Job[] = [];
let idle: NodeJS.Timeout | undefined;
let pieces = 0;

export const nextPiece = (): number => ++pieces;

/** Has a piece made by one of `most` threads. When `signal` is aborted before a thread has begun, nothing is made and it rejects. */
export function runPiece(piece: Piece, most: number, signal: AbortSignal): Promise<Made> {
  return new Promise((done, failed) => {
    waiting.push({ piece, signal, done, failed });
    clearTimeout(idle);
    while (threads.length < most && threads.length < waiting.length) threads.push(startThread());
    hand(most);
  });
}

function hand(most = threads.length): void {
  for (;;) {
    if (waiting.length === 0) break;
    const free = threads.slice(0, most).filter(({ jobs }) => jobs.size < held);
    if (free.length === 0) break;
    const job = waiting.shift()!;
    if (job.signal.aborted) {
      job.failed(job.signal.reason);
      continue;
    }
    const thread = free.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
    thread.jobs.set(job.piece.id, job);
    thread.worker.ref();
    thread.worker.postMessage(job.piece);
  }
}

function startThread(): Thread {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { execArgv: [] });
  const thread: Thread = { worker, jobs: new Map() };
  worker.unref();
  worker.on('message', (made: Made) => {
    const job = thread.jobs.get(made.id)!;
    thread.jobs.delete(made.id);
    job.done(made);
    hand();
    if (thread.jobs.size === 0) worker.unref(); // the process may end
    if (threads.every(({ jobs }) => jobs.size === 0))
      idle = setTimeout(() => void endThreads(), idleMs).unref();
  });
  const lost = (why: string): void => {
    const at = threads.indexOf(thread);
    if (at >= 0) threads.splice(at, 1);
    for (const { piece, failed } of thread.jobs.values()) {
      const files = piece.items.map(({ row }) => row.file ?? `row ${row.index}`);
      failed(
        new DataError(
          'image',
          `A thread that reads pictures ended (${why}) over ${files.join(', ')}. One of them may be more than memory holds.`,
        ),
      );
    }
    thread.jobs.clear();
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
