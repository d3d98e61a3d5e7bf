// The kernel's main thread: evaluates cells, one at a time, and sends what they show to the socket thread.
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { RunningCell } from './cell.js';
import { clearOutput, display, displaysSent, isHandle, mimeBundle, publishWith, track } from './display.js';
import { describeError, interrupted, type CellSource, type ErrorContent } from './errors.js';
import { Evaluator, type Outcome } from './evaluate.js';
import { guardProcess } from './guard.js';
import { installImporter } from './importer.js';
import { cellOfUncaught, currentCell, runAs, trackTimers } from './origin.js';
import { Output } from './output.js';
import { CLAIM, FLAG, type ToMain, type ToSockets } from './threads.js';
import { CellError, transformCell, warmUp } from './transform.js';
import type { Connection, Json } from './wire.js';

type Execute = Extract<ToMain, { kind: 'execute' }>;

interface Running {
  request: Execute;
  cell: RunningCell;
  settle: (error: ErrorContent) => void;
}

/** Starts a kernel in this process; it ends the process when it is shut down. */
export function startKernel(connection: Connection): void {
  const flags = new Int32Array(new SharedArrayBuffer(FLAG.SLOTS * 4));
  const sockets = new Worker(new URL('./sockets.js', import.meta.url), { workerData: { connection, flags } });
  const exit = guardProcess();
  const log = process.stderr.write.bind(process.stderr);
  sockets.on('error', (error) => {
    log(`cellgrad: ${inspect(error)}\n`);
    exit(1);
  });
  const kernel = new Kernel(flags, (message) => sockets.postMessage(message));
  kernel.install();
  sockets.on('message', (message: ToMain) => {
    if (message.kind === 'shutdown') {
      kernel.close();
      exit(0);
    } else kernel.receive(message);
  });
  setImmediate(warmUp);
}

class Kernel {
  private readonly evaluator = new Evaluator();
  private readonly output: Output;
  private readonly cells = new Map<string, CellSource>();
  private readonly constants = new Set<string>();
  private running: Running | undefined;
  private awaitedInput: ((value: string) => void) | undefined;

  constructor(
    private readonly flags: Int32Array,
    private readonly send: (message: ToSockets) => void,
  ) {
    this.output = new Output((cell, name, text) => send({ kind: 'stream', cell, name, text }));
  }

  install(): void {
    publishWith((cell, type, content) => this.publish(cell, type, content));
    this.output.install();
    trackTimers();
    installImporter(process.cwd());
    const globals = { display, clearOutput, input: (prompt?: string) => this.input(prompt) };
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    process.on('uncaughtException', (error) => this.showError(cellOfUncaught(), error));
    process.on('unhandledRejection', (reason) => this.showError(cellOfUncaught(), reason));
    process.on('SIGINT', () => undefined); // the terminal's Ctrl-C is for the front end, which then asks us
    Error.stackTraceLimit = 50;
  }

  close(): void {
    this.evaluator.close();
  }

  receive(message: Exclude<ToMain, { kind: 'shutdown' }>): void {
    switch (message.kind) {
      case 'execute':
        return this.execute(message);
      case 'abort':
        if (this.running?.request.cell === message.cell) this.running.cell.abort();
        return;
      case 'settle':
        if (this.running?.request.cell !== message.cell) return;
        if (Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.FREE, CLAIM.MAIN) === CLAIM.FREE) {
          this.running.settle(interrupted);
          this.evaluator.abandon();
        }
        return;
      case 'input':
        this.awaitedInput?.(message.value);
        this.awaitedInput = undefined;
        return;
      case 'members':
        return this.send({
          kind: 'members',
          id: message.id,
          names: members(this.evaluator.peek(message.expression)),
        });
    }
  }

  private execute(request: Execute): void {
    const name = `In[${request.count}]`;
    const cell = new RunningCell(request.cell, this.flags);
    let over = false;
    const finish = (content: Json, error?: ErrorContent): void => {
      if (over) return;
      over = true;
      cell.end();
      this.running = undefined;
      this.awaitedInput = undefined;
      if (error) this.publish(request.cell, 'error', error);
      this.output.flush();
      this.send({ kind: 'reply', cell: request.cell, content });
    };
    const fail = (error: ErrorContent): void =>
      finish(
        { status: 'error', ...error, execution_count: request.count, payload: [], user_expressions: {} },
        error,
      );
    this.running = { request, cell, settle: fail };

    const source: CellSource = { source: request.code, locate: (position) => position };
    this.cells.set(name, source);
    let script;
    try {
      script = transformCell(request.code, this.constants);
      source.locate = script.locate;
    } catch (error) {
      const position = error instanceof CellError ? error.position : { line: 1, column: 1 };
      return fail(describeError(error, this.cells, { name, position }));
    }
    const { code, hasResult } = script;
    for (const constant of script.constants) this.constants.add(constant);
    const done = (outcome: Outcome): void => {
      if (over) return;
      if (outcome.kind === 'terminated') return fail(interrupted);
      if (outcome.kind === 'thrown') return fail(this.describe(outcome, name, source));
      runAs(request.cell, () => this.succeed(request, hasResult ? outcome.value : undefined, finish, fail));
    };
    runAs(request.cell, () => this.evaluator.evaluate(code, name, done));
  }

  /** Shows the cell's value, waits for displays under way, evaluates user expressions, replies. */
  private succeed(
    request: Execute,
    value: unknown,
    finish: (content: Json) => void,
    fail: (error: ErrorContent) => void,
  ): void {
    const show = (data: Json): void =>
      this.publish(request.cell, 'execute_result', { execution_count: request.count, data, metadata: {} });
    const reply = async (): Promise<void> => {
      await displaysSent();
      const wanted = Object.entries((request.content.user_expressions ?? {}) as Record<string, string>);
      const answers: Json = {};
      for (const [key, expression] of wanted) answers[key] = await this.userExpression(expression);
      finish({ status: 'ok', execution_count: request.count, payload: [], user_expressions: answers });
    };
    try {
      if (value !== undefined && !isHandle(value) && !request.content.silent) {
        const bundle = mimeBundle(value);
        if (bundle instanceof Promise)
          track(bundle.then(show, (error) => this.showError(request.cell, error)));
        else show(bundle);
      }
    } catch (error) {
      return fail(describeError(error, this.cells));
    }
    void reply();
  }

  private async userExpression(expression: string): Promise<Json> {
    const failed = (error: unknown): Json => ({ status: 'error', ...describeError(error, this.cells) });
    try {
      const { code } = transformCell(expression);
      const outcome = await new Promise<Outcome>((resolve) =>
        this.evaluator.evaluate(code, 'expression', resolve),
      );
      if (outcome.kind === 'value')
        return { status: 'ok', data: await mimeBundle(outcome.value), metadata: {} };
      return failed(outcome.kind === 'thrown' ? outcome.error : new Error('Interrupted'));
    } catch (error) {
      return failed(error);
    }
  }

  private describe(
    outcome: Extract<Outcome, { kind: 'thrown' }>,
    name: string,
    source: CellSource,
  ): ErrorContent {
    const position = source.locate({ line: outcome.line ?? 1, column: outcome.column ?? 1 });
    return describeError(outcome.error, this.cells, { name, position });
  }

  private showError(cell: number, error: unknown): void {
    this.publish(cell, 'error', describeError(error, this.cells));
  }

  private publish(cell: number, type: string, content: Json): void {
    this.output.flush();
    this.send({ kind: 'publish', cell, type, content });
  }

  /** Asks the user of the front end for a line. */
  private input(prompt = ''): Promise<string> {
    if (!this.running?.request.content.allow_stdin)
      return Promise.reject(
        new Error('input() needs a front end that can ask; this one runs the notebook unattended.'),
      );
    this.output.flush();
    this.send({ kind: 'input', cell: currentCell(), prompt: String(prompt), password: false });
    return new Promise((resolve) => {
      this.awaitedInput = resolve;
    });
  }
}

/** The property names of a live value, for completion. */
function members(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const names = new Set<string>();
  for (let at: object | null = Object(value) as object; at; at = Object.getPrototypeOf(at) as object | null)
    for (const name of Object.getOwnPropertyNames(at)) if (/^[A-Za-z_$][\w$]*$/.test(name)) names.add(name);
  return [...names].slice(0, 2000);
}
