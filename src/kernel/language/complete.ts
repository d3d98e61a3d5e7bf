// Completion: what TypeScript knows, paths in strings, and, where types say too little, what live values have.
import jsTokens from 'js-tokens';
import type ts from 'typescript';
import { parse, type Cells } from './cells.js';
import { files, modules } from './paths.js';
import type { Completions, Entry, Live } from './reply.js';
import { typescript } from './typescript.js';

const MOST = 500;
/** So many entries get their signature and documentation, if that takes no longer. */
const DETAILED = 12;
const DETAILS_MS = 10;

export function complete(cells: Cells, code: string, cursor: number, folder: string): Completions {
  const quoted = openString(code.slice(0, cursor));
  return quoted === undefined
    ? names(cells, cells.show(code), code, cursor)
    : inString(cells, code, cursor, quoted, folder);
}

/** Where the text begins of the string that the cursor is in. */
function openString(before: string): number | undefined {
  let at = 0;
  let last: { type: string; value: string; closed?: boolean } | undefined;
  for (const token of jsTokens(before)) {
    at += token.value.length;
    last = token;
  }
  if (!last || last.closed !== false || !/^(StringLiteral|NoSubstitutionTemplate)$/.test(last.type))
    return undefined;
  return at - last.value.length + 1;
}

// the compiler gives the symbols, though its types don't say so
type Suggestion = ts.CompletionEntry & { symbol?: ts.Symbol };
const SUGGEST = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: false,
  includeSymbol: true,
};

function suggestions(cells: Cells, cursor: number): readonly Suggestion[] {
  return cells.service.getCompletionsAtPosition(cells.current, cursor, SUGGEST)?.entries ?? [];
}

function names(cells: Cells, source: ts.SourceFile, code: string, cursor: number): Completions {
  const start = code.slice(0, cursor).search(/[\p{ID_Continue}$\u200c\u200d]*$/u);
  const typed = code.slice(start, cursor);
  const receiver = receiverAt(source, cursor);
  const known: Candidate[] = suggestions(cells, cursor).map(({ name, kind, sortText, symbol }) => ({
    name,
    kind: kind === 'alias' ? (cells.visible.get(name)?.kind ?? kind) : kind,
    rank: sortText,
    symbol: kind === 'alias' ? undefined : symbol,
  }));
  if (!receiver && isFree(source, code, start)) known.push(...earlier(cells, known));
  if (/\bnew\s+[\w$.]*$/.test(code.slice(0, cursor)))
    for (const each of known)
      if (each.kind === 'keyword' || !/^[A-Z]/.test(each.name)) each.rank = `~${each.rank}`;
  const entries = matching(known, typed)
    .sort((a, b) => compare(a.rank, b.rank) || compare(a.name, b.name))
    .slice(0, MOST);
  addDetails(cells, source, entries);
  const found: Completions = { start, end: cursor, entries: entries.map(entryOf) };
  if (receiver && isOpen(cells, receiver))
    found.live = { expression: receiver.getText(source), of: 'members', start: typed };
  return found;
}

interface Candidate extends Entry {
  rank: string;
  symbol?: ts.Symbol;
}

const entryOf = ({ name, kind, signature, documentation }: Candidate): Entry => ({
  name,
  kind,
  ...(signature === undefined ? {} : { signature }),
  ...(documentation === undefined ? {} : { documentation }),
});

/** The names of earlier cells that the code doesn't use, which is why they are not imported. */
function earlier(cells: Cells, known: readonly Candidate[]): Candidate[] {
  const names = new Set(known.map(({ name }) => name));
  return [...cells.visible]
    .filter(([name]) => !names.has(name))
    .map(([name, { kind }]) => ({ name, kind, rank: '11' }));
}

/** Whether a name at this place is looked up in the scope: it is no property's, import's or declaration's. */
function isFree(source: ts.SourceFile, code: string, start: number): boolean {
  if (
    /[.#]\s*$|\b(const|let|var|function|class|enum|interface|type|namespace)\s+$/.test(code.slice(0, start))
  )
    return false;
  let free = true;
  const visit = (node: ts.Node): void => {
    if (node.pos > start || node.end < start) return;
    if (typescript.isNamedImports(node) || typescript.isObjectBindingPattern(node)) free = false;
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return free;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Those that begin as typed; if there are none, whatever the case of the letters. */
function matching<T extends { name: string }>(entries: readonly T[], typed: string): T[] {
  const exact = entries.filter(({ name }) => name.startsWith(typed));
  if (exact.length) return exact;
  const lower = typed.toLowerCase();
  return entries.filter(({ name }) => name.toLowerCase().startsWith(lower));
}

/** Types and documentation of the first entries, straight from the checker: the service's own details take long. */
function addDetails(cells: Cells, source: ts.SourceFile, entries: Candidate[]): void {
  const until = performance.now() + DETAILS_MS;
  const checker = cells.program.getTypeChecker();
  for (const entry of entries.slice(0, DETAILED)) {
    if (performance.now() > until) return;
    const symbol = entry.symbol ?? declaredBy(cells, entry.name);
    if (!symbol) continue;
    if (entry.kind === 'alias') entry.kind = kindOf(symbol);
    const { SymbolFlags } = typescript;
    if (symbol.flags & SymbolFlags.Value) {
      const type = checker.getTypeOfSymbolAtLocation(symbol, symbol.valueDeclaration ?? source);
      entry.signature = checker.typeToString(type);
    }
    const documentation = typescript.displayPartsToString(symbol.getDocumentationComment(checker));
    if (documentation) entry.documentation = documentation;
  }
}

/** What an imported name is. */
function kindOf({ flags, valueDeclaration }: ts.Symbol): string {
  const { SymbolFlags } = typescript;
  if (flags & SymbolFlags.Class) return 'class';
  if (flags & SymbolFlags.Function) return 'function';
  if (flags & SymbolFlags.Enum) return 'enum';
  if (flags & SymbolFlags.Module) return 'module';
  if (flags & SymbolFlags.Variable) {
    const declared = valueDeclaration && typescript.getCombinedNodeFlags(valueDeclaration);
    return declared && declared & typescript.NodeFlags.Const ? 'const' : 'var';
  }
  if (flags & SymbolFlags.Interface) return 'interface';
  return flags & SymbolFlags.TypeAlias ? 'type' : 'alias';
}

/** The symbol of a name of an earlier cell. */
function declaredBy(cells: Cells, name: string): ts.Symbol | undefined {
  const declared = cells.visible.get(name);
  const file = declared && cells.program.getSourceFile(declared.module);
  if (!file) return undefined;
  const checker = cells.program.getTypeChecker();
  const module = checker.getSymbolAtLocation(file);
  const exported = module?.exports?.get(name as ts.__String);
  return exported && exported.flags & typescript.SymbolFlags.Alias
    ? checker.getAliasedSymbol(exported)
    : exported;
}

/** The `a.b` of `a.b.c`, where the cursor is in `c`. */
function receiverAt(source: ts.SourceFile, cursor: number): ts.Expression | undefined {
  let found: ts.Expression | undefined;
  const visit = (node: ts.Node): void => {
    if (node.pos > cursor || node.end < cursor) return;
    if (typescript.isPropertyAccessExpression(node) && node.expression.end < cursor) found = node.expression;
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Whether a value may have properties that its type does not name. */
function isOpen(cells: Cells, expression: ts.Expression): boolean {
  const checker = cells.program.getTypeChecker();
  const type = checker.getTypeAtLocation(expression);
  const any = typescript.TypeFlags.Any | typescript.TypeFlags.Unknown;
  return (type.flags & any) !== 0 || type.getStringIndexType() !== undefined;
}

function inString(cells: Cells, code: string, cursor: number, start: number, folder: string): Completions {
  const typed = code.slice(start, cursor);
  const at = (entries: Entry[]): Completions => ({ start, end: cursor, entries });
  const context = contextOf(parse(code), cursor);
  if (context.imports) return at(modules(typed, folder));
  cells.show(code);
  const known = matching(
    suggestions(cells, cursor).filter(({ kind }) => kind !== 'warning'),
    typed,
  );
  const entries: Entry[] = known.map(({ name, kind }) => ({ name, kind }));
  if (context.live) return { ...at(entries), live: { ...context.live, start: typed } };
  return at(entries.length ? entries : files(typed, folder));
}

/** What a string at the cursor is for. */
function contextOf(source: ts.SourceFile, cursor: number): { imports?: boolean; live?: Omit<Live, 'start'> } {
  let literal: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (node.pos > cursor || node.end < cursor) return;
    if (typescript.isStringLiteralLike(node) && node.getStart(source) < cursor) literal = node;
    typescript.forEachChild(node, visit);
  };
  visit(source);
  if (!literal) return {};
  const { parent } = literal;
  if (typescript.isImportDeclaration(parent) || typescript.isExportDeclaration(parent))
    return { imports: true };
  if (typescript.isExternalModuleReference(parent)) return { imports: true };
  if (typescript.isCallExpression(parent)) {
    const { expression } = parent;
    const isImport =
      expression.kind === typescript.SyntaxKind.ImportKeyword ||
      /^(require|require\.resolve|import\.meta\.resolve)$/.test(expression.getText(source));
    if (isImport) return { imports: true };
  }
  if (typescript.isElementAccessExpression(parent) && parent.argumentExpression === literal)
    return { live: { expression: parent.expression.getText(source), of: 'keys' } };
  for (let node: ts.Node = literal; node !== source; node = node.parent) {
    if (typescript.isStatement(node) || typescript.isFunctionLike(node)) return {};
    if (typescript.isCallExpression(node) && typescript.isPropertyAccessExpression(node.expression))
      return { live: { expression: node.expression.expression.getText(source), of: 'arguments' } };
  }
  return {};
}
