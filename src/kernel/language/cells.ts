// The notebook as modules for TypeScript: each cell that has run is one, which exports what it declares; a cell imports
// from the latest that declares a name. So an earlier cell keeps its types when a name is declared again.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type ts from 'typescript';
import { DECLARATIONS } from '../declarations.js';
import { looksLikeJsx } from '../tsconfig.js';
import { registry } from './registry.js';
import { nodeTypes, settings } from './settings.js';
import { typescript } from './typescript.js';

const { sys } = typescript;

/** The modules of cells that have run. */
export const CELL = /__cell_\d+__\.tsx?$/;
const extension = (jsx: boolean): string => (jsx ? '.tsx' : '.ts');

interface Module {
  text: string;
  version: number;
  /** The modules of earlier cells that it imports from. */
  uses?: Set<string>;
}

/** Where a name was declared last. */
export interface Declared {
  module: string;
  at: number;
  kind: string;
}

/** How long what is known of a file of the user's counts. */
const FRESH_MS = 500;

export class Cells {
  readonly options: ts.CompilerOptions;
  readonly implicitAny: boolean;
  readonly service: ts.LanguageService;
  /** Whether the code being written holds JSX. */
  private jsx = false;
  private readonly modules = new Map<string, Module>();
  private readonly globals: string;
  /** What cells have declared. */
  readonly visible = new Map<string, Declared>();
  /** Exports all that is visible, so that what a cell imports from doesn't change as it is written. */
  private readonly scope: string;
  private scopeIsOld = false;
  private readonly snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>();
  private readonly stamps = new Map<string, { version: string; until: number }>();
  private count = 0;

  constructor(private readonly folder: string) {
    ({ options: this.options, implicitAny: this.implicitAny } = settings(folder));
    this.globals = join(folder, '__cellgrad__.d.ts');
    for (const jsx of [true, false])
      this.modules.set(join(folder, `__cell__${extension(jsx)}`), { text: '', version: 0 });
    this.scope = join(folder, '__cells__.ts');
    this.modules.set(this.globals, { text: DECLARATIONS, version: 0 });
    this.modules.set(this.scope, { text: 'export {};', version: 0 });
    const roots = nodeTypes(folder);
    const host: ts.LanguageServiceHost = {
      getCompilationSettings: () => this.options,
      getScriptFileNames: () => [this.current, this.globals, ...roots],
      getScriptVersion: (file) => this.version(file),
      getScriptSnapshot: (file) => this.snapshot(file),
      getCurrentDirectory: () => folder,
      useCaseSensitiveFileNames: () => sys.useCaseSensitiveFileNames,
      getDefaultLibFileName: (given) => typescript.getDefaultLibFilePath(given),
      fileExists: (file) => this.modules.has(file) || sys.fileExists(file),
      readFile: (file) => this.modules.get(file)?.text ?? sys.readFile(file),
      readDirectory: (...given) => sys.readDirectory(...given),
      directoryExists: (path) => sys.directoryExists(path),
      getDirectories: (path) => sys.getDirectories(path),
      realpath: sys.realpath,
    };
    this.service = typescript.createLanguageService(host, registry());
  }

  private version(file: string): string {
    const module = this.modules.get(file);
    if (module) return String(module.version);
    // files of packages stay as they are
    if (file.includes('/node_modules/')) return '1';
    const now = performance.now();
    const known = this.stamps.get(file);
    if (known && known.until > now) return known.version;
    const version = String(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    this.stamps.set(file, { version, until: now + FRESH_MS });
    return version;
  }

  private snapshot(file: string): ts.IScriptSnapshot | undefined {
    const version = this.version(file);
    const known = this.snapshots.get(file);
    if (known?.version === version) return known.snapshot;
    const text = this.modules.get(file)?.text ?? sys.readFile(file);
    if (text === undefined) return undefined;
    const snapshot = typescript.ScriptSnapshot.fromString(text);
    this.snapshots.set(file, { version, snapshot });
    return snapshot;
  }

  /** The module that is being written. */
  get current(): string {
    return join(this.folder, `__cell__${extension(this.jsx)}`);
  }

  /** Adds a cell that has run, or a file that was run as one. What can't be parsed has not run. */
  remember(code: string, file?: string): void {
    const source = parse(code);
    const declared = declarations(source);
    if (problems(source).length || !declared.length) return;
    const name = join(
      file === undefined ? this.folder : dirname(file),
      `__cell_${++this.count}__${extension(this.jsx)}`,
    );
    const own = new Set(declared.map((each) => each.name));
    const used = identifiers(source);
    const uses = new Set<string>();
    const imports = this.imports(
      (each) => used.has(each) && !own.has(each),
      ({ module }) => {
        uses.add(module);
        return module;
      },
    );
    const exported = new Set(declared.filter((each) => !each.exported).map((each) => each.name));
    this.modules.set(name, {
      text: `${code}\n;${imports}export { ${[...exported].join(', ')} };\n`,
      version: 0,
      uses,
    });
    for (const { name: each, at, kind } of declared) this.visible.set(each, { module: name, at, kind });
    this.scopeIsOld = true;
    if (this.count % 50 === 0) this.drop();
  }

  forget(): void {
    this.visible.clear();
    this.scopeIsOld = true;
    this.drop();
  }

  /** Lets go of the cells whose names have all been declared anew, unless others that count use them. */
  private drop(): void {
    const needed = new Set<string>();
    const need = (name: string): void => {
      if (needed.has(name)) return;
      needed.add(name);
      for (const used of this.modules.get(name)?.uses ?? []) need(used);
    };
    for (const { module } of this.visible.values()) need(module);
    for (const name of this.modules.keys()) {
      if (!CELL.test(name) || needed.has(name)) continue;
      this.modules.delete(name);
      this.snapshots.delete(name);
    }
  }

  has(name: string): boolean {
    return this.visible.has(name);
  }

  /** Makes the code the current module, whose offsets are the code's. */
  show(code: string): ts.SourceFile {
    if (this.scopeIsOld)
      this.set(
        this.scope,
        `${this.imports(
          () => true,
          ({ module }) => module,
          'export',
        )}export {};`,
      );
    this.scopeIsOld = false;
    const source = parse(code);
    this.jsx = isJsx(source);
    const own = new Set(declarations(source).map(({ name }) => name));
    const used = identifiers(source);
    const imports = this.imports(
      (name) => used.has(name) && !own.has(name),
      () => this.scope,
    );
    // what is imported from must not change
    const always = imports || `import {} from ${specifier(this.scope)};`;
    this.set(this.current, `${code}\n;${always}export {};\n`);
    return this.program.getSourceFile(this.current)!;
  }

  private set(name: string, text: string): void {
    const module = this.modules.get(name)!;
    if (module.text !== text) this.modules.set(name, { text, version: module.version + 1 });
  }

  get program(): ts.Program {
    return this.service.getProgram()!;
  }

  private imports(
    wanted: (name: string) => boolean,
    from: (declared: Declared) => string,
    keyword: 'import' | 'export' = 'import',
  ): string {
    const byModule = new Map<string, string[]>();
    for (const [name, declared] of this.visible) {
      if (!wanted(name)) continue;
      const module = from(declared);
      byModule.set(module, [...(byModule.get(module) ?? []), name]);
    }
    return [...byModule]
      .map(([module, names]) => `${keyword} { ${names.join(', ')} } from ${specifier(module)};`)
      .join('');
  }
}

const specifier = (module: string): string => JSON.stringify(module.replace(/\.tsx?$/, ''));

/** With JSX where the code makes no sense without. */
export function parse(code: string): ts.SourceFile {
  const as = (jsx: boolean): ts.SourceFile =>
    typescript.createSourceFile(`cell${extension(jsx)}`, code, typescript.ScriptTarget.ESNext, true);
  const plain = as(false);
  if (!looksLikeJsx(code) || !problems(plain).length) return plain;
  const withJsx = as(true);
  return problems(withJsx).length < problems(plain).length ? withJsx : plain;
}

const isJsx = (source: ts.SourceFile): boolean => source.fileName.endsWith('x');

export function problems(source: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return (source as unknown as { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics;
}

interface Declaration {
  name: string;
  at: number;
  kind: string;
  exported: boolean;
}

const KINDS = new Map<ts.SyntaxKind, string>([
  [typescript.SyntaxKind.ClassDeclaration, 'class'],
  [typescript.SyntaxKind.FunctionDeclaration, 'function'],
  [typescript.SyntaxKind.EnumDeclaration, 'enum'],
  [typescript.SyntaxKind.InterfaceDeclaration, 'interface'],
  [typescript.SyntaxKind.TypeAliasDeclaration, 'type'],
  [typescript.SyntaxKind.ModuleDeclaration, 'module'],
  [typescript.SyntaxKind.ImportDeclaration, 'module'],
]);

/** What a cell declares at its top level. */
function declarations(source: ts.SourceFile): Declaration[] {
  const found: Declaration[] = [];
  for (const statement of source.statements) {
    const modifiers = typescript.canHaveModifiers(statement)
      ? (typescript.getModifiers(statement) ?? [])
      : [];
    const has = (kind: ts.SyntaxKind): boolean => modifiers.some((modifier) => modifier.kind === kind);
    const exported = has(typescript.SyntaxKind.ExportKeyword) && !has(typescript.SyntaxKind.DefaultKeyword);
    const add = (name: ts.Node | undefined, kind = KINDS.get(statement.kind) ?? 'var'): void => {
      if (!name) return;
      if (typescript.isIdentifier(name)) {
        if (name.text) found.push({ name: name.text, at: name.getStart(source), kind, exported });
      } else if (typescript.isObjectBindingPattern(name) || typescript.isArrayBindingPattern(name))
        for (const element of name.elements) if (typescript.isBindingElement(element)) add(element.name);
    };
    if (typescript.isVariableStatement(statement)) {
      const { flags, declarations: each } = statement.declarationList;
      const kind =
        flags & typescript.NodeFlags.Const ? 'const' : flags & typescript.NodeFlags.Let ? 'let' : 'var';
      for (const declaration of each) add(declaration.name, kind);
    } else if (typescript.isImportDeclaration(statement)) {
      const clause = statement.importClause;
      add(clause?.name);
      const bindings = clause?.namedBindings;
      if (bindings && typescript.isNamespaceImport(bindings)) add(bindings.name);
      else if (bindings) for (const element of bindings.elements) add(element.name, 'alias');
    } else if ('name' in statement) add(statement.name as ts.Node | undefined);
  }
  return found;
}

function identifiers(source: ts.SourceFile): Set<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (typescript.isIdentifier(node)) found.add(node.text);
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
