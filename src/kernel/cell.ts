// The contract between a running cell and long work inside it:
// `globalThis[Symbol.for('cellgrad.cell')]` is `{ signal, cooperate(), onFailure() }`.
import { FLAG } from './threads.js';

export interface CellContract {
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Promises to end soon after `signal` aborts; the kernel then waits up to 10 s. Call the result when done. */
  cooperate(): () => void;
  /** Calls back if the cell fails or is interrupted. @returns forgets that */
  onFailure(callback: () => void): () => void;
}

export class RunningCell {
  private readonly controller = new AbortController();
  readonly contract: CellContract;
  /** Its share of the callers that cooperate. */
  private cooperating = 0;
  private readonly failures = new Set<() => void>();

  constructor(
    readonly id: number,
    private readonly flags: Int32Array,
  ) {
    this.contract = {
      signal: this.visible(this.controller.signal),
      cooperate: () => this.cooperate(),
      onFailure: (callback) => {
        this.failures.add(callback);
        return () => void this.failures.delete(callback);
      },
    };
  }

  abort(): void {
    if (!this.controller.signal.aborted) this.controller.abort(interruption());
  }

  /** The cell has failed: those who wanted to hear that do, before it is over. */
  fail(): void {
    for (const callback of this.failures) callback();
  }

  /** The cell is over: nobody cooperates any more. */
  end(): void {
    Atomics.sub(this.flags, FLAG.COOPERATING, this.cooperating);
    this.cooperating = 0;
    this.ended = true;
    this.failures.clear();
  }
  private ended = false;

  private cooperate(): () => void {
    if (this.ended) return () => undefined;
    Atomics.add(this.flags, FLAG.COOPERATING, 1);
    this.cooperating++;
    let released = false;
    return () => {
      if (released || this.ended) return;
      released = true;
      Atomics.sub(this.flags, FLAG.COOPERATING, 1);
      this.cooperating--;
    };
  }

  /** A loop that polls `aborted` without yielding sees the interrupt too. */
  private visible(signal: AbortSignal): AbortSignal {
    const native = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!.get!;
    Object.defineProperty(signal, 'aborted', {
      configurable: true,
      get: () => {
        if (native.call(signal)) return true;
        if (Atomics.load(this.flags, FLAG.ABORTED) < this.id) return false;
        this.controller.abort(interruption());
        return true;
      },
    });
    const throwIfAborted = signal.throwIfAborted.bind(signal);
    Object.defineProperty(signal, 'throwIfAborted', {
      configurable: true,
      value: () => (signal.aborted ? throwIfAborted() : undefined),
    });
    return signal;
  }
}

function interruption(): Error {
  const error = new Error('Interrupted');
  error.name = 'KernelInterrupt';
  return error;
}
