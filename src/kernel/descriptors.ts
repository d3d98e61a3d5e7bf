// File descriptors 1 and 2, which child processes inherit and native libraries write to, as pipes that the socket thread reads.
import { writeSync } from 'node:fs';

export type StreamName = 'stdout' | 'stderr';

/** Where what is written to descriptors 1 and 2 arrives, and where they led before: the front end's log. */
export interface Descriptors {
  readers: Record<StreamName, number>;
  originals: Record<StreamName, number>;
  /** What a number stands between that the main thread writes before each message: the message's place in the output. */
  mark: { begin: string; end: string };
}

/** Writes to the log of whoever started the kernel, which no user sees. */
export function logTo(descriptor: number | undefined, text: string): void {
  try {
    writeSync(descriptor ?? 2, text);
  } catch {
    // nobody reads it
  }
}
