// TypeScript to JavaScript. Types are blanked out so that every line and column stays where it was; only
// syntax that needs code (enums, decorators, …) goes through the TypeScript compiler and a source map.
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import { ConstantAssignment, rewrite } from './imports.js';

const require = createRequire(import.meta.url);

export interface Position {
  /** 1-based */
  line: number;
  column: number;
}

export interface Script {
  code: string;
  hasResult: boolean;
  constants: string[];
  /** From a position in `code` to one in the source. */
  locate: (position: Position) => Position;
}

/** The cell can't be run; `position` is where. */
export class CellError extends Error {
  constructor(
    override readonly name: string,
    message: string,
    readonly position: Position,
  ) {
    super(message);
  }
}

const unchanged = (position: Position): Position => position;

/** Loads the type eraser, which takes some 80 ms, ahead of the first cell. */
export function warmUp(): void {
  erase('0 as number');
}

/** A cell as a script for V8's REPL mode. */
export function transformCell(source: string, constants?: ReadonlySet<string>): Script {
  // `import x = require('y')` is not ECMAScript: a const does the same
  const text = source.replace(/^(\s*)import(\s+[\w$]+\s*=\s*require\s*\()/gm, '$1const $2');
  const erased = erase(text);
  try {
    const code = erased ?? text;
    if (erased !== undefined) return { ...rewrite(code, constants), locate: unchanged };
  } catch (error) {
    if (error instanceof ConstantAssignment)
      throw new CellError('TypeError', error.message, at(text, error.at));
    if (!/(^|\s)@[\w$]/.test(text)) throw syntaxError(error, text); // decorators are TypeScript's business
  }
  const { code, locate } = compile(text);
  try {
    return { ...rewrite(code, constants), locate };
  } catch (error) {
    const position = (error as { at?: number; pos?: number }).at ?? (error as { pos?: number }).pos ?? 0;
    const name = error instanceof ConstantAssignment ? 'TypeError' : 'SyntaxError';
    throw new CellError(name, plain((error as Error).message), locate(at(code, position)));
  }
}

/** A TypeScript module that a cell imports, as JavaScript. */
export function transformModule(source: string): { code: string; locate: (position: Position) => Position } {
  const erased = erase(source);
  if (erased !== undefined && !/^\s*@[\w$]/m.test(source)) return { code: erased, locate: unchanged };
  return compile(source);
}

interface Eraser {
  transformSync(source: string, options: { mode: 'strip-only' }): { code: string };
}
let eraser: Eraser | undefined;

/** The source with its types blanked out; undefined if it holds syntax that blanking can't serve. */
function erase(source: string): string | undefined {
  eraser ??= require('@swc/wasm-typescript') as Eraser;
  try {
    return eraser.transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    const { code, message, startLine, startColumn } = error as {
      code?: string;
      message: string;
      startLine?: number;
      startColumn?: number;
    };
    if (code === 'UnsupportedSyntax') return undefined;
    throw new CellError('SyntaxError', message ?? String(error), {
      line: startLine ?? 1,
      column: (startColumn ?? 0) + 1,
    });
  }
}

function compile(source: string): { code: string; locate: (position: Position) => Position } {
  const ts = require('typescript') as typeof import('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      experimentalDecorators: false,
      sourceMap: true,
      removeComments: false,
    },
  });
  const map = new SourceMap(JSON.parse(sourceMapText ?? '{}') as SourceMapPayload);
  const locate = ({ line, column }: Position): Position => {
    const entry = map.findEntry(line - 1, column - 1) as { originalLine?: number; originalColumn?: number };
    return { line: (entry.originalLine ?? line - 1) + 1, column: (entry.originalColumn ?? column - 1) + 1 };
  };
  return { code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'), locate };
}

function syntaxError(error: unknown, text: string): Error {
  const pos = (error as { pos?: number }).pos;
  if (pos === undefined) return error as Error;
  return new CellError('SyntaxError', plain((error as Error).message), at(text, pos));
}

// acorn ends its messages with the position
const plain = (message: string): string => message.replace(/ \(\d+:\d+\)$/, '');

function at(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
