// The kernel's main thread: evaluates cells, one at a time in each shell, and sends what they show to the socket thread.
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { pathToFileURL } from 'node:url';
import { RunningCell, type CellContract } from './cell.js';
import { CommManager, type Background } from './comms.js';
import { Debuggee } from './debugger/debuggee.js';
import { clearOutput, display, displaysSent, isHandle, mimeBundle, publishWith, track } from './display.js';
import { describeError, interrupted, outOfMemory, type ErrorContent } from './errors.js';
import { Evaluator, type Outcome } from './evaluate.js';
import { keepListening } from './guard.js';
import { installImporter } from './importer.js';
import { installMagics, names } from './magics/install.js';
import { interruption, type Session } from './magics/session.js';
import type { Live } from './language/reply.js';
import { members } from './members.js';
import { cellOfUncaught, currentCell, goesOn, runAs, trackCallbacks } from './origin.js';
import { Output } from './output.js';
import { installStacks, type CellSource } from './stacks.js';
import { capture, realCell, taken, type Captures } from './takers.js';
import { CLAIM, FLAG, WHY, type Asked, type ToMain, type ToSockets } from './threads.js';
import { CellError, transformCell, warmUp, type Script } from './transform.js';
import { Variables } from './variables.js';
import type { Json } from './wire.js';

type Execute = Extract<ToMain, { kind: 'execute' }>;
type CommRequest = Extract<ToMain, { kind: 'comm' }>;

interface Running {
  cell: RunningCell;
  settle: (error: ErrorContent) => void;
  /** Whether its front end answers questions. */
  asks: boolean;
  /** What the front end is to do when the cell is over. */
  payloads: Json[];
}

/** Evaluates what the socket thread sends it. */
export class Kernel {
  private readonly evaluator = new Evaluator();
  private readonly output: Output;
  private readonly cells = new Map<string, CellSource>();
  private readonly constants = new Set<string>();
  private readonly variables = new Variables();
  private readonly magics = names((name) => name in globalThis);
  private readonly running = new Map<number, Running>();
  private readonly comms: CommManager;
  /** What takes the answers to the questions that cells have asked. */
  private readonly questions = new Map<number, (value: string) => void>();
  private asked = 0;
  private readonly answers = new Map<number, (content: Json) => void>();

  private readonly folder = process.cwd();

  constructor(
    private readonly flags: Int32Array,
    /** What V8 gives objects that stay, bytes. */
    private readonly heapLimit: number,
    private readonly send: (message: ToSockets) => void,
  ) {
    this.output = new Output((cell, name, text) => {
      if (!taken(cell, 'stream', { name, text })) send({ kind: 'stream', cell, name, text });
    });
    this.comms = new CommManager((cell, type, content, extra) => this.publish(cell, type, content, extra));
  }

  install(): void {
    publishWith((cell, type, content) => this.publish(cell, type, content));
    this.output.install();
    trackCallbacks();
    installImporter(this.folder);
    installMagics(() => this.session());
    const globals = { display, clearOutput, input: (prompt?: string) => this.input(prompt) };
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    Object.defineProperty(globalThis, Symbol.for('cellgrad.comms'), { value: this.comms });
    const captures: Captures = {
      capture: (take, run) => {
        const flush = (): void => this.output.flush();
        const result = capture(take, run);
        if (result instanceof Promise) return result.finally(flush) as typeof result;
        flush();
        return result;
      },
      showError: (error) => this.showError(currentCell(), error),
    };
    Object.defineProperty(globalThis, Symbol.for('cellgrad.outputs'), { value: captures });
    Object.defineProperty(globalThis, Symbol.for('cellgrad.debuggee'), {
      value: new Debuggee(
        () => this.output.flush(),
        (debugged) => {
          this.evaluator.debugged = debugged;
        },
      ),
    });
    Object.defineProperty(globalThis, Symbol.for('cellgrad.cell'), {
      configurable: true,
      get: () => this.contract(),
      // a stand-in for tests
      set: (value: unknown) =>
        Object.defineProperty(globalThis, Symbol.for('cellgrad.cell'), {
          value,
          configurable: true,
          writable: true,
        }),
    });
    keepListening({
      uncaughtException: (error) => this.showError(cellOfUncaught(), error),
      unhandledRejection: (reason, promise) => this.showError(cellOfUncaught(promise as object), reason),
      SIGINT: () => undefined, // the terminal's Ctrl-C is for the front end, which then asks us
    });
    Error.stackTraceLimit = 50;
    installStacks(this.cells);
    setImmediate(warmUp);
  }

  close(): void {
    this.evaluator.close();
  }

  receive(message: Exclude<ToMain, { kind: 'shutdown' }>): void {
    switch (message.kind) {
      case 'execute':
        return this.execute(message);
      case 'comm':
        return this.comm(message);
      case 'abort':
        return this.running.get(message.cell)?.cell.abort();
      case 'settle':
        // it may come after its cells are over
        if (![...this.running.keys()].some((cell) => cell <= message.upTo)) return;
        if (Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.FREE, CLAIM.MAIN) === CLAIM.FREE) {
          for (const { settle } of [...this.running.values()]) settle(this.ended());
          this.evaluator.abandon();
        }
        return;
      case 'input':
        this.questions.get(message.question)?.(message.value);
        this.questions.delete(message.question);
        return;
      case 'answer':
        this.answers.get(message.id)?.(message.content);
        this.answers.delete(message.id);
        return;
      case 'members':
        return this.send({
          kind: 'members',
          id: message.id,
          names: this.members(message.live),
        });
    }
  }

  private members({ expression, of }: Live): string[] {
    const value = this.evaluator.peek(expression);
    const isObject = typeof value === 'object' && value !== null;
    return members(value, of, isObject ? this.evaluator.peek(`(${expression}).columns`) : undefined);
  }

  /** What the code that speaks now has agreed on with the kernel. */
  private contract(): CellContract | undefined {
    return this.speaking()?.cell.contract ?? this.lastContract;
  }

  private speaking(): Running | undefined {
    return this.running.get(realCell(currentCell())) ?? [...this.running.values()].at(-1);
  }
  private lastContract: CellContract | undefined;

  /** Begins a cell; the function it returns ends it, and does nothing the second time. */
  private begin(
    id: number,
    asks: boolean,
    failed: (error: ErrorContent) => Json,
  ): { finish: (content: Json, error?: ErrorContent) => void; fail: (error: ErrorContent) => void } {
    const cell = new RunningCell(id, this.flags);
    const finish = (content: Json, error?: ErrorContent): void => {
      if (this.running.get(id)?.cell !== cell) return;
      // a termination under way would land here and cut this short: it is followed by a request to settle
      const claim = Atomics.compareExchange(this.flags, FLAG.CLAIM, CLAIM.FREE, CLAIM.MAIN);
      if (claim === CLAIM.SOCKETS) return;
      this.running.delete(id);
      if (error) {
        cell.fail();
        this.publish(id, 'error', error);
      }
      cell.end();
      this.output.flush();
      this.send({ kind: 'reply', cell: id, content });
      goesOn([...this.running.keys()].at(-1));
    };
    const fail = (error: ErrorContent): void => {
      finish(failed(error), error);
    };
    this.running.set(id, { cell, settle: fail, asks, payloads: [] });
    this.lastContract = cell.contract;
    return { finish, fail };
  }

  /** Why cells were ended from outside. */
  private ended(): ErrorContent {
    return Atomics.load(this.flags, FLAG.WHY) === WHY.MEMORY ? outOfMemory(this.heapLimit) : interrupted;
  }

  private comm({ cell, type, content, metadata, buffers }: CommRequest): void {
    const { finish, fail } = this.begin(cell, false, () => ({}));
    runAs(cell, () => {
      this.comms
        .receive(type, content, metadata, buffers)
        .then(async (result) => {
          await displaysSent();
          if (!isBackground(result)) return;
          this.send({ kind: 'handled', cell });
          await result.background;
        })
        .then(
          () => finish({}),
          (error) => fail(describeError(error, this.cells)),
        );
    });
  }

  private execute(request: Execute): void {
    const name = `In[${request.count}]`;
    const { finish, fail } = this.begin(request.cell, Boolean(request.content.allow_stdin), (error) => ({
      status: 'error',
      ...error,
      execution_count: request.count,
      payload: [],
      user_expressions: {},
    }));

    const source: CellSource = { source: request.code, locate: (position) => position };
    this.cells.set(name, source);
    let script;
    try {
      script = this.transform(request.code);
      source.locate = script.locate;
    } catch (error) {
      const position = error instanceof CellError ? error.position : { line: 1, column: 1 };
      return fail(describeError(error, this.cells, { name, position }));
    }
    const { code, hasResult } = script;
    const done = (outcome: Outcome): void => {
      if (!this.running.has(request.cell)) return;
      if (outcome.kind === 'terminated') return fail(this.ended());
      if (outcome.kind === 'thrown') return fail(this.describe(outcome, name, source));
      runAs(request.cell, () => this.succeed(request, hasResult ? outcome.value : undefined, finish, fail));
      goesOn(request.cell);
    };
    runAs(request.cell, () => this.evaluator.evaluate(code, name, done));
  }

  private transform(code: string, file?: string): Script {
    const script = transformCell(code, { constants: this.constants, magics: this.magics, file });
    for (const constant of script.constants) this.constants.add(constant);
    this.variables.declare(script.declared);
    return script;
  }

  /** What a magic of the cell that runs may ask for. */
  private session(): Session {
    const running = this.speaking();
    const contract = this.contract()!;
    return {
      folder: this.folder,
      signal: contract.signal,
      cooperate: () => contract.cooperate(),
      evaluate: (code, file) => this.evaluateFile(code, file),
      variables: () => this.variables.names(),
      forgetVariables: () => {
        this.variables.forget();
        this.constants.clear();
        void this.ask('forget', {});
      },
      payload: (item) => void running?.payloads.push(item),
      asks: running?.asks ?? false,
      input: (prompt) => this.input(prompt),
      ask: (question, content) => this.ask(question, content),
    };
  }

  /** Asks the other threads. */
  private ask(question: Asked, content: Json): Promise<Json> {
    const id = this.asked++;
    this.send({ kind: 'ask', id, question, content });
    return new Promise((resolve) => this.answers.set(id, resolve));
  }

  /** Runs a file as if it stood in a cell. `file` may end in `#` and the number of a notebook's cell. */
  private async evaluateFile(code: string, file: string): Promise<unknown> {
    const [path, cell] = file.split(/#(?=\d+$)/);
    const name = pathToFileURL(path).href + (cell ? `#${cell}` : '');
    const source: CellSource = { source: code, locate: (position) => position };
    this.cells.set(name, source);
    let script: Script;
    try {
      script = this.transform(code, path);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      throw Object.assign(new SyntaxError(error.message), { file: name, position: error.position });
    }
    source.locate = script.locate;
    void this.ask('ran', { code, file: path });
    // the evaluation that asks for this one must wait first
    await new Promise(setImmediate);
    return new Promise((resolve, reject) =>
      this.evaluator.evaluate(script.code, name, (outcome) => {
        if (outcome.kind === 'value') resolve(outcome.value);
        else reject(outcome.kind === 'thrown' ? (outcome.error as Error) : interruption());
      }),
    );
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
      const payload = this.running.get(request.cell)?.payloads ?? [];
      finish({ status: 'ok', execution_count: request.count, payload, user_expressions: answers });
    };
    try {
      if (value !== undefined && !isHandle(value) && !request.content.silent) {
        const bundle = mimeBundle(value);
        if (bundle instanceof Promise)
          track(bundle.then(show, (error) => this.showError(request.cell, error)));
        else show(bundle);
        this.variables.result(value);
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

  private publish(
    cell: number,
    type: string,
    content: Json,
    extra: { metadata?: Json; buffers?: Uint8Array[] } = {},
  ): void {
    this.output.flush();
    if (!taken(cell, type, content))
      this.send({ kind: 'publish', cell: realCell(cell), type, content, ...extra });
  }

  /** Asks the user of the front end for a line. */
  private input(prompt = ''): Promise<string> {
    const cell = realCell(currentCell());
    if (!this.running.get(cell)?.asks)
      return Promise.reject(
        new Error('input() needs a front end that can ask; this one runs the notebook unattended.'),
      );
    this.output.flush();
    const question = this.asked++;
    this.send({ kind: 'input', cell, question, prompt: String(prompt), password: false });
    return new Promise((resolve) => this.questions.set(question, resolve));
  }
}

const isBackground = (value: unknown): value is Background =>
  typeof value === 'object' && value !== null && 'background' in value;
