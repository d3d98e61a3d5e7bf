// The cell that runs, where this is a notebook's kernel: what the kernel and long work inside a cell have agreed on.

export interface Cell {
  /** Aborted when the user interrupts; work that polls it without yielding sees that too. */
  readonly signal: AbortSignal;
  /** Promises to end soon after `signal` aborts, and not to be ended before; call the result when that is over. */
  cooperate(): () => void;
  /** Calls back if the cell fails or is interrupted. @returns forgets that */
  onFailure?(callback: () => void): () => void;
}

export const runningCell = (): Cell | undefined =>
  (globalThis as Record<symbol, unknown>)[Symbol.for('cellgrad.cell')] as Cell | undefined;
