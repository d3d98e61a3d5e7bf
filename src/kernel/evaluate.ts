// Evaluates scripts in this thread's global scope through V8's inspector, in REPL mode: top-level await,
// and an evaluation that another thread can terminate without ending this one.
import { Session, type Runtime } from 'node:inspector';

export type Outcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'thrown'; error: unknown; line?: number; column?: number }
  | { kind: 'terminated' };

const HOLD = Symbol.for('cellgrad.hold');

export class Evaluator {
  private readonly session = new Session();
  private held: unknown;

  constructor() {
    this.session.connect();
    Object.defineProperty(globalThis, HOLD, {
      value: (value: unknown) => {
        this.held = value;
      },
    });
  }

  /** Calls back once, perhaps before returning; never if the evaluation is terminated inside an await. */
  evaluate(code: string, name: string, done: (outcome: Outcome) => void): void {
    const parameters: Runtime.EvaluateParameterType & { replMode: boolean } = {
      expression: `${code}\n//# sourceURL=${name}`,
      replMode: true,
      awaitPromise: true,
      silent: true,
      objectGroup: name,
    };
    this.session.post('Runtime.evaluate', parameters, (failure, answer) => {
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
