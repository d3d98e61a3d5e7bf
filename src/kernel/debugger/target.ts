// The main thread as the debugger sees it, from the socket thread: an inspector session, as promises.
import { Session } from 'node:inspector';
import type { Debuggee } from './debuggee.js';

type Parameters = Record<string, unknown>;

/** How long the main thread may take to answer: an inspector's message interrupts JavaScript, but not native code. */
const PATIENCE_MS = 10_000;

/** What went wrong, in a sentence for the front end. */
export class DebugError extends Error {}

/** A value on the main thread, as the inspector hands it out. */
export interface Remote {
  type: string;
  value?: unknown;
  unserializableValue?: string;
  objectId?: string;
  description?: string;
}

interface Evaluated {
  result: Remote;
  exceptionDetails?: { text: string; exception?: Remote };
}

/** The global through which the debugger reaches its half on the main thread. */
export const DEBUGGEE = 'globalThis[Symbol.for("cellgrad.debuggee")]';

export class Target {
  private session: Session | undefined;
  private readonly listeners = new Map<string, (parameters: never) => void>();

  /** Before the first message. */
  on<P>(event: string, listener: (parameters: P) => void): void {
    this.listeners.set(event, listener as (parameters: never) => void);
  }

  async post<R>(method: string, parameters: Parameters = {}, patience = PATIENCE_MS): Promise<R> {
    const session = (this.session ??= this.connect());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new DebugError('The kernel is busy in native code and can’t be looked into; try again later.'),
          ),
        patience,
      );
      session.post(method, parameters, (failure, answer) => {
        clearTimeout(timer);
        if (failure) reject(new DebugError(failure.message));
        else resolve(answer as R);
      });
    });
  }

  /** Calls a function of the debugger's half on the main thread; arguments are remote values or plain JSON. */
  async call<K extends keyof Debuggee>(
    name: K,
    ...given: (Remote | { json: unknown })[]
  ): Promise<Awaited<ReturnType<Debuggee[K]>>> {
    const { result: debuggee } = await this.post<Evaluated>('Runtime.evaluate', {
      expression: DEBUGGEE,
      silent: true,
    });
    const answer = await this.post<Evaluated>('Runtime.callFunctionOn', {
      objectId: debuggee.objectId,
      functionDeclaration: `function (...given) { return this.${name}(...given) }`,
      arguments: given.map((one) => ('json' in one ? { value: one.json } : argument(one))),
      returnByValue: true,
      awaitPromise: name === 'bundle',
      silent: true,
    });
    return unwrapped(answer).value as Awaited<ReturnType<Debuggee[K]>>;
  }

  get connected(): boolean {
    return this.session !== undefined;
  }

  close(): void {
    this.session?.disconnect();
    this.session = undefined;
  }

  private connect(): Session {
    const session = new Session();
    session.connectToMainThread();
    for (const [event, listener] of this.listeners)
      session.on(event, ({ params }: { params: never }) => listener(params));
    return session;
  }
}

/** A remote value as an argument of a call. */
export function argument({ objectId, unserializableValue, value }: Remote): Parameters {
  return objectId ? { objectId } : unserializableValue ? { unserializableValue } : { value };
}

/** The value of an evaluation; an exception in it is an error for the front end. */
export function unwrapped({ result, exceptionDetails: failed }: Evaluated): Remote {
  if (!failed) return result;
  const { objectId, description, value } = failed.exception ?? {};
  if (objectId && description) throw new DebugError(description.split('\n    at ')[0]);
  throw new DebugError(failed.exception ? `Thrown: ${String(description ?? value)}` : failed.text);
}
