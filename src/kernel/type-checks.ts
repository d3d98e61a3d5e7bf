// Whether cells are checked for type errors, and what comes of them: `on` stops the cell, `warn` says so under it.
import process from 'node:process';
import type { ErrorContent } from './errors.js';
import type { TypeProblem } from './language/check.js';

export const TYPES_MODES = ['on', 'warn', 'off'] as const;
export type TypesMode = (typeof TYPES_MODES)[number];

/** What a cell waits for a check at most: the first one reads the libraries. */
const PATIENCE_MS = 20_000;

/** One cell's check. */
interface Checked {
  /** The error that the cell ends with, before it runs. */
  refusal(): Promise<ErrorContent | undefined>;
  /** What is to be shown under it, after it has run. */
  warning(): Promise<string | undefined>;
}

const unchecked: Checked = {
  refusal: () => Promise.resolve(undefined),
  warning: () => Promise.resolve(undefined),
};

export class TypeChecks {
  mode: TypesMode;

  constructor(private readonly check: (code: string, name: string) => Promise<TypeProblem[]>) {
    const asked = process.env.CELLGRAD_TYPES as TypesMode;
    this.mode = TYPES_MODES.includes(asked) ? asked : 'off';
  }

  /** The check goes on while the cell runs, unless its errors are to stop the cell. */
  begin(code: string, name: string, silent: boolean): Checked {
    if (this.mode === 'off' || silent) return unchecked;
    const problems = Promise.race([this.check(code, name), patience()]);
    const stops = this.mode === 'on';
    return {
      refusal: async () => (stops ? refusal(await problems) : undefined),
      warning: async () => (stops ? undefined : warning(await problems)),
    };
  }
}

const patience = (): Promise<TypeProblem[]> =>
  new Promise((resolve) => setTimeout(() => resolve([]), PATIENCE_MS).unref());

function refusal(problems: TypeProblem[]): ErrorContent | undefined {
  if (!problems.length) return undefined;
  const traceback = problems.flatMap(({ lines }, i) => (i ? ['', ...lines] : lines));
  return { ename: 'TypeScriptError', evalue: problems[0].summary, traceback };
}

const warning = (problems: TypeProblem[]): string | undefined =>
  problems.length ? problems.map(({ lines }) => `${lines.join('\n')}\n`).join('\n') : undefined;
