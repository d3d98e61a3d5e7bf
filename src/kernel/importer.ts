// `import` and `require` in cells: resolved from the notebook's folder, TypeScript files included.
import { existsSync, statSync } from 'node:fs';
import * as module from 'node:module';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { IMPORT, META } from './imports.js';
import { ownModule, resolveLocal } from './resolution.js';

type Namespace = Record<string, unknown>;
type NativeImport = (specifier: string, options?: ImportCallOptions) => Promise<Namespace>;

/** Puts the importing globals in place: what rewritten cells call, `require`, `__dirname`. */
export function installImporter(folder: string): void {
  const notebook = join(folder, 'notebook.ts');
  const native = nativeImport(notebook);
  const require = module.createRequire(notebook);

  const load = async (specifier: string, options?: ImportCallOptions): Promise<Namespace> => {
    const local = resolveLocal(String(specifier), folder);
    if (local) {
      useTypeScriptHooks();
      return native(versioned(local), options);
    }
    const own = ownModule(specifier, (name) => resolves(require, name));
    if (own) return native(own, options);
    useHooksIfTypeScript(folder);
    return native(specifier, options);
  };
  const statically = async (specifier: string, wanted: string[] = [], options?: ImportCallOptions) => {
    const namespace = withCommonJs(await load(specifier, options), require);
    for (const name of wanted)
      // a capital may name a type, which leaves nothing to import at run time
      if (!(name in namespace) && !/^[A-Z]/.test(name))
        throw new SyntaxError(
          `The requested module '${specifier}' does not provide an export named '${name}'`,
        );
    return namespace;
  };
  const dynamic = async (specifier: string, options?: ImportCallOptions) =>
    withCommonJs(await load(String(specifier), options), require);

  const meta = {
    url: pathToFileURL(notebook).href,
    dirname: folder,
    filename: notebook,
    resolve: (specifier: string) =>
      resolveLocal(specifier, folder) ?? pathToFileURL(require.resolve(specifier)).href,
  };
  const globals = {
    [IMPORT]: Object.assign(statically, { dynamic }),
    [META]: meta,
    require: requireWithTypeScript(require, folder),
    __dirname: folder,
    __filename: notebook,
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Node's own `import()`, with this file as the importing one. */
function nativeImport(file: string): NativeImport {
  return vm.compileFunction('return import(specifier, options)', ['specifier', 'options'], {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as unknown as NativeImport;
}

function resolves(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch (error) {
    // there, though not for `require`
    return (error as { code?: string }).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}

/** A changed file is another module, so that running a cell again sees the user's edits. */
function versioned(url: string): string {
  if (!url.startsWith('file:') || url.includes('?') || /\.(json|node|wasm)$/.test(url)) return url;
  return `${url}?v=${Math.round(statSync(fileURLToPath(url)).mtimeMs)}`;
}

/** Adds to a CommonJS module's namespace what Node's lexer did not see of its exports. */
function withCommonJs(namespace: Namespace, require: NodeJS.Require): Namespace {
  const exported = namespace.default as Namespace | undefined;
  if (!exported || (typeof exported !== 'object' && typeof exported !== 'function')) return namespace;
  const common = Object.values(require.cache).some((entry) => entry?.exports === exported);
  if (!common || Object.keys(exported).every((key) => key in namespace)) return namespace;
  const merged = Object.create(null) as Namespace;
  for (const source of [exported, namespace])
    for (const key of Object.keys(source))
      Object.defineProperty(merged, key, { get: () => source[key], enumerable: true, configurable: true });
  return merged;
}

let hooked = false;

/** Lets this process import TypeScript files, also from one another. */
function useTypeScriptHooks(): void {
  if (hooked) return;
  hooked = true;
  module.register(new URL('./hooks.js', import.meta.url));
}

// a workspace package may itself be TypeScript
function useHooksIfTypeScript(folder: string): void {
  if (!hooked && existsSync(join(folder, 'tsconfig.json'))) useTypeScriptHooks();
}

/** `require` of a user's TypeScript file runs it as CommonJS. */
function requireWithTypeScript(require: NodeJS.Require, folder: string): NodeJS.Require {
  const wrapped = ((specifier: string) => {
    const relative = /^\.{1,2}\//.test(specifier);
    const file = relative ? resolve(folder, specifier) : specifier;
    if (relative && !extname(file) && !existsSync(file) && existsSync(`${file}.ts`))
      return require(`${file}.ts`);
    return require(specifier);
  }) as NodeJS.Require;
  return Object.assign(wrapped, require);
}
