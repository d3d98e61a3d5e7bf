// How the audit tells where it stands, and lets others have a turn: interrupts, progress, the server of a notebook.

import { progress } from '../../progress/index.js';

export interface Progress {
  stage: string;
  done: number;
  total: number;
}

export interface Watch {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

const turn = 100; // ms
let last = 0;

/** Call it often: now and then it reports, waits for a turn of the event loop, and throws the signal's reason if that is aborted. */
export async function breathe(
  { signal, onProgress }: Watch,
  stage: string,
  done: number,
  total: number,
): Promise<void> {
  signal?.throwIfAborted();
  if (done < total && Date.now() - last < turn) return;
  last = Date.now();
  onProgress?.({ stage, done, total });
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

/** A bar a stage, in a notebook and on a terminal. */
export function stageBars(): { show(standing: Progress): void; end(): void } {
  let bar: ReturnType<typeof progress> | undefined;
  let stage = '';
  return {
    show(standing) {
      if (standing.stage !== stage) {
        bar?.close();
        stage = standing.stage;
        bar = progress(standing.total, { label: `Audit: ${stage}` });
      }
      bar!.update(standing.done - bar!.done);
    },
    end: () => bar?.close(),
  };
}
