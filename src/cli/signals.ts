// Signals that end a long command in good order.
import { constants } from 'node:os';

type Stop = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The code that a process ends with after a signal. */
export const codeOf = (stop: Stop): number => 128 + constants.signals[stop];

/** The first signal aborts `signal`, the second one ends the process at once. */
export function stopSignals(): { signal: AbortSignal; received(): Stop | undefined; release(): void } {
  const controller = new AbortController();
  let stop: Stop | undefined;
  const handler = (name: Stop): void => {
    if (stop) process.exit(codeOf(name));
    stop = name;
    controller.abort();
  };
  const names: Stop[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) process.on(name, handler);
  return {
    signal: controller.signal,
    received: () => stop,
    release: () => names.forEach((name) => process.off(name, handler)),
  };
}
