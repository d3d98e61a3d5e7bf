// TypeScript to JavaScript. In a cell, types are blanked out so that every line and column stays where it
// was; syntax that needs code (enums, decorators, …) is generated, with a source map.
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import jsTokens from 'js-tokens';
import type { Edited } from './edits.js';
import type { Position } from './excerpt.js';
import { ConstantAssignment, rewrite, Untranslated } from './imports.js';
import { looksLikeJsx, userOptions } from './tsconfig.js';
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
  /** Whether it holds what the source doesn't. */
  generated?: boolean;
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
    // the helpers of generated code are no variables of the user's
    const declared = result.declared.filter((name) => code.includes(name));
    return { ...result, declared, locate: (position) => back(result.locate(position)) };
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
  const text = withoutCommonJs(source);
  let erased: string | undefined;
  try {
    erased = erase(text);
  } catch (error) {
    const compiled = BEYOND_ERASER.test(text) ? compileIfValid(text) : undefined;
    if (compiled) return script(compiled, context);
    throw error;
  }
  if (erased === undefined) return script(generate(text, true), context);
  try {
    return script({ code: erased, locate: unchanged }, context);
  } catch (error) {
    if (error instanceof Untranslated) return script(compile(text), context);
    if (!isSyntaxError(error) || !BEYOND_ERASER.test(text)) throw error;
    const compiled = DECORATOR.test(text) ? compile(text) : compileIfValid(text);
    if (!compiled) throw error;
    return script(compiled, context);
  }
}

/** `import x = require('y')` and `export = x` are not ECMAScript: a const and an expression do the same. */
function withoutCommonJs(source: string): string {
  if (!/\bimport\s+[\w$]+\s*=\s*require\b|\bexport\s*=/.test(source)) return source;
  let text = '';
  const words: string[] = [];
  const tokens = [...jsTokens(source)];
  for (const [i, { type, value }] of tokens.entries()) {
    const next = tokens
      .slice(i + 1, i + 12)
      .filter((token) => !/WhiteSpace|LineTerminator|Comment/.test(token.type));
    const follows = (...values: (string | undefined)[]): boolean =>
      values.every((each, k) => each === undefined || next[k]?.value === each);
    const before = words.at(-1);
    if (type === 'IdentifierName' && value === 'import' && follows(undefined, '=', 'require', '('))
      text += 'const ';
    else if (type === 'IdentifierName' && value === 'export' && follows('=')) text += ';     ';
    else if (value === '=' && before === 'export') text += ' ';
    else text += value;
    if (!/WhiteSpace|LineTerminator|Comment/.test(type)) words.push(value);
  }
  return text;
}

/** A TypeScript module that a cell imports, as JavaScript; imports that only types use are left out. */
export function transformModule(source: string, file: string): JavaScript {
  if (file.endsWith('x')) return compile(source, { verbatim: false, file });
  return generate(source, false, file);
}

function script({ code, locate, generated }: JavaScript, { constants, file }: CellContext): Script {
  try {
    const { origin, ...rewritten } = rewrite(code, { constants, file, generated });
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
// the eraser leaves decorators as they are, takes a const enum for gone, and the parts of a namespace for strangers
const FOR_THE_COMPILER = new RegExp(
  `${DECORATOR.source}|\\bconst\\s+enum\\b|\\busing\\s+[\\w$]+\\s*=|\\baccessor\\s|\\bnamespace\\s+[\\w$.]+\\s*\\{`,
  'm',
);
/** Syntax that the eraser doesn't know; JSX among it. */
const BEYOND_ERASER = new RegExp(`${FOR_THE_COMPILER.source}|</|/>`, 'm');

/** JavaScript for any TypeScript. `verbatim` keeps every import. */
function generate(source: string, verbatim: boolean, file?: string): JavaScript {
  if (FOR_THE_COMPILER.test(source)) return compile(source, { verbatim, file });
  try {
    const { code, map } = eraser().transformSync(source, {
      mode: 'transform',
      sourceMap: true,
      transform: { verbatimModuleSyntax: verbatim },
    });
    return { code, locate: locator(map), generated: true };
  } catch (error) {
    if ((error as { code?: string }).code === 'UnsupportedSyntax') return compile(source, { verbatim, file });
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

interface CompileOptions {
  /** Keeps every import; by default so. */
  verbatim?: boolean;
  commonJs?: boolean;
  /** The path; its ending tells JSX, its folder the tsconfig.json. By default a cell's without JSX. */
  file?: string;
}

/** By the TypeScript compiler, which takes half a second to load. */
function compile(source: string, options: CompileOptions = {}): JavaScript {
  return compiled(source, options).script;
}

/** Undefined for what the compiler can't read either, with or without JSX. */
function compileIfValid(source: string): JavaScript | undefined {
  for (const name of looksLikeJsx(source) ? ['cell.ts', 'cell.tsx'] : ['cell.ts']) {
    const { script, valid } = compiled(source, { file: join(process.cwd(), name) });
    if (valid) return script;
  }
  return undefined;
}

function compiled(
  source: string,
  { verbatim = true, commonJs = false, file = join(process.cwd(), 'cell.ts') }: CompileOptions,
): { script: JavaScript; valid: boolean } {
  const ts = require('typescript') as typeof import('typescript');
  const own = userOptions(ts, dirname(file));
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(source, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: {
      jsx: own.jsx === undefined || own.jsx === ts.JsxEmit.Preserve ? ts.JsxEmit.React : own.jsx,
      jsxFactory: own.jsxFactory,
      jsxFragmentFactory: own.jsxFragmentFactory,
      jsxImportSource: own.jsxImportSource,
      experimentalDecorators: own.experimentalDecorators ?? false,
      useDefineForClassFields: own.useDefineForClassFields,
      target: ts.ScriptTarget.ES2022,
      module: commonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      verbatimModuleSyntax: verbatim && !commonJs,
      esModuleInterop: true,
      sourceMap: true,
      removeComments: false,
    },
  });
  const code = outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
  return { script: { code, locate: locator(sourceMapText), generated: true }, valid: !diagnostics?.length };
}

/** What the address of a TypeScript file ends in that was required: its code is another than an imported one's. */
export const REQUIRED = '?require';

/** A TypeScript module for `require`. */
export function transformCommonJs(source: string, file: string): JavaScript {
  return compile(source, { verbatim: false, commonJs: true, file });
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
