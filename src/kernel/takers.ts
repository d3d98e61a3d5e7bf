// Takers of output: what some code shows goes to whoever asked for it, such as an Output widget, not to the front end.
import { currentCell, runFor } from './origin.js';
import type { Json } from './wire.js';

type Take = (type: string, content: Json) => void;

/** What a kernel offers its cells and their modules as `globalThis[Symbol.for('cellgrad.outputs')]`. */
export interface Captures {
  /**
   * Runs; whatever it shows until what it returns has settled goes to `take`. So does what its timers and promises show later.
   */
  capture<T>(take: Take, run: () => T): T;
  /** Shows an error where the code that calls this shows things. */
  showError(error: unknown): void;
}

/** What a capture may take; all else is for the front end. */
const SHOWN = new Set([
  'stream',
  'display_data',
  'execute_result',
  'update_display_data',
  'error',
  'clear_output',
]);
/** Timers that come later than so many other captures speak to nobody. */
const REMEMBERED = 5000;

interface Capture {
  /** The cell that asked for it. */
  cell: number;
  take: Take;
}
/** By the numbers under which captured code runs: below zero, so that none is a cell's. */
const captures = new Map<number, Capture>();
/** Who has taken a display, by its id: later updates are theirs too. */
const displays = new Map<string, Take>();
let last = 0;

export function capture<T>(take: Take, run: () => T): T {
  captures.set(--last, { cell: realCell(currentCell()), take });
  forgetOldest(captures);
  return runFor(last, run);
}

/** The cell that code belongs to, be it captured or not. */
export function realCell(cell: number): number {
  return captures.get(cell)?.cell ?? cell;
}

/** @returns whether somebody has taken this, so that the front end is not to have it */
export function taken(cell: number, type: string, content: Json): boolean {
  if (!SHOWN.has(type)) return false;
  const take = captures.get(cell)?.take;
  const id = (content.transient as { display_id?: string } | undefined)?.display_id;
  if (type === 'update_display_data') {
    if (id !== undefined) displays.get(id)?.(type, content);
    return false; // what has that id may stand elsewhere too
  }
  if (!take) return cell < 0;
  if (id !== undefined) {
    displays.set(id, take);
    forgetOldest(displays);
  }
  take(type, content);
  return true;
}

function forgetOldest(map: Map<unknown, unknown>): void {
  if (map.size > REMEMBERED) map.delete(map.keys().next().value);
}
