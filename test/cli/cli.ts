// Runs the `cellgrad` command as a user does.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when stderr has come to hold the text. */
  says(text: string): Promise<void>;
}

export interface Where {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export function start(args: string[], { cwd, env }: Where = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  const waiting: { text: string; resolve: () => void }[] = [];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
    for (const { text, resolve } of waiting) if (stderr.includes(text)) resolve();
  });
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
    says: (text) =>
      new Promise((resolve) => (stderr.includes(text) ? resolve() : waiting.push({ text, resolve }))),
  };
}

export const cellgrad = (args: string[], where?: Where): Promise<Ended> => start(args, where).ended;

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-test-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
