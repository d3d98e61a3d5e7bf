// Jupyter's debug_request and debug_event: the Debug Adapter Protocol, on the socket thread, which answers while
// the main thread is stopped. Nothing is enabled before a front end attaches.
import type { Json } from '../wire.js';
import { isObject, numberIn, objectIn, optionalNumber, optionalText, textIn } from './arguments.js';
import { Breakpoints } from './breakpoints.js';
import { Execution } from './execution.js';
import { Frames } from './frames.js';
import { HASH_SEED, PREFIX, Sources, SUFFIX } from './sources.js';
import { DebugError, Target } from './target.js';

type Command = (given: Json) => Json | void | Promise<Json | void>;

const THREAD = 1;

const FILTERS = [
  {
    filter: 'uncaught',
    label: 'Uncaught exceptions',
    description: 'Exceptions that no catch on the stack handles',
  },
  {
    filter: 'all',
    label: 'All exceptions',
    description:
      'Those of your code, caught or not, and those of packages that no catch on the stack handles',
  },
];

const CAPABILITIES = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsEvaluateForHovers: true,
  supportsSetVariable: true,
  supportsExceptionInfoRequest: true,
  supportsModulesRequest: true,
  supportsTerminateRequest: true,
  supportTerminateDebuggee: true,
  supportsDelayedStackTraceLoading: true,
  exceptionBreakpointFilters: FILTERS,
};

export interface Surroundings {
  /** Publishes a debug_event. */
  event(content: Json): void;
  /** Ends the cells that run. */
  interrupt(): void;
  /** Whether a cell runs. */
  busy(): boolean;
  /** The code that runs, or ran last, under a cell's name. */
  ran: ReadonlyMap<string, string>;
}

export class Debugger {
  private readonly target = new Target();
  private readonly sources: Sources;
  private readonly breakpoints: Breakpoints;
  private readonly execution: Execution;
  private readonly frames: Frames;
  private started = false;
  private attached = false;
  private seq = 1;
  /** 0 or 1, as the front end counts lines and columns. */
  private base = { line: 1, column: 1 };
  /** JupyterLab shows a type in place of the value, so that it is given to others only. */
  private typed = false;
  /** Changes of the state, one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly surroundings: Surroundings) {
    this.sources = new Sources(this.target, surroundings.ran);
    this.breakpoints = new Breakpoints(this.target, this.sources);
    this.execution = new Execution(this.target, this.sources, {
      stopped: (body) => this.event('stopped', { ...body, threadId: THREAD, allThreadsStopped: true }),
      continued: () => this.event('continued', { threadId: THREAD, allThreadsContinued: true }),
      ids: (bound) => this.breakpoints.ids(bound),
    });
    this.frames = new Frames(this.target, this.execution);
  }

  /** A cell is about to run. */
  async prepare(name: string, code: string): Promise<void> {
    if (!this.attached) return;
    const path = this.sources.announce(code);
    try {
      if (this.breakpoints.has(path)) await this.breakpoints.bindCell(path, name);
      if (!this.execution.pauseNext) return;
      const [first] = this.sources.compile(path).stops;
      if (first) await this.execution.stopOnceAt(name, first.script);
    } catch {
      // a cell that can't run says so itself
    }
  }

  /** No cell runs any more. */
  over(): void {
    if (this.attached) this.execution.unmute();
  }

  async release(): Promise<void> {
    if (this.attached) await this.execution.mute().catch(() => undefined);
  }

  close(): void {
    this.attached = false;
    this.target.close();
  }

  /** Answers a debug_request; whatever is wrong with it is said in the response. */
  async answer(request: Json): Promise<Json> {
    const { command, seq } = request;
    const response = {
      type: 'response',
      seq: this.seq++,
      request_seq: typeof seq === 'number' ? seq : 0,
      command: typeof command === 'string' ? command : '',
    };
    try {
      if (typeof command !== 'string') throw new DebugError('A debug request needs a command.');
      if (!Object.hasOwn(this.commands, command))
        throw new DebugError(`The debugger does not know the command "${command}".`);
      const given = request.arguments ?? {};
      if (!isObject(given)) throw new DebugError('The arguments of a debug request must be an object.');
      if (!this.started && !BEFORE_START.has(command))
        throw new DebugError(`The debugger is not started: send initialize and attach before ${command}.`);
      const body = await (IN_ORDER.has(command)
        ? this.inOrder(() => this.commands[command](given))
        : this.commands[command](given));
      return { ...response, success: true, body: this.typed ? (body ?? {}) : untyped(body ?? {}) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ...response, success: false, message, body: { error: { id: 1, format: message } } };
    }
  }

  private readonly commands: Record<string, Command> = {
    debugInfo: () => ({
      isStarted: this.started,
      hashMethod: 'Murmur2',
      hashSeed: HASH_SEED,
      tmpFilePrefix: PREFIX,
      tmpFileSuffix: SUFFIX,
      breakpoints: this.breakpoints.list(),
      stoppedThreads: this.execution.stopped ? [THREAD] : [],
      richRendering: true,
      exceptionPaths: [],
      copyToGlobals: true,
    }),
    initialize: (given) => {
      this.base = {
        line: given.linesStartAt1 === false ? 0 : 1,
        column: given.columnsStartAt1 === false ? 0 : 1,
      };
      this.typed = given.supportsVariableType === true && given.clientID !== 'jupyterlab';
      this.started = true;
      return CAPABILITIES;
    },
    attach: () => this.attach(),
    launch: () => {
      throw new DebugError('The kernel runs already: send attach instead of launch.');
    },
    configurationDone: () => undefined,
    dumpCell: (given) => ({ sourcePath: this.sources.announce(textIn(given, 'code')) }),
    source: (given) => {
      const source = given.source === undefined ? given : objectIn(given, 'source');
      return { content: this.sources.text(textIn(source, 'path')), mimeType: 'text/typescript' };
    },
    setBreakpoints: async (given) => {
      const path = textIn(objectIn(given, 'source'), 'path');
      return { breakpoints: await this.breakpoints.replace(path, given, this.base.line) };
    },
    setExceptionBreakpoints: async (given) => {
      if (!Array.isArray(given.filters)) throw new DebugError('The argument filters must be a list.');
      const known = FILTERS.map(({ filter }) => filter);
      const unknown = given.filters.find((filter) => !known.includes(filter as string));
      if (unknown !== undefined)
        throw new DebugError(
          `There is no exception filter "${String(unknown)}"; there are ${known.join(' and ')}.`,
        );
      await this.execution.stopOnExceptions(given.filters as string[]);
      return { breakpoints: given.filters.map(() => ({ verified: true })) };
    },
    exceptionInfo: () => this.execution.exceptionInfo(),
    threads: () => ({ threads: [{ id: THREAD, name: 'Main thread' }] }),
    modules: () => ({ modules: [], totalModules: 0 }),
    stackTrace: (given) =>
      this.frames.stackTrace(this.base, optionalNumber(given, 'startFrame'), optionalNumber(given, 'levels')),
    scopes: (given) => this.frames.scopes(numberIn(given, 'frameId')),
    variables: (given) =>
      this.frames.variables(numberIn(given, 'variablesReference'), {
        filter: optionalText(given, 'filter') as 'indexed' | 'named' | undefined,
        start: optionalNumber(given, 'start'),
        count: optionalNumber(given, 'count'),
      }),
    setVariable: (given) =>
      this.frames.setVariable(
        numberIn(given, 'variablesReference'),
        textIn(given, 'name'),
        textIn(given, 'value'),
      ),
    evaluate: (given) => this.frames.evaluate(textIn(given, 'expression'), optionalNumber(given, 'frameId')),
    inspectVariables: () => this.frames.globals(),
    richInspectVariables: (given) =>
      this.frames.rich(textIn(given, 'variableName'), optionalNumber(given, 'frameId')),
    copyToGlobals: (given) =>
      this.frames.copyToGlobals(
        textIn(given, 'srcVariableName'),
        textIn(given, 'dstVariableName'),
        numberIn(given, 'srcFrameId'),
      ),
    continue: async () => {
      await this.execution.resume('resume');
      return { allThreadsContinued: true };
    },
    next: () => this.execution.resume('stepOver'),
    stepIn: () => this.execution.resume('stepInto'),
    stepOut: () => this.execution.resume('stepOut'),
    pause: () => this.execution.pause(this.surroundings.busy()),
    terminate: () => this.detach(true),
    disconnect: (given) => this.detach(given.terminateDebuggee === true),
  };

  private async attach(): Promise<void> {
    if (this.attached) return;
    await this.target.post('Debugger.enable');
    this.attached = true;
    await this.target.call('attached', { json: true });
    await this.breakpoints.attach();
    await this.execution.attach();
    this.event('initialized', {});
    this.event('process', {
      name: 'cellgrad',
      systemProcessId: process.pid,
      isLocalProcess: true,
      startMethod: 'attach',
    });
    this.event('thread', { reason: 'started', threadId: THREAD });
  }

  private async detach(end: boolean): Promise<void> {
    const wasAttached = this.attached;
    this.started = this.attached = false;
    this.breakpoints.clear();
    if (wasAttached) {
      await this.target.call('attached', { json: false }).catch(() => undefined);
      await this.execution.detach();
    }
    this.sources.detach();
    this.target.close();
    if (end) this.surroundings.interrupt();
    if (wasAttached) this.event('terminated', {});
  }

  private inOrder<R>(step: () => R | Promise<R>): Promise<R> {
    const result = this.last.then(step);
    this.last = result.catch(() => undefined);
    return result;
  }

  private event(event: string, body: Json): void {
    this.surroundings.event({ type: 'event', seq: this.seq++, event, body });
  }
}

const BEFORE_START = new Set([
  'debugInfo',
  'initialize',
  'dumpCell',
  'source',
  'modules',
  'threads',
  'inspectVariables',
  'richInspectVariables',
  'variables',
  'copyToGlobals',
  'disconnect',
  'launch',
]);

const IN_ORDER = new Set(['attach', 'setBreakpoints', 'setExceptionBreakpoints', 'disconnect', 'terminate']);

function untyped(body: Json): Json {
  if (!Array.isArray(body.variables)) return body;
  return { ...body, variables: body.variables.map((variable: Json) => ({ ...variable, type: undefined })) };
}
