// The language thread: TypeScript's language service over the cells that have run and the one being written.
import { parentPort } from 'node:worker_threads';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';
import { DECLARATIONS } from './declarations.js';
import type { Answer, Ask } from './language.js';
import { withoutMagics } from './magics/find.js';
import { names } from './magics/install.js';
import type { Json } from './wire.js';

const require = createRequire(import.meta.url);
const typescript = require('typescript') as typeof ts;

const FILE = join(process.cwd(), '__notebook__.ts');
const GLOBALS = join(process.cwd(), '__cellgrad_globals__.d.ts');
const cells: string[] = [];
const magics = names((name) => cells.some((cell) => declarations(cell).some((each) => each.name === name)));
let text = '';
let version = 0;

const options: ts.CompilerOptions = {
  target: typescript.ScriptTarget.ESNext,
  module: typescript.ModuleKind.ESNext,
  moduleResolution: typescript.ModuleResolutionKind.Bundler,
  moduleDetection: typescript.ModuleDetectionKind.Force,
  lib: ['lib.esnext.d.ts'],
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  esModuleInterop: true,
  resolveJsonModule: true,
  types: [],
  paths: ownTypes(),
};

const nodeTypes = nodeTypesFile();

const service = typescript.createLanguageService({
  getCompilationSettings: () => options,
  getScriptFileNames: () => [FILE, GLOBALS, ...nodeTypes],
  getScriptVersion: (file) => (file === FILE ? String(version) : '1'),
  getScriptSnapshot: (file) => {
    const content = file === FILE ? text : file === GLOBALS ? DECLARATIONS : typescript.sys.readFile(file);
    return content === undefined ? undefined : typescript.ScriptSnapshot.fromString(content);
  },
  getCurrentDirectory: () => process.cwd(),
  useCaseSensitiveFileNames: () => typescript.sys.useCaseSensitiveFileNames,
  getDefaultLibFileName: (settings) => typescript.getDefaultLibFilePath(settings),
  fileExists: (file) => file === FILE || file === GLOBALS || typescript.sys.fileExists(file),
  readFile: (file) => (file === GLOBALS ? DECLARATIONS : typescript.sys.readFile(file)),
  readDirectory: (...given) => typescript.sys.readDirectory(...given),
  directoryExists: (folder) => typescript.sys.directoryExists(folder),
  getDirectories: (folder) => typescript.sys.getDirectories(folder),
});

parentPort!.on('message', (ask: Ask) => {
  if (ask.forget) cells.length = 0;
  for (const cell of ask.cells) remember(withoutMagics(cell, magics));
  let content: Json;
  try {
    content = answer(ask);
  } catch (error) {
    content = { status: 'error', ename: 'LanguageError', evalue: String(error), traceback: [] };
  }
  parentPort!.postMessage({ id: ask.id, content } satisfies Answer);
});

function answer({ question, content }: Ask): Json {
  const given = String(content.code ?? '');
  const code = withoutMagics(given, magics);
  if (question === 'is_complete') return wholeCell(given) ?? isComplete(code);
  const cursor = utf16Offset(code, content.cursor_pos);
  if (question === 'complete') {
    const named = completeMagic(given, cursor);
    if (named) return named;
  }
  return question === 'complete'
    ? complete(code, cursor)
    : inspect(code, cursor, Number(content.detail_level ?? 0));
}

/** Adds a cell; a name that it declares again is the new one from now on. */
function remember(cell: string): void {
  const names = new Set(declarations(cell).map(({ name }) => name));
  for (let i = 0; i < cells.length; i++) {
    const shadowed = declarations(cells[i]).filter(({ name }) => names.has(name));
    for (const { start, end } of shadowed.sort((a, b) => b.start - a.start))
      cells[i] = `${cells[i].slice(0, start)}__earlier${version++}_${i}${cells[i].slice(end)}`;
  }
  cells.push(cell);
}

function declarations(code: string): { name: string; start: number; end: number }[] {
  const file = typescript.createSourceFile('cell.ts', code, typescript.ScriptTarget.ESNext, true);
  const found: { name: string; start: number; end: number }[] = [];
  const add = (name: ts.Node | undefined): void => {
    if (!name) return;
    if (typescript.isIdentifier(name)) found.push({ name: name.text, start: name.getStart(), end: name.end });
    else if (typescript.isObjectBindingPattern(name) || typescript.isArrayBindingPattern(name))
      for (const element of name.elements) if (typescript.isBindingElement(element)) add(element.name);
  };
  for (const statement of file.statements) {
    if (typescript.isVariableStatement(statement))
      for (const declaration of statement.declarationList.declarations) add(declaration.name);
    else if (typescript.isImportDeclaration(statement)) {
      const clause = statement.importClause;
      add(clause?.name);
      const bindings = clause?.namedBindings;
      if (bindings && typescript.isNamespaceImport(bindings)) add(bindings.name);
      // `{ a }` would lose its imported name, so it becomes `{ a as … }` only where it is aliased already
      else if (bindings) for (const element of bindings.elements) if (element.propertyName) add(element.name);
    } else if ('name' in statement) add(statement.name as ts.Node | undefined);
  }
  return found;
}

function show(code: string): number {
  const before = cells.map((cell) => `${cell}\n;\n`).join('');
  text = `${before}${code}\n;export {};\n`;
  version++;
  return before.length;
}

function complete(code: string, cursor: number): Json {
  const offset = show(code);
  // in a module's name, the language service knows what is to be replaced
  const quoted = /(['"])([^'"\n]*)$/.exec(code.slice(0, cursor));
  const found = service.getCompletionsAtPosition(FILE, offset + cursor, {
    includeCompletionsForModuleExports: false,
    includeCompletionsWithInsertText: false,
  });
  const replaced = quoted && found?.entries.find(({ replacementSpan }) => replacementSpan)?.replacementSpan;
  const start = replaced ? replaced.start - offset : code.slice(0, cursor).search(/[\w$]*$/);
  const prefix = code.slice(start, cursor);
  const entries = (found?.entries ?? [])
    .filter(({ name }) => name.startsWith(prefix) && !name.startsWith('__earlier'))
    .sort((a, b) => a.sortText.localeCompare(b.sortText) || a.name.localeCompare(b.name))
    .slice(0, 500);
  return matchesFrom(code, start, cursor, entries);
}

function inspect(code: string, cursor: number, detail: number): Json {
  const offset = show(code);
  // at the end of a name, or inside a call's parentheses, the name is meant
  for (const at of [cursor, cursor - 1, code.slice(0, cursor).lastIndexOf('(') - 1]) {
    if (at < 0) continue;
    const info = service.getQuickInfoAtPosition(FILE, offset + at);
    if (!info) continue;
    const signature = typescript.displayPartsToString(info.displayParts);
    if (signature === 'any') continue; // of a name that nobody has declared
    const documentation = typescript.displayPartsToString(info.documentation);
    const tags = (info.tags ?? []).map(({ name, text: parts }) =>
      `@${name} ${typescript.displayPartsToString(parts)}`.trim(),
    );
    const prose = [documentation, ...(detail || tags.length < 8 ? tags : [])].filter(Boolean).join('\n');
    return {
      status: 'ok',
      found: true,
      data: {
        'text/plain': prose ? `${signature}\n\n${prose}` : signature,
        'text/markdown': `\`\`\`typescript\n${signature}\n\`\`\`\n\n${prose}`,
      },
      metadata: {},
    };
  }
  return { status: 'ok', found: false, data: {}, metadata: {} };
}

/** In a console, an empty line ends the lines of a cell magic. */
function wholeCell(code: string): Json | undefined {
  if (!/^\s*%%\w/.test(code)) return undefined;
  return /\n[ \t]*$/.test(code.replace(/^\s*%%.*/, ''))
    ? { status: 'complete' }
    : { status: 'incomplete', indent: '' };
}

/** The names of magics, after `%` where a statement may begin. */
function completeMagic(code: string, cursor: number): Json | undefined {
  const [, mark, start] = /(?:^|\n)[ \t]*(%%?)(\w*)$/.exec(code.slice(0, cursor)) ?? [];
  if (mark === undefined) return undefined;
  if (mark === '%%' && code.slice(0, cursor).trim() !== mark + start) return undefined;
  const kinds = mark === '%%' ? (['cell'] as const) : (['line', 'cell'] as const);
  const matches = kinds.flatMap((kind) =>
    magics
      .names(kind)
      .filter((name) => name.startsWith(start))
      .map((name) => (kind === 'cell' ? '%%' : '%') + name),
  );
  return matchesFrom(
    code,
    cursor - mark.length - start.length,
    cursor,
    matches.map((name) => ({ name, kind: 'magic' })),
  );
}

function matchesFrom(
  code: string,
  start: number,
  end: number,
  entries: { name: string; kind: string }[],
): Json {
  const span = { start: codePoints(code, start), end: codePoints(code, end) };
  return {
    status: 'ok',
    matches: entries.map(({ name }) => name),
    cursor_start: span.start,
    cursor_end: span.end,
    metadata: {
      _jupyter_types_experimental: entries.map(({ name, kind }) => ({ text: name, type: kind, ...span })),
    },
  };
}

function isComplete(code: string): Json {
  const file = typescript.createSourceFile('cell.ts', code, typescript.ScriptTarget.ESNext, true);
  const problems = (file as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics;
  if (!problems.length) return { status: 'complete' };
  const end = code.trimEnd().length;
  const unterminated = new Set([1010, 1160, 1161]); // comment, template, regular expression
  const first = problems[0];
  const open = unterminated.has(first.code) || (first.start ?? 0) >= end;
  return open ? { status: 'incomplete', indent: indentation(code) } : { status: 'invalid' };
}

function indentation(code: string): string {
  const last = code.trimEnd().split('\n').at(-1) ?? '';
  const own = /^\s*/.exec(last)![0];
  return /[{([]$/.test(last) ? `${own}  ` : own;
}

/** Jupyter counts code points, TypeScript UTF-16 units. */
function utf16Offset(code: string, cursor: unknown): number {
  return typeof cursor === 'number' ? [...code].slice(0, cursor).join('').length : code.length;
}
const codePoints = (code: string, offset: number): number => [...code.slice(0, offset)].length;

/** Where this package's own types are, which a notebook anywhere may import. */
function ownTypes(): ts.MapLike<string[]> {
  for (const file of ['../index.d.ts', '../../../src/index.ts']) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    if (typescript.sys.fileExists(path)) return { cellgrad: [path] };
  }
  return {};
}

function nodeTypesFile(): string[] {
  for (const from of [FILE, import.meta.url])
    try {
      return [join(createRequire(from).resolve('@types/node/package.json'), '..', 'index.d.ts')];
    } catch {
      // not installed there
    }
  return [];
}
