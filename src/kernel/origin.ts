// Which cell is speaking: output from a timer belongs under the cell that set it.
import { AsyncLocalStorage } from 'node:async_hooks';
import process from 'node:process';

// Before Node 24, AsyncLocalStorage hooks into promises, and terminating a hooked one aborts the process.
const storage =
  Number(process.versions.node.split('.')[0]) >= 24 ? new AsyncLocalStorage<number>() : undefined;

let latest = 0;
let inTimer: number | undefined;

/** The cell that the code now running belongs to. */
export function currentCell(): number {
  return storage?.getStore() ?? inTimer ?? latest;
}

export function runAs(cell: number, run: () => void): void {
  latest = cell;
  if (storage) storage.run(cell, run);
  else run();
}

/** Those that `runFor` waits for, where there is no async context: what speaks next is most likely theirs. */
const waiting: number[] = [];

/** Runs under another number until what it returns has settled. */
export function runFor<T>(cell: number, run: () => T): T {
  if (storage) return storage.run(cell, run);
  const before = { latest, inTimer };
  latest = cell;
  inTimer = undefined;
  let result: T;
  try {
    result = run();
  } finally {
    latest = before.latest;
    inTimer = before.inTimer;
  }
  if (!(result instanceof Promise)) return result;
  waiting.push(cell);
  // whoever has called this goes on first
  queueMicrotask(() => {
    if (waiting.includes(cell)) latest = cell;
  });
  const settled = (): void => {
    const at = waiting.indexOf(cell);
    if (at >= 0) waiting.splice(at, 1);
    if (latest === cell) latest = waiting.at(-1) ?? before.latest;
  };
  result.then(settled, settled);
  return result;
}

/** A cell beside this one is over: what speaks next, where there is no async context, is taken for this one's. */
export function goesOn(cell: number | undefined): void {
  latest = waiting.at(-1) ?? cell ?? latest;
}

/** An interrupt has ended all that was under way. */
export function nothingWaits(): void {
  waiting.length = 0;
}

/** Where there is no async context, timers at least remember their cell. */
export function trackTimers(): void {
  if (storage) return;
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    const original = globalThis[name] as (callback: unknown, ...rest: unknown[]) => unknown;
    const tracked = (callback: unknown, ...rest: unknown[]): unknown => {
      if (typeof callback !== 'function') return original(callback, ...rest);
      const cell = currentCell();
      return original(
        function (this: unknown, ...values: unknown[]) {
          inTimer = cell;
          // not in a finally: an error still belongs to this cell when the process reports it
          const result: unknown = callback.apply(this, values);
          inTimer = undefined;
          return result;
        },
        ...rest,
      );
    };
    Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(globalThis, name, { value: tracked, writable: true, configurable: true });
  }
}

/** The cell of an error that reached the process, after which timers start afresh. */
export function cellOfUncaught(): number {
  const cell = currentCell();
  inTimer = undefined;
  return cell;
}
