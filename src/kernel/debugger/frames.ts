// Frames, scopes and variables of a stop; and the notebook's global variables, also while nothing is stopped.
import { transformCell } from '../transform.js';
import type { Json } from '../wire.js';
import type { Page, Variable } from './debuggee.js';
import type { Execution } from './execution.js';
import type { CallFrame } from './stack.js';
import { argument, DEBUGGEE, DebugError, unwrapped, type Remote, type Target } from './target.js';

interface Evaluated {
  result: Remote;
  exceptionDetails?: { text: string; exception?: Remote };
}

/** A scope's number: those of values, which the main thread gives out, stay far below. */
const SCOPES = 2 ** 40;
const GLOBALS = SCOPES - 1;
/** The most scopes of one frame. */
const PER_FRAME = 64;
/** How long an expression of the front end's may take. */
const EVALUATION_MS = 10_000;

const INNERMOST = new Set(['block', 'catch', 'with', 'local']);
const TITLES: Record<string, string> = {
  closure: 'Closure',
  module: 'Module',
  script: 'Script',
  eval: 'Eval',
};

interface Scope {
  name: string;
  /** Their numbers in V8's chain, from the inside. */
  chain: number[];
}

export class Frames {
  constructor(
    private readonly target: Target,
    private readonly execution: Execution,
  ) {}

  stackTrace(base: { line: number; column: number }, startFrame = 0, levels = 0): Json {
    const all = this.execution.frames();
    const shown = all.slice(startFrame, levels > 0 ? startFrame + levels : undefined);
    return {
      stackFrames: shown.map(({ id, frame: { name, origin, position } }) => ({
        id,
        name,
        line: position.line - 1 + base.line,
        column: position.column - 1 + base.column,
        source: { name: origin.name, path: origin.path },
      })),
      totalFrames: all.length,
    };
  }

  scopes(frameId: number): Json {
    const { call } = this.execution.frame(frameId);
    const scopes = scopesOf(call).map(({ name }, i) => ({
      name,
      presentationHint: name === 'Locals' ? 'locals' : undefined,
      variablesReference: SCOPES + frameId * PER_FRAME + i,
      expensive: false,
    }));
    return { scopes: [...scopes, { name: 'Globals', variablesReference: GLOBALS, expensive: false }] };
  }

  async variables(reference: number, page: Page): Promise<Json> {
    if (reference === GLOBALS) return this.globals();
    if (reference >= SCOPES) return { variables: await this.scopeVariables(reference - SCOPES) };
    const variables = await this.target.call('children', { json: reference }, { json: page });
    if (!variables) throw new DebugError('These variables are of an earlier stop; ask for them again.');
    return { variables };
  }

  async globals(): Promise<Json> {
    if (!this.execution.stopped) await this.target.call('clear');
    return { variables: await this.target.call('globals') };
  }

  async setVariable(reference: number, name: string, value: string): Promise<Json> {
    const inScope = reference >= SCOPES;
    const frameId = inScope ? Math.floor((reference - SCOPES) / PER_FRAME) : undefined;
    const next = await this.value(value, frameId ?? this.execution.topFrame());
    if (reference === GLOBALS) return shown(await this.target.call('changeGlobal', { json: name }, next));
    if (!inScope) {
      const changed = await this.target.call('change', { json: reference }, { json: name }, next);
      if (typeof changed === 'string') throw new DebugError(changed);
      return shown(changed);
    }
    const { call } = this.execution.frame(frameId!);
    const scope = this.scope(reference - SCOPES);
    for (const scopeNumber of scope.chain) {
      if (!(await this.names(call.scopeChain[scopeNumber].object)).includes(name)) continue;
      await this.target.post('Debugger.setVariableValue', {
        scopeNumber,
        variableName: name,
        newValue: argument(next),
        callFrameId: call.callFrameId,
      });
      return shown(await this.target.call('describe', { json: name }, next));
    }
    throw new DebugError(`There is no variable ${name} in ${scope.name}.`);
  }

  async evaluate(expression: string, frameId?: number): Promise<Json> {
    const value = await this.value(expression, frameId ?? this.execution.topFrame());
    await this.target.call('flush');
    const { value: result, ...rest } = await this.target.call('describe', { json: '' }, value, {
      json: expression.trim(),
    });
    return { ...rest, result };
  }

  /** A variable's MIME bundle, as a cell's result would show it. */
  async rich(name: string, frameId?: number): Promise<Json> {
    if (!isName(name)) throw new DebugError(`"${name}" is not the name of a variable.`);
    const value = await this.value(name, frameId ?? this.execution.topFrame());
    const data = await this.target.call('bundle', value, { json: !this.execution.stopped });
    return { data, metadata: {} };
  }

  async copyToGlobals(from: string, to: string, frameId: number): Promise<Json> {
    for (const name of [from, to])
      if (!isName(name)) throw new DebugError(`"${name}" is not the name of a variable.`);
    const value = await this.value(from, frameId);
    return shown(await this.target.call('changeGlobal', { json: to }, value));
  }

  /** An expression's value: in a frame, or, where there is none, as a cell would have it. */
  private async value(source: string, frameId?: number): Promise<Remote> {
    const expression = javaScript(source);
    const how = { expression, silent: true, objectGroup: 'debugger', timeout: EVALUATION_MS };
    const answer =
      frameId === undefined
        ? this.target.post<Evaluated>(
            'Runtime.evaluate',
            { ...how, replMode: true, awaitPromise: true, disableBreaks: true },
            EVALUATION_MS + 500,
          )
        : this.target.post<Evaluated>('Debugger.evaluateOnCallFrame', {
            ...how,
            callFrameId: this.execution.frame(frameId).call.callFrameId,
          });
    return unwrapped(await answer);
  }

  private scope(number: number): Scope {
    const { call } = this.execution.frame(Math.floor(number / PER_FRAME));
    const scope = scopesOf(call)[number % PER_FRAME];
    if (!scope) throw new DebugError('There is no such scope in this stop.');
    return scope;
  }

  /** Read in the frame itself: V8's objects of scopes are copies of the moment of the stop. */
  private async scopeVariables(number: number): Promise<Variable[]> {
    const { call } = this.execution.frame(Math.floor(number / PER_FRAME));
    const { chain, name: title } = this.scope(number);
    const lists = await Promise.all(chain.map((i) => this.names(call.scopeChain[i].object)));
    const names = [...new Set(lists.flat())].filter(isName);
    const readers = names.map((name) => `${JSON.stringify(name)}: () => ${name}`);
    if (
      title === 'Locals' &&
      call.this.type === 'object' &&
      call.this.value !== null &&
      !/^(global|Object \[global\])$/.test(call.this.description ?? '')
    )
      readers.unshift('"this": () => this');
    const answer = await this.target.post<Evaluated>('Debugger.evaluateOnCallFrame', {
      callFrameId: call.callFrameId,
      expression: `${DEBUGGEE}.scope({ ${readers.join(', ')} })`,
      silent: true,
      returnByValue: true,
    });
    return unwrapped(answer).value as Variable[];
  }

  private async names({ objectId }: Remote): Promise<string[]> {
    const { result } = await this.target.post<{ result: { name: string }[] }>('Runtime.getProperties', {
      objectId,
      ownProperties: true,
    });
    return result.map(({ name }) => name);
  }
}

/** A frame's scopes; those inside its function are one. The last, which all frames share, is left to the caller. */
function scopesOf(call: CallFrame): Scope[] {
  const locals: Scope = { name: 'Locals', chain: [] };
  const scopes: Scope[] = [];
  let inside = true;
  for (const [i, { type, name }] of call.scopeChain.entries()) {
    if (type === 'global') continue;
    if (inside && INNERMOST.has(type)) {
      locals.chain.push(i);
      if (type === 'local') inside = false;
      continue;
    }
    inside = false;
    const title = TITLES[type] ?? 'Block';
    scopes.push({ name: name ? `${title} ${name}` : title, chain: [i] });
  }
  return locals.chain.length ? [locals, ...scopes] : scopes;
}

/** Types are left out; what looks like an object is one. */
function javaScript(source: string): string {
  const wrapped = /^\s*\{[^]*\}\s*$/.test(source) ? [`(${source})`, source] : [source];
  for (const one of wrapped)
    try {
      return transformCell(one).code;
    } catch {
      // V8 says what is wrong with it
    }
  return source;
}

const isName = (name: string): boolean => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name);

const shown = ({ value, type, variablesReference, indexedVariables, namedVariables }: Variable): Json => ({
  value,
  type,
  variablesReference,
  ...(indexedVariables === undefined ? {} : { indexedVariables, namedVariables }),
});
