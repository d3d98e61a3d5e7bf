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

/** A cell beside this one is over: what speaks next, where there is no async context, is taken for this one's. */
export function goesOn(cell: number): void {
  latest = cell;
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
