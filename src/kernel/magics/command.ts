// `!command`, `%%bash` and `%npm` run programs: their output streams while they run, an interrupt ends them.
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { interruption, MagicError, type Session } from './session.js';

/** How long a program may take to end after an interrupt. */
const PATIENCE_MS = 2000;
/** How long the output of what a program has left running is waited for. */
const DRAIN_MS = 150;

export interface Command {
  file: string;
  args?: string[];
  /** Have the system's shell read `file`. */
  shell?: boolean;
  cwd?: string;
  onOutput?: (text: string) => void;
  onError?: (text: string) => void;
}

const groups = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of groups) kill(child, 'SIGKILL');
});

/** Runs a program to its end. @returns its exit code, or the signal that ended it */
export async function run(
  session: Session,
  { file, args = [], shell, cwd, onOutput, onError }: Command,
): Promise<number | string> {
  const { signal } = session;
  if (signal.aborted) throw interruption();
  // a group of its own, so that an interrupt reaches what the program has started
  const detached = process.platform !== 'win32';
  const child = spawn(file, args, {
    cwd,
    shell,
    detached,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  groups.add(child);
  child.stdout.setEncoding('utf8').on('data', onOutput ?? ((text: string) => process.stdout.write(text)));
  child.stderr.setEncoding('utf8').on('data', onError ?? ((text: string) => process.stderr.write(text)));
  const release = session.cooperate();
  let last: NodeJS.Timeout | undefined;
  const stop = (): void => {
    kill(child, 'SIGINT');
    last = setTimeout(() => kill(child, 'SIGKILL'), PATIENCE_MS);
  };
  signal.addEventListener('abort', stop);
  try {
    const ended = await new Promise<number | string>((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) => reject(cannotRun(file, error)));
      child.on('close', (code, by) => resolve(by ?? code ?? 0));
      child.on('exit', (code, by) => setTimeout(() => resolve(by ?? code ?? 0), DRAIN_MS).unref());
    });
    if (signal.aborted) throw interruption();
    return ended;
  } finally {
    clearTimeout(last);
    // what runs in the shell's background hears no SIGINT
    if (signal.aborted) kill(child, 'SIGKILL');
    signal.removeEventListener('abort', stop);
    groups.delete(child);
    release();
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

function cannotRun(file: string, error: NodeJS.ErrnoException): MagicError {
  return new MagicError(
    error.code === 'ENOENT' ? `There is no program '${file}' on this machine's PATH.` : error.message,
  );
}

export const described = (ended: number | string): string =>
  typeof ended === 'number' ? `exit code ${ended}` : `ended by ${ended}`;

/** A line for the system's shell. One that fails says so, and the cell goes on. */
export async function shellLine(session: Session, line: string): Promise<void> {
  if (!line) throw new MagicError('! needs a command: !ls');
  const ended = await run(session, { file: line, shell: true });
  if (ended !== 0) process.stderr.write(`[${described(ended)}]\n`);
}
