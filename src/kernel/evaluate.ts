// Evaluates scripts in this thread's global scope through V8's inspector, in REPL mode: top-level await,
// and an evaluation that another thread can terminate without ending this one.
import { Session, type Runtime } from 'node:inspector';
import { promiseHooks } from 'node:v8';

export type Outcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'thrown'; error: unknown; line?: number; column?: number }
  | { kind: 'terminated' };

const HOLD = Symbol.for('cellgrad.hold');

export class Evaluator {
  /** A debugger may stop at exceptions. */
  debugged = false;
  private session = connect();
  private held: unknown;
  /**
   * Evaluations under way. When the collector finds that one can't end, the inspector reports so, and in
   * Node 22 that is a call of JavaScript during the collection, which aborts the process.
   */
  private readonly pending = new Set<Promise<unknown>>();

  constructor() {
    Object.defineProperty(globalThis, HOLD, {
      value: (value: unknown) => {
        this.held = value;
      },
    });
  }

  /** Calls back once, perhaps before returning; if terminated inside an await, then once abandoned. */
  evaluate(code: string, name: string, done: (outcome: Outcome) => void): void {
    let evaluation: Promise<unknown> | undefined;
    // the first promise is the script's own, made before any of its code runs
    const stop = promiseHooks.onInit((promise) => {
      stop();
      evaluation = promise;
      this.pending.add(promise);
    });
    const parameters: Runtime.EvaluateParameterType & { replMode: boolean } = {
      expression: `${code}\n//# sourceURL=${name}`,
      replMode: true,
      awaitPromise: true,
      silent: !this.debugged,
      objectGroup: name,
    };
    this.session.post('Runtime.evaluate', parameters, (failure, answer) => {
      if (evaluation) this.pending.delete(evaluation);
      if (failure) return done({ kind: 'terminated' });
      const { result, exceptionDetails } = answer;
      let outcome: Outcome;
      if (exceptionDetails) {
        const { exception, lineNumber, columnNumber } = exceptionDetails;
        const error = exception ? this.fetch(exception) : new Error(exceptionDetails.text);
        outcome = { kind: 'thrown', error, line: lineNumber + 1, column: columnNumber + 1 };
      } else outcome = { kind: 'value', value: this.fetch(result) };
      this.session.post('Runtime.releaseObjectGroup', { objectGroup: name });
      done(outcome);
    });
    stop();
  }

  /** Waits no longer for the evaluations under way, and lets the collector have them. */
  abandon(): void {
    this.session.disconnect();
    this.session = connect();
    this.pending.clear();
  }

  /** Evaluates only if that has no side effects: for completions. */
  peek(expression: string): unknown {
    let value: unknown;
    const parameters: Runtime.EvaluateParameterType & { throwOnSideEffect: boolean } = {
      expression,
      throwOnSideEffect: true,
      silent: true,
      objectGroup: 'peek',
    };
    this.session.post('Runtime.evaluate', parameters, (failure, answer) => {
      if (!failure && !answer.exceptionDetails) value = this.fetch(answer.result);
    });
    this.session.post('Runtime.releaseObjectGroup', { objectGroup: 'peek' });
    return value;
  }

  close(): void {
    this.session.disconnect();
  }

  private fetch(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId) {
      this.session.post('Runtime.callFunctionOn', {
        functionDeclaration: 'function (value) { globalThis[Symbol.for("cellgrad.hold")](value) }',
        objectId: remote.objectId,
        arguments: [{ objectId: remote.objectId }],
        silent: true,
      });
      const value = this.held;
      this.held = undefined;
      return value;
    }
    const special = remote.unserializableValue;
    if (special === undefined) return remote.subtype === 'null' ? null : remote.value;
    return special.endsWith('n') ? BigInt(special.slice(0, -1)) : Number(special);
  }
}

function connect(): Session {
  const session = new Session();
  session.connect();
  return session;
}
