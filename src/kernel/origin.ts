// Which cell is speaking: output from a timer belongs under the cell that set it.
import { AsyncLocalStorage } from 'node:async_hooks';
import process from 'node:process';
import { promiseHooks } from 'node:v8';

// Before Node 24, AsyncLocalStorage keeps a stack of what runs, and an interrupt that leaves it unfinished aborts the
// process: there, promises bear the number of their cell, and timers remember it.
const storage =
  Number(process.versions.node.split('.')[0]) >= 24 ? new AsyncLocalStorage<number>() : undefined;

let latest = 0;
/** The cell of the timer or of the promise that has called what now runs. */
let called: number | undefined;

/** The cell that the code now running belongs to. */
export function currentCell(): number {
  return storage?.getStore() ?? called ?? latest;
}

export function runAs(cell: number, run: () => void): void {
  latest = cell;
  called = undefined; // an interrupt may have left it
  if (storage) storage.run(cell, run);
  else run();
}

/** Runs under another number; so does, later, what it has called back. */
export function runFor<T>(cell: number, run: () => T): T {
  if (storage) return storage.run(cell, run);
  const before = called;
  called = cell;
  try {
    return run();
  } finally {
    called = before;
  }
}

/** A cell beside this one is over: what speaks next, where there is no async context, is taken for this one's. */
export function goesOn(cell: number | undefined): void {
  latest = cell ?? latest;
}

/** A private field on a promise, which no inspection of it shows. */
class Marked extends (class {
  constructor(promise: object) {
    return promise;
  }
} as new (promise: object) => object) {
  readonly #cell: number;
  constructor(promise: object, cell: number) {
    super(promise);
    this.#cell = cell;
  }
  static cell(promise: object): number | undefined {
    return #cell in promise ? promise.#cell : undefined;
  }
}

/** Where there is no async context, promises and timers remember their cell. */
export function trackCallbacks(): void {
  if (storage) return;
  trackTimers();
  promiseHooks.createHook({
    init: (promise) => void new Marked(promise, called ?? latest),
    before: (promise) => {
      called = Marked.cell(promise);
    },
    after: () => {
      called = undefined;
    },
  });
}

function trackTimers(): void {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    const original = globalThis[name] as (callback: unknown, ...rest: unknown[]) => unknown;
    const tracked = (callback: unknown, ...rest: unknown[]): unknown => {
      if (typeof callback !== 'function') return original(callback, ...rest);
      const cell = currentCell();
      return original(
        function (this: unknown, ...values: unknown[]) {
          called = cell;
          // not in a finally: an error still belongs to this cell when the process reports it
          const result: unknown = callback.apply(this, values);
          called = undefined;
          return result;
        },
        ...rest,
      );
    };
    Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(globalThis, name, { value: tracked, writable: true, configurable: true });
  }
}

/**
 * The cell of an error that reached the process, after which callbacks start afresh.
 * @param promise the rejected one, where there is one
 */
export function cellOfUncaught(promise?: object): number {
  const cell = (promise && Marked.cell(promise)) ?? currentCell();
  called = undefined;
  return cell;
}
