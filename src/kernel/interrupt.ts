// Interrupts the running cell from the socket thread: politely if it cooperates, else by terminating it.
import { Session } from 'node:inspector';
import process from 'node:process';
import { CLAIM, FLAG, type ToMain } from './threads.js';

/** How long a cell that cooperates may take to end by itself. */
const PATIENCE_MS = 10_000;
/** How long the main thread may take to settle the cell before it counts as busy. */
const BUSY_MS = 15;
/** How long a settled cell's reply may be under way. */
const REPLY_MS = 500;

export class Interrupter {
  private session: Session | undefined;
  private cell: number | undefined;
  private waiting = false;
  private timer: NodeJS.Timeout | undefined;
  /** Runs once a termination under way has landed. */
  private afterTermination: (() => void) | undefined;

  constructor(
    private readonly flags: Int32Array,
    private readonly toMain: (message: ToMain) => void,
  ) {}

  begin(cell: number): void {
    this.cell = cell;
    this.waiting = false;
    Atomics.store(this.flags, FLAG.COOPERATING, 0);
    Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
    this.session ??= connect();
  }

  /** The cell has replied; `then` runs when no termination can hit what comes after it. */
  over(cell: number, then: () => void): void {
    if (cell !== this.cell) return;
    this.cell = undefined;
    clearTimeout(this.timer);
    if (Atomics.load(this.flags, FLAG.CLAIM) === CLAIM.SOCKETS) this.afterTermination = then;
    else then();
  }

  interrupt(): void {
    const cell = this.cell;
    if (cell === undefined) return;
    Atomics.store(this.flags, FLAG.ABORTED, cell);
    this.toMain({ kind: 'abort', cell });
    if (Atomics.load(this.flags, FLAG.COOPERATING) > 0 && !this.waiting) {
      this.waiting = true;
      this.timer = setTimeout(() => this.end(cell), PATIENCE_MS);
      return;
    }
    clearTimeout(this.timer);
    this.end(cell);
  }

  /** Makes sure that the process ends, whatever the main thread is doing. */
  endProcess(): void {
    const { session } = this;
    // a session still open at the end makes Node say that it waits for a debugger
    if (this.cell === undefined) session?.disconnect();
    else setTimeout(() => session?.post('Runtime.terminateExecution', () => session.disconnect()), 200);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000);
  }

  /** Asks the main thread to settle the cell; if it is too busy to hear, terminates what it runs. */
  private end(cell: number): void {
    if (cell !== this.cell) return;
    this.toMain({ kind: 'settle', cell });
    this.timer = setTimeout(() => {
      if (cell !== this.cell) return;
      const before = Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.FREE, CLAIM.SOCKETS);
      if (before === CLAIM.FREE) this.terminate(() => this.end(cell));
      else
        this.timer = setTimeout(() => {
          Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
          this.end(cell);
        }, REPLY_MS);
    }, BUSY_MS);
  }

  private terminate(then: () => void): void {
    this.session?.post('Runtime.terminateExecution', () => {
      Atomics.store(this.flags, FLAG.CLAIM, CLAIM.FREE);
      const after = this.afterTermination;
      this.afterTermination = undefined;
      if (after) after();
      else then();
    });
  }
}

function connect(): Session {
  const session = new Session();
  session.connectToMainThread();
  return session;
}
