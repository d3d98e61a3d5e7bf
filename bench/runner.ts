// A process that does a piece of work whenever a line comes in, and answers with a line of JSON: what benchmarks that take turns share.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const here = (name: string, base: string): string => fileURLToPath(new URL(name, base));

export const median = (v: number[]): number => [...v].sort((a, b) => a - b)[v.length >> 1];

export class Runner<Answer> {
  private readonly lines: AsyncIterator<string>;

  private constructor(
    readonly label: string,
    private readonly process: ChildProcess,
  ) {
    this.lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts it and waits for its first answer, warm-up included. */
  static async start<Answer>(
    label: string,
    program: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Runner<Answer>> {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    const runner = new Runner<Answer>(label, child);
    await runner.answer();
    return runner;
  }

  private async answer(): Promise<Answer> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.label} ended; its own message is above`);
    return JSON.parse(value) as Answer;
  }

  round(): Promise<Answer> {
    this.process.stdin!.write('go\n');
    return this.answer();
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.stdin!.end();
    await ended;
  }
}
