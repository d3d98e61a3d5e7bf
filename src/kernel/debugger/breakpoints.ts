// Breakpoints: what the front end asked for by source, and what V8 was told for each script of it.
import type { Json } from '../wire.js';
import { listIn, numberIn, optionalNumber, optionalText } from './arguments.js';
import { stopAt, type Stop } from './positions.js';
import type { Position } from '../transform.js';
import type { Form, Sources } from './sources.js';
import { DEBUGGEE, DebugError, type Target } from './target.js';

/** As the Debug Adapter Protocol has it. */
export interface Breakpoint {
  id: number;
  verified: boolean;
  line: number;
  source: { path: string };
  message?: string;
}

interface Set {
  breakpoint: Breakpoint;
  /** From where on in the source it stops; nothing runs there without. */
  from: Position | undefined;
  /** An expression for V8, which stops only where it holds. */
  condition: string;
  /** V8's names of it. */
  bound: string[];
}

export class Breakpoints {
  private readonly sets = new Map<string, Set[]>();
  private nextId = 1;
  private attached = false;

  constructor(
    private readonly target: Target,
    private readonly sources: Sources,
  ) {}

  /** Replaces those of a source. */
  async replace(path: string, given: Json, base: number): Promise<Breakpoint[]> {
    const wanted = listIn({ breakpoints: given.breakpoints ?? [] }, 'breakpoints').map((one) => ({
      line: numberIn(one, 'line') + 1 - base,
      column: (optionalNumber(one, 'column') ?? base) + 1 - base,
      condition: conditionOf(one, this.nextId),
      id: this.nextId++,
    }));
    await this.unbind(this.sets.get(path) ?? []);
    this.sets.delete(path);
    const sets = wanted.map(({ line, column, condition, id }) => {
      const { stop, message } = this.find(path, line, column);
      const breakpoint: Breakpoint = {
        id,
        verified: stop !== undefined,
        line: (stop?.source.line ?? line) - 1 + base,
        source: { path },
        ...(message ? { message } : {}),
      };
      return { breakpoint, from: stop?.source, condition, bound: [] };
    });
    if (sets.length) this.sets.set(path, sets);
    await this.bindAll(path);
    return sets.map(({ breakpoint }) => breakpoint);
  }

  /** A cell is about to run under a name that another may have had. */
  async bindCell(path: string, name: string): Promise<void> {
    const sets = this.sets.get(path);
    if (sets && this.attached)
      await this.bind(sets, { compiled: this.sources.compile(path), where: { url: name } });
  }

  async attach(): Promise<void> {
    this.attached = true;
    for (const path of this.sets.keys()) await this.bindAll(path);
  }

  /** V8 forgets its breakpoints when the session's debugger is disabled. */
  clear(): void {
    this.attached = false;
    this.sets.clear();
  }

  has(path: string): boolean {
    return this.sets.has(path);
  }

  /** Our numbers of V8's breakpoints. */
  ids(bound: readonly string[]): number[] {
    const all = [...this.sets.values()].flat();
    return all
      .filter((set) => set.bound.some((one) => bound.includes(one)))
      .map(({ breakpoint }) => breakpoint.id);
  }

  list(): { source: string; breakpoints: Breakpoint[] }[] {
    return [...this.sets].map(([source, sets]) => ({
      source,
      breakpoints: sets.map(({ breakpoint }) => breakpoint),
    }));
  }

  private find(path: string, line: number, column: number): { stop?: Stop; message?: string } {
    try {
      const stop = stopAt(this.sources.compile(path), line, column);
      return stop ? { stop } : { message: `Nothing runs at or after line ${line}.` };
    } catch (error) {
      return { message: (error as Error).message };
    }
  }

  private async bindAll(path: string): Promise<void> {
    const sets = this.sets.get(path);
    // a source that doesn't compile has no place to stop at
    if (!this.attached || !sets?.some(({ from }) => from)) return;
    for (const form of this.sources.forms(path)) await this.bind(sets, form);
  }

  private async bind(sets: Set[], { compiled, where }: Form): Promise<void> {
    await Promise.all(
      sets.map(async ({ from, condition, bound }) => {
        const stop = from && stopAt(compiled, from.line, from.column);
        if (!stop) return;
        const { line, column } = stop.script;
        const parameters = { ...where, lineNumber: line - 1, columnNumber: column - 1, condition };
        const answer = this.target.post<{ breakpointId: string }>('Debugger.setBreakpointByUrl', parameters);
        // two breakpoints may have slid to the same place, of which V8 takes one
        const { breakpointId } = await answer.catch(() => ({ breakpointId: undefined }));
        if (breakpointId) bound.push(breakpointId);
      }),
    );
  }

  private async unbind(sets: Set[]): Promise<void> {
    const bound = sets.flatMap((set) => set.bound.splice(0));
    if (this.attached)
      await Promise.all(
        bound.map((breakpointId) => this.target.post('Debugger.removeBreakpoint', { breakpointId })),
      );
  }
}

/** A condition, a hit count and a log message as one expression for V8. */
function conditionOf(given: Json, id: number): string {
  const condition = optionalText(given, 'condition')?.trim();
  const hits = optionalText(given, 'hitCondition')?.trim();
  const message = optionalText(given, 'logMessage');
  const terms: string[] = [];
  if (condition) terms.push(`(${condition}\n)`);
  if (hits) {
    const match = /^(>=|>|==?=?|<=|<|%)?\s*(\d+)$/.exec(hits);
    if (!match)
      throw new DebugError(`The hit count "${hits}" must be a number, or one after ==, >, >=, <, <= or %.`);
    const [, operator = '>=', number] = match;
    const counter = `${DEBUGGEE}.hit(${id})`;
    terms.push(
      operator === '%'
        ? `${counter} % ${number} === 0`
        : `${counter} ${operator.replace(/^==?$/, '===')} ${number}`,
    );
  }
  if (message !== undefined) terms.push(`${DEBUGGEE}.log([${parts(message)}])`);
  return terms.join(' && ');
}

/** Text in which `{…}` are expressions, as a list of both. */
function parts(message: string): string {
  return message
    .split(/\{([^{}]*)\}/)
    .map((part, i) => (i % 2 ? `(${part.trim() || '""'}\n)` : JSON.stringify(part)))
    .join(', ');
}
