// What a magic may ask of the kernel, and the error that it throws at a user's mistake.
import process from 'node:process';
import type { Asked } from '../threads.js';
import type { Json } from '../wire.js';

export interface Session {
  /** The notebook's folder, from which imports are resolved. */
  readonly folder: string;
  /** Aborted when the user interrupts the cell that runs. */
  readonly signal: AbortSignal;
  /** Promises to end soon after `signal` aborts; to be called when done. */
  cooperate(): () => void;
  /** Evaluates TypeScript in the notebook's scope; `file` is where it comes from. */
  evaluate(code: string, file: string): Promise<unknown>;
  /** The names that cells have declared, the earliest first. */
  variables(): string[];
  forgetVariables(): void;
  /** Adds to the reply what the front end is to do. */
  payload(item: Json): void;
  /** Whether the front end answers questions. */
  readonly asks: boolean;
  input(prompt: string): Promise<string>;
  ask(question: Asked, content: Json): Promise<Json>;
}

/** The user has asked for what can't be done. */
export class MagicError extends Error {
  override readonly name = 'MagicError';
}

/** As the kernel names what the user has interrupted. */
export function interruption(): Error {
  const error = new Error('Interrupted');
  error.name = 'KernelInterrupt';
  error.stack = 'KernelInterrupt: Interrupted';
  return error;
}

export const print = (text: string): void =>
  void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
