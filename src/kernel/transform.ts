// TypeScript to JavaScript. In a cell, types are blanked out so that every line and column stays where it
// was; syntax that needs code (enums, decorators, …) is generated, with a source map.
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import type { Edited } from './edits.js';
import type { Position } from './excerpt.js';
import { ConstantAssignment, rewrite, Untranslated } from './imports.js';
import { NoMagic, rewriteMagics, type Names } from './magics/rewrite.js';

const require = createRequire(import.meta.url);

export type { Position };

type Locate = (position: Position) => Position;

export interface Script {
  code: string;
  hasResult: boolean;
  constants: string[];
  declared: string[];
  /** From a position in `code` to one in the source. */
  locate: Locate;
}

interface JavaScript {
  code: string;
  locate: Locate;
}

/** The cell, or a module that it imports, can't be run; `position` is where. */
export class CellError extends Error {
  constructor(
    override readonly name: string,
    message: string,
    readonly position: Position,
  ) {
    super(message);
  }
}

const unchanged: Locate = (position) => position;

/** Loads the type eraser, which takes some 80 ms, ahead of the first cell. */
export function warmUp(): void {
  erase('0 as number');
}

export interface CellContext {
  /** The constants that earlier cells have declared. */
  constants?: ReadonlySet<string>;
  /** The magics that the cell may use. */
  magics?: Names;
  /** The path of the file that the code is from, unless it is a cell. */
  file?: string;
}

/** A cell as a script for V8's REPL mode. */
export function transformCell(source: string, context: CellContext = {}): Script {
  const { code, origin } = withCalls(source, context.magics);
  const back: Locate = (position) => at(source, origin(offsetOf(code, position)));
  try {
    const result = withoutMagics(code, context);
    return { ...result, locate: (position) => back(result.locate(position)) };
  } catch (error) {
    if (error instanceof CellError) throw new CellError(error.name, error.message, back(error.position));
    throw error;
  }
}

/** The cell's magics as calls. */
function withCalls(source: string, magics: Names | undefined): Edited {
  const unedited: Edited = { code: source, origin: (offset) => offset };
  try {
    return (magics && rewriteMagics(source, magics)) ?? unedited;
  } catch (error) {
    if (error instanceof NoMagic) throw new CellError('MagicError', error.message, at(source, error.at));
    throw error;
  }
}

function withoutMagics(source: string, context: CellContext): Script {
  // `import x = require('y')` is not ECMAScript: a const does the same
  const text = source.replace(/^(\s*)import(\s+[\w$]+\s*=\s*require\s*\()/gm, '$1const $2');
  const erased = erase(text);
  if (erased === undefined) return script(generate(text, true), context);
  try {
    return script({ code: erased, locate: unchanged }, context);
  } catch (error) {
    const forTheCompiler = error instanceof Untranslated || (isSyntaxError(error) && DECORATOR.test(text));
    if (forTheCompiler) return script(compile(text), context);
    throw error;
  }
}

/** A TypeScript module that a cell imports, as JavaScript; imports that only types use are left out. */
export function transformModule(source: string): JavaScript {
  return generate(source, false);
}

function script({ code, locate }: JavaScript, { constants, file }: CellContext): Script {
  try {
    const { origin, ...rewritten } = rewrite(code, constants, file);
    const back: Locate = (position) => locate(at(code, origin(offsetOf(rewritten.code, position))));
    return { ...rewritten, locate: back };
  } catch (error) {
    const constant = error instanceof ConstantAssignment;
    const offset = constant ? error.at : (error as { pos?: number }).pos;
    if (offset === undefined) throw error;
    // acorn ends its messages with the position
    const message = (error as Error).message.replace(/ \(\d+:\d+\)$/, '');
    throw new CellError(constant ? 'TypeError' : 'SyntaxError', message, locate(at(code, offset)));
  }
}

const isSyntaxError = (error: unknown): boolean => error instanceof CellError && error.name === 'SyntaxError';

interface Eraser {
  transformSync(
    source: string,
    options: {
      mode: 'strip-only' | 'transform';
      sourceMap?: boolean;
      transform?: { verbatimModuleSyntax: boolean };
    },
  ): { code: string; map?: string };
}
let loaded: Eraser | undefined;
const eraser = (): Eraser => (loaded ??= require('@swc/wasm-typescript') as Eraser);

/** The source with its types blanked out; undefined if it holds syntax that blanking can't serve. */
function erase(source: string): string | undefined {
  try {
    return eraser().transformSync(source, { mode: 'strip-only' }).code;
  } catch (error) {
    if ((error as { code?: string }).code === 'UnsupportedSyntax') return undefined;
    throw syntaxError(error);
  }
}

const DECORATOR = /(^|\s)@[\w$(]/;
// the eraser leaves decorators as they are, and takes a const enum for gone
const FOR_THE_COMPILER = new RegExp(`${DECORATOR.source}|\\bconst\\s+enum\\b|\\busing\\s+[\\w$]+\\s*=`, 'm');

/** JavaScript for any TypeScript. `verbatim` keeps every import. */
function generate(source: string, verbatim: boolean): JavaScript {
  if (FOR_THE_COMPILER.test(source)) return compile(source, verbatim);
  try {
    const { code, map } = eraser().transformSync(source, {
      mode: 'transform',
      sourceMap: true,
      transform: { verbatimModuleSyntax: verbatim },
    });
    return { code, locate: locator(map) };
  } catch (error) {
    if ((error as { code?: string }).code === 'UnsupportedSyntax') return compile(source, verbatim);
    throw syntaxError(error);
  }
}

function syntaxError(error: unknown): Error {
  const { message, startLine, startColumn } = error as {
    message?: string;
    startLine?: number;
    startColumn?: number;
  };
  return new CellError('SyntaxError', message ?? String(error), {
    line: startLine ?? 1,
    column: (startColumn ?? 0) + 1,
  });
}

/** By the TypeScript compiler, which takes half a second to load. */
function compile(source: string, verbatim = true, commonJs = false): JavaScript {
  const ts = require('typescript') as typeof import('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: commonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      verbatimModuleSyntax: verbatim && !commonJs,
      esModuleInterop: true,
      experimentalDecorators: false,
      sourceMap: true,
      removeComments: false,
    },
  });
  return {
    code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'),
    locate: locator(sourceMapText),
  };
}

/** A TypeScript module for `require`. */
export function transformCommonJs(source: string): JavaScript {
  return compile(source, false, true);
}

function locator(sourceMap: string | undefined): Locate {
  const map = new SourceMap(JSON.parse(sourceMap ?? '{}') as SourceMapPayload);
  return ({ line, column }) => {
    const entry = map.findEntry(line - 1, column - 1) as { originalLine?: number; originalColumn?: number };
    return { line: (entry.originalLine ?? line - 1) + 1, column: (entry.originalColumn ?? column - 1) + 1 };
  };
}

function at(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function offsetOf(text: string, { line, column }: Position): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
}
