// What cells print: `console` and `process.stdout` become stream messages, few and whole.
import childProcess from 'node:child_process';
import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { Buffer } from 'node:buffer';
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { currentCell } from './origin.js';

type Name = 'stdout' | 'stderr';
type Send = (cell: number, name: Name, text: string) => void;

/** A single line goes out at once; a flood goes out in pieces of this size or age. */
const PIECE = 1 << 16;
const AGE_MS = 8;

export class Output {
  private pending = '';
  private cell = 0;
  private name: Name = 'stdout';
  private sentAt = -Infinity;
  private scheduled = false;

  constructor(private readonly send: Send) {}

  write(name: Name, text: string): void {
    const cell = currentCell();
    if (this.pending && (cell !== this.cell || name !== this.name)) this.flush();
    this.cell = cell;
    this.name = name;
    this.pending += text;
    if (this.pending.length >= PIECE || performance.now() - this.sentAt > AGE_MS) this.flush();
    else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => {
        this.scheduled = false;
        this.flush();
      });
    }
  }

  flush(): void {
    if (!this.pending) return;
    const text = this.pending;
    this.pending = '';
    this.send(this.cell, this.name, text);
    this.sentAt = performance.now();
  }

  /** Takes over `console` and the process's streams. */
  install(): void {
    const stdout = new Capture((text) => this.write('stdout', text));
    const stderr = new Capture((text) => this.write('stderr', text));
    const console = new Console({
      stdout: stdout as unknown as NodeJS.WritableStream,
      stderr: stderr as unknown as NodeJS.WritableStream,
      colorMode: 'auto', // FORCE_COLOR counts, as in Node
      ignoreErrors: false, // there are none, and to look for one a line takes memory until the loop that prints is over
    });
    Object.defineProperty(globalThis, 'console', { value: console, writable: true, configurable: true });
    process.stdout.write = stdout.write as typeof process.stdout.write;
    process.stderr.write = stderr.write as typeof process.stderr.write;
    this.beforeChildren();
  }

  /** What was printed before a child process is shown before what the child prints. */
  private beforeChildren(): void {
    const flush = (): void => this.flush();
    const first = <T extends object>(owner: T, name: keyof T): void => {
      const original = owner[name] as (this: unknown, ...rest: unknown[]) => unknown;
      owner[name] = function (this: unknown, ...rest: unknown[]) {
        flush();
        return original.apply(this, rest);
      } as T[keyof T];
    };
    first(childProcess, 'spawnSync');
    first(childProcess, 'execSync');
    first(childProcess, 'execFileSync');
    first(childProcess.ChildProcess.prototype as unknown as { spawn: unknown }, 'spawn');
    syncBuiltinESMExports();
  }
}

// a Writable costs some microseconds a line, which a flood notices
class Capture extends EventEmitter {
  constructor(private readonly take: (text: string) => void) {
    super();
  }

  write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    this.take(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') process.nextTick(done as (error: null) => void, null);
    return true;
  };
}
