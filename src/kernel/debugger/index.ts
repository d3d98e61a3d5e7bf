// The debugger, for the kernel's shell. It is loaded when a front end first asks for it; until then, nothing but
// the code of the cells is kept.
import type { Json } from '../wire.js';
import type { Debugger, Surroundings } from './debugger.js';

export class Debugging {
  private loaded: Debugger | undefined;
  private loading: Promise<Debugger> | undefined;
  /** The code that runs, or ran last, under a name. */
  private readonly ran = new Map<string, string>();
  private running = 0;

  constructor(private readonly surroundings: Pick<Surroundings, 'event' | 'interrupt'>) {}

  /** Runs a cell, which stops at its breakpoints from its first line on. */
  async run<R>(name: string, code: string, run: () => Promise<R>): Promise<R> {
    this.ran.set(name, code);
    await this.loaded?.prepare(name, code);
    this.running++;
    try {
      return await run();
    } finally {
      if (!--this.running) this.loaded?.over();
    }
  }

  /** Lets a stopped cell go on, past every breakpoint until all that runs is over: it is to end. */
  async release(): Promise<void> {
    if (this.running) await this.loaded?.release();
  }

  /** Lets go of the main thread for good. */
  async close(): Promise<void> {
    await this.release();
    this.loaded?.close();
  }

  /** Answers a debug_request. */
  async answer(request: Json): Promise<Json> {
    this.loading ??= import('./debugger.js').then((module) => {
      const { ran } = this;
      const busy = (): boolean => this.running > 0;
      return (this.loaded = new module.Debugger({ ...this.surroundings, ran, busy }));
    });
    return (await this.loading).answer(request);
  }
}
