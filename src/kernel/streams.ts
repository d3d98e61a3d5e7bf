// What cells, their child processes and native libraries print, on its way to the front end, and in its order.
import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { logTo, type Descriptors, type StreamName } from './descriptors.js';
import { Limit } from './limit.js';
import type { Posted, ToSockets } from './threads.js';

/** How long after its cell a flood goes on before its end is shown. */
const LATE_MS = 500;
const names = ['stdout', 'stderr'] as const;

export interface StreamsOptions {
  descriptors: Descriptors | undefined;
  /** Sends a piece to the front end. */
  post: (cell: number, name: StreamName, text: string) => void;
  /** Takes the main thread's messages. */
  handle: (message: ToSockets) => void;
  /** The cell that what comes out of the descriptors belongs to. */
  current: () => number;
  /** Whether a cell is not over. */
  running: (cell: number) => boolean;
  /** The messages of this number have been handled. */
  handled: (number: number) => void;
}

/** What came out of one descriptor: text, and marks, which the main thread writes before each of its messages. */
class Pipe {
  private readonly decoder = new StringDecoder('utf8');
  private unread = '';

  constructor(
    readonly name: StreamName,
    private readonly descriptors: Descriptors,
  ) {}

  /** Without waiting; whether there was something. */
  read(buffer: Buffer): boolean {
    try {
      const n = readSync(this.descriptors.readers[this.name], buffer);
      this.take(buffer.subarray(0, n));
      return n > 0;
    } catch {
      return false; // nothing at the moment
    }
  }

  take(bytes: Buffer): void {
    this.unread += this.decoder.write(bytes);
  }

  /** Text up to the next mark, and the mark's number if it is there whole. */
  next(): { text: string; mark?: number } {
    const { begin, end } = this.descriptors.mark;
    const at = this.unread.indexOf(begin);
    if (at >= 0) {
      const close = this.unread.indexOf(end, at);
      const text = this.unread.slice(0, at);
      if (close < 0) {
        this.unread = this.unread.slice(at);
        return { text };
      }
      const mark = Number(this.unread.slice(at + begin.length, close));
      this.unread = this.unread.slice(close + end.length);
      return { text, mark };
    }
    // what may be the beginning of a mark waits
    let keep = Math.min(begin.length - 1, this.unread.length);
    while (keep && !begin.startsWith(this.unread.slice(-keep))) keep--;
    const text = this.unread.slice(0, this.unread.length - keep);
    this.unread = this.unread.slice(this.unread.length - keep);
    return { text };
  }
}

export class Streams {
  private readonly limits = new Map<string, { limit: Limit; timer?: NodeJS.Timeout }>();
  private readonly pipes: Pipe[];
  private readonly buffer = Buffer.alloc(1 << 16);
  /** Messages of the main thread whose turn has not come. */
  private waiting: Posted[] = [];
  /** For each pipe, the marks that were passed. */
  private readonly passed = new Map<Pipe, number>();
  /** The number of the last that were handled. */
  private handled = 0;

  constructor(private readonly o: StreamsOptions) {
    const { descriptors } = o;
    this.pipes = descriptors ? names.map((name) => new Pipe(name, descriptors)) : [];
  }

  listen(): void {
    for (const pipe of this.pipes) {
      // it also makes reads return at once
      const fd = this.o.descriptors!.readers[pipe.name];
      const socket = new Socket({ fd, readable: true, writable: false });
      socket.on('data', (bytes: Buffer) => {
        pipe.take(bytes);
        this.pump();
      });
      socket.on('error', () => undefined);
      socket.unref();
    }
  }

  /** Messages of the main thread, which come after what was written before it. */
  fromMain(posted: Posted): void {
    this.waiting.push(posted);
    if (this.pump()) return;
    this.drain();
    // its marks were written before it was sent: where one isn't there, its descriptor leads elsewhere now
    for (const late of this.waiting.splice(0)) this.handle(late);
    this.pump();
  }

  private handle({ number, messages }: Posted): void {
    this.handled = number;
    for (const message of messages) this.o.handle(message);
    this.o.handled(number);
  }

  /** Reads what is there. */
  private drain(): void {
    for (const pipe of this.pipes) while (pipe.read(this.buffer)) this.pump();
    this.pump();
  }

  /** Passes on what is in turn; whether that is everything. */
  private pump(): boolean {
    for (let moved = true; moved;) {
      moved = false;
      for (const pipe of this.pipes) {
        if ((this.passed.get(pipe) ?? 0) > this.handled) continue; // a message comes before the rest
        const { text, mark } = pipe.next();
        if (text) this.foreign(pipe.name, text);
        if (mark !== undefined) this.passed.set(pipe, mark);
        moved ||= !!text || mark !== undefined;
      }
      const [first] = this.waiting;
      if (first && this.pipes.every((pipe) => (this.passed.get(pipe) ?? 0) >= first.number)) {
        this.waiting.shift();
        this.handle(first);
        moved = true;
      }
    }
    return !this.waiting.length;
  }

  private foreign(name: StreamName, text: string): void {
    logTo(this.o.descriptors!.originals[name], text);
    this.write(this.o.current(), name, text);
  }

  /** Sends what a cell printed, within its limit. */
  write(cell: number, name: StreamName, text: string): void {
    const key = `${cell} ${name}`;
    let entry = this.limits.get(key);
    if (!entry) this.limits.set(key, (entry = { limit: new Limit() }));
    const shown = entry.limit.take(text);
    if (shown) this.o.post(cell, name, shown);
    if (this.o.running(cell)) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this.over(cell), LATE_MS).unref();
  }

  /** The cell is over: the end of what it printed is shown. */
  over(cell: number): void {
    for (const name of names) {
      const key = `${cell} ${name}`;
      const rest = this.limits.get(key)?.limit.end();
      this.limits.delete(key);
      if (rest) this.o.post(cell, name, rest);
    }
  }
}
