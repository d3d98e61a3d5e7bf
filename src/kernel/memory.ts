// Ends a cell that is about to use up JavaScript's memory, before V8 ends the process.
import type { Session } from 'node:inspector';

/** Share of V8's limit above which a cell that goes on taking memory is ended, with so many bytes left at least … */
const MOST = 0.9;
const LEFT = 192 * 2 ** 20;
/** … but never below this share. */
const LEAST = 0.5;
/** And what it has to have taken itself, as a share: a cell that frees memory may run in what is left. */
const OWN = 0.03;
const LOOK_MS = { first: 10, least: 2, most: 200 };

export class MemoryWatch {
  private timer: NodeJS.Timeout | undefined;
  private readonly most: number;
  private watching = false;
  /** The least that the cell was seen with: what it began with may have been garbage of an earlier one. */
  private lowest = Infinity;
  private last = { used: 0, at: 0 };

  /**
   * @param limit of the main thread's heap, bytes
   * @param end called where a cell has to be ended
   */
  constructor(
    private readonly session: Session,
    private readonly limit: number,
    private readonly end: () => void,
  ) {
    this.most = Math.max(LEAST * limit, Math.min(MOST * limit, limit - LEFT));
  }

  /** From now on cells run. */
  start(): void {
    if (this.watching) return;
    this.watching = true;
    this.lowest = Infinity;
    this.last = { used: 0, at: performance.now() };
    this.timer = setTimeout(() => this.look(), LOOK_MS.first).unref();
  }

  stop(): void {
    this.watching = false;
    clearTimeout(this.timer);
  }

  private look(): void {
    this.session.post('Runtime.getHeapUsage', (failure, answer) => {
      if (failure || !this.watching) return;
      const { usedSize: used } = answer as { usedSize: number };
      this.lowest = Math.min(this.lowest, used);
      const own = used - this.lowest;
      if (used > this.most && own > OWN * this.limit) {
        this.stop();
        return this.end();
      }
      this.timer = setTimeout(() => this.look(), this.pause(used)).unref();
    });
  }

  /** A quarter of the time until the limit, at the pace of late. */
  private pause(used: number): number {
    const { last } = this;
    const at = performance.now();
    const pace = Math.max(0, used - last.used) / (at - last.at);
    this.last = { used, at };
    const left = (this.most - used) / 4 / pace;
    return Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, Number.isFinite(left) ? left : LOOK_MS.most));
  }
}
