// Interrupts the running cells from the socket thread: politely if they cooperate, else by terminating them.
import { Session } from 'node:inspector';
import process from 'node:process';
import { MemoryWatch } from './memory.js';
import { CLAIM, FLAG, WHY, type ToMain } from './threads.js';

/** How long a cell that cooperates may take to end by itself. */
const PATIENCE_MS = 10_000;
/** How long the main thread may take to settle the cells before it counts as busy. */
const BUSY_MS = 15;
/** How long a settled cell's reply may be under way. */
const REPLY_MS = 500;

export class Interrupter {
  private session: Session | undefined;
  private memory: MemoryWatch | undefined;
  private readonly running = new Set<number>();
  /** Those of the running cells that an interrupt is to end. */
  private readonly condemned = new Set<number>();
  private waiting = false;
  private timer: NodeJS.Timeout | undefined;
  /** Run once a termination under way has landed. */
  private afterTermination: (() => void)[] = [];

  constructor(
    private readonly flags: Int32Array,
    private readonly toMain: (message: ToMain) => void,
    /** Bytes that V8 gives the main thread's objects. */
    private readonly heapLimit: number,
  ) {}

  begin(cell: number): void {
    if (!this.running.size) {
      Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
      Atomics.store(this.flags, FLAG.WHY, WHY.INTERRUPT);
    }
    this.running.add(cell);
    this.session ??= connect();
    this.memory ??= new MemoryWatch(this.session, this.heapLimit, () => this.outOfMemory());
    this.memory.start();
  }

  /** The cell has replied; `then` runs when no termination can hit what comes after it. */
  over(cell: number, then: () => void): void {
    if (!this.running.delete(cell)) return;
    if (!this.running.size) this.memory?.stop();
    if (this.condemned.delete(cell) && !this.condemned.size) {
      this.waiting = false;
      clearTimeout(this.timer);
    }
    if (Atomics.load(this.flags, FLAG.CLAIM) === CLAIM.SOCKETS) this.afterTermination.push(then);
    else {
      Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.MAIN, CLAIM.FREE);
      then();
    }
  }

  /** Ends every cell that runs. */
  interrupt(): void {
    if (!this.running.size) return;
    Atomics.store(this.flags, FLAG.ABORTED, Math.max(...this.running));
    for (const cell of this.running) {
      this.condemned.add(cell);
      this.toMain({ kind: 'abort', cell });
    }
    clearTimeout(this.timer);
    if (Atomics.load(this.flags, FLAG.COOPERATING) > 0 && !this.waiting) {
      this.waiting = true;
      this.timer = setTimeout(() => this.end(), PATIENCE_MS);
    } else this.end();
  }

  /** Nobody is asked politely: there is memory for some milliseconds. */
  private outOfMemory(): void {
    Atomics.store(this.flags, FLAG.WHY, WHY.MEMORY);
    for (const cell of this.running) this.condemned.add(cell);
    clearTimeout(this.timer);
    this.strike();
  }

  /** Makes sure that the process ends, whatever the main thread is doing. */
  endProcess(): void {
    const { session } = this;
    // a session still open at the end makes Node say that it waits for a debugger
    if (!this.running.size) session?.disconnect();
    else setTimeout(() => session?.post('Runtime.terminateExecution', () => session.disconnect()), 200);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000);
  }

  /** Asks the main thread to settle the cells; if it is too busy to hear, terminates what it runs. */
  private end(): void {
    if (!this.condemned.size) return;
    this.toMain({ kind: 'settle', upTo: Math.max(...this.condemned) });
    this.timer = setTimeout(() => this.strike(), BUSY_MS);
  }

  private strike(): void {
    if (!this.condemned.size) return;
    const before = Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.FREE, CLAIM.SOCKETS);
    if (before === CLAIM.FREE) this.terminate(() => this.end());
    else
      this.timer = setTimeout(() => {
        Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
        this.end();
      }, REPLY_MS);
  }

  private terminate(then: () => void): void {
    this.session?.post('Runtime.terminateExecution', () => {
      Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
      const after = this.afterTermination.splice(0);
      for (const go of after) go();
      then();
    });
  }
}

function connect(): Session {
  const session = new Session();
  session.connectToMainThread();
  return session;
}
