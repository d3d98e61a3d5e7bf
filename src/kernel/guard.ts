// Keeps a cell from ending the kernel's process.
import process from 'node:process';

class ProcessExit extends Error {
  override readonly name = 'ProcessExit';
}

/** From here on, a cell that ends "the process" ends itself only; returns what does end the process. */
export function guardProcess(): (code: number) => never {
  // process.exit calls this property
  const internals = process as unknown as { reallyExit: (code: number) => never };
  const { reallyExit } = internals;
  const exit = process.exit.bind(process);
  const refuse = (call: string): never => {
    throw new ProcessExit(
      `${call} does not end the kernel; use the front end's "Restart kernel" or "Shut down" for that.`,
    );
  };
  process.exit = ((code?: number) => refuse(`process.exit(${code ?? ''})`)) as typeof process.exit;
  process.abort = () => refuse('process.abort()');
  internals.reallyExit = () => refuse('process.reallyExit()');
  return (code) => {
    internals.reallyExit = reallyExit;
    return exit(code);
  };
}

/** Listens to the process's events, also when a cell removes all listeners: an error would then end the kernel. */
export function keepListening(listeners: Record<string, (...values: unknown[]) => void>): void {
  const listen = (): void => {
    for (const [event, listener] of Object.entries(listeners))
      if (!process.listeners(event as 'exit').includes(listener)) process.on(event, listener);
  };
  for (const name of ['removeAllListeners', 'removeListener', 'off'] as const) {
    const original = process[name] as (...values: unknown[]) => unknown;
    process[name] = function (this: NodeJS.Process, ...values: unknown[]) {
      original.apply(this, values);
      listen();
      return this;
    } as never;
  }
  listen();
}
