// Rewrites a cell's JavaScript, in place and line for line, into a script that V8's REPL mode evaluates:
// imports become awaited calls, exports lose the keyword, top-level bindings become redeclarable.
import { parse, type Node, type Program } from 'acorn';
import { dirname, resolve } from 'node:path';
import { applyEdits, type Edit, type Edited } from './edits.js';
import { MAGIC } from './magics/rewrite.js';
import { computes } from './resolution.js';

/** The global through which rewritten imports run. */
export const IMPORT = '$cellgrad_import';
export const META = '$cellgrad_meta';

// acorn's nodes, read structurally
type Tree = Node & Record<string, unknown>;

export interface Rewritten extends Edited {
  /** Whether the cell ends in an expression, whose value is the cell's result. */
  hasResult: boolean;
  constants: string[];
  /** The names that it declares. */
  declared: string[];
}

/** The script holds what V8 can't run yet but the compiler can translate. */
export class Untranslated extends Error {}

export class ConstantAssignment extends TypeError {
  constructor(
    name: string,
    readonly at: number,
  ) {
    super(`Assignment to constant variable '${name}'.`);
  }
}

interface RewriteOptions {
  /** Those of earlier cells. */
  constants?: ReadonlySet<string>;
  /** The path of the file that the code is from, from which its relative imports lead. */
  file?: string;
  /** Whether the compiler has made the code from what isn't JavaScript. */
  generated?: boolean;
}

/** Throws acorn's SyntaxError (with `pos`), a ConstantAssignment or Untranslated. */
export function rewrite(
  code: string,
  { constants: earlierConstants = new Set(), file, generated }: RewriteOptions = {},
): Rewritten {
  const program: Program = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowImportExportEverywhere: true,
    allowAwaitOutsideFunction: true,
    allowHashBang: true,
  });
  const edits: Edit[] = [];
  const body = program.body as unknown as Tree[];
  const constants: string[] = [];
  const declared = new Set<string>();
  if (file !== undefined) for (const statement of body) leadFrom(file, statement, edits);
  const disposing = generated ? body.find(isDisposing) : undefined;
  if (generated) startAnew([...body, ...statementsOf(disposing)], edits);
  for (const statement of body) topLevel(statement, code, edits, constants, declared);
  const fixed = new Set([...[...earlierConstants].filter((name) => !declared.has(name)), ...constants]);
  for (const statement of body) walk(statement, edits, fixed);
  if (body.some(requiresTensorFlow))
    edits.push({ start: body[0].start, end: body[0].start, text: `void (await ${IMPORT}.before()); ` });
  const last = timed(body, code, edits)
    .filter((statement) => !isEmpty(statement))
    .at(-1);
  // the statements of a cell with `using` are inside a try, whose value is theirs
  const inside =
    last === disposing
      ? statementsOf(disposing)
          .filter((each) => !isEmpty(each))
          .at(-1)
      : undefined;
  const hasResult =
    inside?.type === 'ExpressionStatement' ||
    last?.type === 'ExpressionStatement' ||
    (last?.type === 'ExportDefaultDeclaration' &&
      !/^(Function|Class)Declaration$/.test((last.declaration as Tree).type));
  return { ...applyEdits(code, edits), hasResult, constants, declared: [...declared] };
}

/** What the compiler makes of a top-level `using`: a try that disposes at its end. */
function isDisposing(statement: Tree): boolean {
  if (statement.type !== 'TryStatement') return false;
  const first = (((statement.finalizer as Tree | null)?.body as Tree[] | undefined) ?? [])[0];
  return first !== undefined && calls(first, '__disposeResources');
}

const calls = (node: Tree, name: string): boolean =>
  (node.type === 'CallExpression' && (node.callee as Tree).name === name) ||
  [...children(node)].some((child) => calls(child, name));

const statementsOf = (statement: Tree | undefined): Tree[] =>
  ((statement?.block as Tree | undefined)?.body as Tree[] | undefined) ?? [];

/** An enum or a namespace of an earlier cell does not go on in this one: `E || (E = {})` starts with nothing. */
function startAnew(statements: Tree[], edits: Edit[]): void {
  const begun = new Set<string>();
  const part = (node: Tree | null | undefined): Tree | undefined => {
    const [given] = node?.type === 'CallExpression' ? (node.arguments as Tree[]) : [];
    return given?.type === 'LogicalExpression' && (given.left as Tree).type === 'Identifier'
      ? given
      : undefined;
  };
  for (const whole of statements) {
    const statement = (whole.type === 'ExportNamedDeclaration' ? whole.declaration : whole) as Tree | null;
    if (!statement) continue;
    if (/^(Function|Class)Declaration$/.test(statement.type))
      begun.add((statement.id as Tree).name as string);
    const values =
      statement.type === 'VariableDeclaration'
        ? (statement.declarations as Tree[]).map(({ id, init }) => ({
            id: id as Tree,
            value: init as Tree | null,
          }))
        : statement.type === 'ExpressionStatement'
          ? [{ id: undefined, value: statement.expression as Tree }]
          : [];
    for (const { id, value } of values) {
      const left = part(value)?.left as Tree | undefined;
      // a namespace may add to the class or function of its name
      if (!left && id?.type === 'Identifier' && value) begun.add(id.name as string);
      if (!left || begun.has(left.name as string)) continue;
      begun.add(left.name as string);
      edits.push({ start: left.start, end: left.end, text: 'void 0' });
    }
  }
}

/** Gives the value of a timed expression to the call that ends its time. @returns the statements that count */
function timed(body: Tree[], code: string, edits: Edit[]): Tree[] {
  const isStop = (statement: Tree | undefined): boolean => {
    const callee = (statement?.expression as Tree | undefined)?.callee as Tree | undefined;
    return (callee?.object as Tree | undefined)?.name === MAGIC && (callee!.property as Tree).name === 'stop';
  };
  const counting = body.filter((statement) => !isEmpty(statement));
  return counting.filter((statement, i) => {
    if (!isStop(statement)) return true;
    const before = counting[i - 1];
    if (before?.type !== 'ExpressionStatement') return false;
    const { start, end } = statement.expression as Tree;
    const stop = (statement.expression as Tree).arguments as Tree[];
    // start(1);f();stop(1);  becomes  start(1);stop(1, f());;
    edits.push({ start: before.start, end: before.start, text: `${MAGIC}.stop(${String(stop[0].value)}, (` });
    const after = before.end - (code[before.end - 1] === ';' ? 1 : 0);
    edits.push({ start: after, end: after, text: '))' }, { start, end, text: '' });
    return false;
  });
}

/** Has no value of its own; the eraser puts the `var` of a namespace last. */
function isEmpty(statement: Tree): boolean {
  if (statement.type === 'EmptyStatement') return true;
  if (statement.type !== 'VariableDeclaration' || statement.kind !== 'var') return false;
  return (statement.declarations as Tree[]).every(({ init }) => !init);
}

function topLevel(node: Tree, code: string, edits: Edit[], constants: string[], declared: Set<string>): void {
  switch (node.type) {
    case 'ImportDeclaration':
      edits.push({ start: node.start, end: node.end, text: importCall(node) });
      for (const { local } of node.specifiers as Tree[]) declared.add((local as Tree).name as string);
      return;
    case 'ExportAllDeclaration':
      edits.push({ start: node.start, end: node.end, text: `void (await ${IMPORT}(${raw(node.source)}));` });
      return;
    case 'ExportNamedDeclaration':
      if (node.declaration) {
        const declaration = node.declaration as Tree;
        edits.push({ start: node.start, end: declaration.start, text: '' });
        topLevel(declaration, code, edits, constants, declared);
      } else {
        const from = node.source ? `void (await ${IMPORT}(${raw(node.source)}));` : ';';
        edits.push({ start: node.start, end: node.end, text: from });
      }
      return;
    case 'ExportDefaultDeclaration': {
      const declaration = node.declaration as Tree;
      edits.push({ start: node.start, end: declaration.start, text: '' });
      if (declaration.id) topLevel(declaration, code, edits, constants, declared);
      return;
    }
    case 'VariableDeclaration':
      variables(node, edits, constants, declared);
      return;
    case 'ClassDeclaration': {
      const name = (node.id as Tree).name as string;
      declared.add(name);
      edits.push({ start: node.start, end: node.start, text: `var ${name} = ` });
      edits.push({ start: node.end, end: node.end, text: ';' });
      return;
    }
    case 'FunctionDeclaration':
      declared.add((node.id as Tree).name as string);
  }
}

// `let` and `const` become `var`: V8's REPL mode refuses to redeclare a const as a let, or a let as a function
function variables(node: Tree, edits: Edit[], constants: string[], declared: Set<string>): void {
  const kind = node.kind as string;
  const names: string[] = [];
  const declarators = node.declarations as Tree[];
  for (const declarator of declarators) bindings(declarator.id as Tree, names);
  for (const name of names) declared.add(name);
  if (kind !== 'let' && kind !== 'const') return;
  if (kind === 'const') constants.push(...names);
  edits.push({ start: node.start, end: node.start + kind.length, text: 'var'.padEnd(kind.length) });
  for (const declarator of declarators) {
    const end = (declarator.id as Tree).end;
    if (!declarator.init) edits.push({ start: end, end, text: ' = undefined' });
  }
}

/** The names that a pattern binds. */
function bindings(pattern: Tree | null, names: string[]): void {
  if (!pattern) return;
  if (pattern.type === 'Identifier') names.push(pattern.name as string);
  else if (pattern.type === 'AssignmentPattern') bindings(pattern.left as Tree, names);
  else if (pattern.type === 'RestElement') bindings(pattern.argument as Tree, names);
  else if (pattern.type === 'ArrayPattern')
    for (const item of pattern.elements as Tree[]) bindings(item, names);
  else if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties as Tree[])
      bindings((property.type === 'RestElement' ? property.argument : property.value) as Tree, names);
}

const raw = (literal: unknown): string => JSON.stringify((literal as { value: string }).value);

function importCall(node: Tree): string {
  const attributes = ((node.attributes as Tree[] | undefined) ?? []).map((attribute) => {
    const key = attribute.key as Tree;
    return `${JSON.stringify(key.name ?? key.value)}: ${raw(attribute.value)}`;
  });
  let whole: string | undefined;
  const named: string[] = [];
  const wanted: string[] = [];
  for (const specifier of node.specifiers as Tree[]) {
    const local = (specifier.local as Tree).name as string;
    if (specifier.type === 'ImportNamespaceSpecifier') whole = local;
    else {
      const imported = (specifier.imported as Tree | undefined) ?? ({ name: 'default' } as unknown as Tree);
      const name = JSON.stringify(imported.name ?? imported.value);
      named.push(`${name}: ${local}`);
      wanted.push(name);
    }
  }
  const names = wanted.length ? `[${wanted.join(', ')}]` : 'undefined';
  const options = attributes.length ? `, { with: { ${attributes.join(', ')} } }` : '';
  const call = `await ${IMPORT}(${raw(node.source)}, ${names}${options})`;
  if (whole && named.length) return `var ${whole} = ${call}, { ${named.join(', ')} } = ${whole};`;
  if (whole) return `var ${whole} = ${call};`;
  return named.length ? `var { ${named.join(', ')} } = ${call};` : `void (${call});`;
}

/** Has what a file imports by a relative path, and its `import.meta`, start from the file. */
function leadFrom(file: string, node: Tree, edits: Edit[]): void {
  const source = node.source as Tree | null | undefined;
  if (source?.type === 'Literal' && /^\.{1,2}(\/|$)/.test(String(source.value))) {
    source.value = resolve(dirname(file), source.value as string);
    if (node.type === 'ImportExpression')
      edits.push({ start: source.start, end: source.end, text: raw(source) });
  }
  if (node.type === 'MetaProperty' && (node.meta as Tree).name === 'import')
    edits.push({ start: node.end, end: node.end, text: `.of(${JSON.stringify(file)})` });
  for (const child of children(node)) leadFrom(file, child, edits);
}

/** Rewrites `import()` and `import.meta` anywhere, and refuses assignments to the notebook's constants. */
function walk(node: Tree, edits: Edit[], constants: ReadonlySet<string>): void {
  if (node.type === 'ImportDeclaration') return;
  if (node.type === 'VariableDeclaration' && /using/.test(node.kind as string)) throw new Untranslated();
  if (node.type === 'ImportExpression')
    edits.push({ start: node.start, end: node.start + 'import'.length, text: `${IMPORT}.dynamic` });
  if (node.type === 'MetaProperty' && (node.meta as Tree).name === 'import')
    edits.push({ start: node.start, end: node.end, text: META });
  const target = (
    node.type === 'AssignmentExpression'
      ? node.left
      : node.type === 'UpdateExpression'
        ? node.argument
        : undefined
  ) as Tree | undefined;
  if (target) {
    const names: string[] = [];
    bindings(target, names);
    for (const name of names) if (constants.has(name)) throw new ConstantAssignment(name, target.start);
  }
  const inner = constants.size ? withoutShadowed(node, constants) : constants;
  for (const child of children(node)) walk(child, edits, inner);
}

/** A `require` can't wait until TensorFlow is there. */
function requiresTensorFlow(node: Tree): boolean {
  if (node.type === 'CallExpression' && (node.callee as Tree).name === 'require') {
    const [named] = node.arguments as Tree[];
    if (typeof named?.value === 'string' && computes(named.value)) return true;
  }
  return [...children(node)].some(requiresTensorFlow);
}

function* children(node: Tree): Generator<Tree> {
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? value : [value])
      if (item && typeof item === 'object' && typeof (item as Tree).type === 'string') yield item as Tree;
  }
}

/** The constants still visible inside a node that opens a scope. */
function withoutShadowed(node: Tree, constants: ReadonlySet<string>): ReadonlySet<string> {
  const own: string[] = [];
  if (/Function/.test(node.type)) {
    for (const parameter of node.params as Tree[]) bindings(parameter, own);
    hoisted(node.body as Tree, own);
  } else if (node.type === 'BlockStatement' || node.type === 'StaticBlock') {
    for (const statement of node.body as Tree[]) declaredBy(statement, own);
  } else if (node.type === 'SwitchStatement') {
    for (const branch of node.cases as Tree[])
      for (const s of branch.consequent as Tree[]) declaredBy(s, own);
  } else if (node.type === 'CatchClause') bindings(node.param as Tree | null, own);
  else if (/^For/.test(node.type)) declaredBy((node.init ?? node.left) as Tree, own);
  return own.some((name) => constants.has(name))
    ? new Set([...constants].filter((name) => !own.includes(name)))
    : constants;
}

function declaredBy(statement: Tree | null | undefined, names: string[]): void {
  if (statement?.type === 'VariableDeclaration')
    for (const declarator of statement.declarations as Tree[]) bindings(declarator.id as Tree, names);
  else if (statement?.type === 'FunctionDeclaration' || statement?.type === 'ClassDeclaration')
    bindings(statement.id as Tree, names);
}

/** `var` declarations anywhere in a function's body. */
function hoisted(node: Tree, names: string[]): void {
  if (node.type === 'VariableDeclaration' && node.kind === 'var') declaredBy(node, names);
  for (const child of children(node)) if (!/Function|Class/.test(child.type)) hoisted(child, names);
}
