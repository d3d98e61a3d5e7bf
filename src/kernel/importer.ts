// `import` and `require` in cells: resolved from the notebook's folder, TypeScript files included.
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { IMPORT, META } from './imports.js';
import { forgetIfChanged, requireForCells } from './require.js';
import { computes, isThere, meant, ownModule, resolveLocal } from './resolution.js';
import { versioned } from './versions.js';

type Namespace = Record<string, unknown>;
type NativeImport = (specifier: string, options?: ImportCallOptions) => Promise<Namespace>;

/** Puts the importing globals in place: what rewritten cells call, `require`, `__dirname`. */
export function installImporter(folder: string): void {
  const notebook = join(folder, 'notebook.ts');
  const native = nativeImport(notebook);
  const require = module.createRequire(notebook);

  const find = async (specifier: string, options?: ImportCallOptions): Promise<Namespace> => {
    const local = resolveLocal(specifier, folder);
    if (local) {
      useTypeScriptHooks();
      forgetIfChanged(require, fileURLToPath(local));
      return native(versioned(local), local.endsWith('.json') ? { with: { type: 'json' } } : options);
    }
    const own = ownModule(specifier, (name) => isThere(require, name));
    if (own) return native(own, options);
    useHooksIfTypeScript(folder);
    try {
      // of what stands in for a package, only `require` knows where it is
      return await native(computes(specifier) ? fileOf(specifier) : specifier, options);
    } catch (error) {
      throw named(error, specifier, notebook);
    }
  };
  const fileOf = (specifier: string): string => pathToFileURL(require.resolve(specifier)).href;
  const load = async (specifier: string, options?: ImportCallOptions): Promise<Namespace> => {
    const namespace = await find(meant(specifier), options);
    // a package that has loaded tfjs finds it on cellgrad's backend
    if (isLoaded(require, '@tensorflow/tfjs')) await find('cellgrad/tf');
    return namespace;
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
    withCommonJs(await load(`${specifier}`, options), require);

  // a package that computes, before the cell requires it, which can't wait
  const before = (): Promise<Namespace> => load('cellgrad/tf');

  const metaOf = (file: string): ImportMeta =>
    ({
      url: pathToFileURL(file).href,
      dirname: dirname(file),
      filename: file,
      resolve: (specifier: string) =>
        resolveLocal(specifier, dirname(file)) ??
        (module.isBuiltin(specifier) ? specifier : pathToFileURL(require.resolve(specifier)).href),
    }) as ImportMeta;
  // of a file that `%run` evaluates among the cells
  const meta = Object.defineProperty(metaOf(notebook), 'of', { value: metaOf });
  const globals = {
    [IMPORT]: Object.assign(statically, { dynamic, before }),
    [META]: meta,
    require: requireForCells(require, folder),
    __dirname: folder,
    __filename: notebook,
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

function isLoaded(require: NodeJS.Require, name: string): boolean {
  try {
    return require.resolve(name) in require.cache;
  } catch {
    return false;
  }
}

/** Node's own `import()`, with this file as the importing one. */
function nativeImport(file: string): NativeImport {
  silence(/USE_MAIN_CONTEXT_DEFAULT_LOADER|Importing JSON modules/);
  return vm.compileFunction('return import(specifier, options)', ['specifier', 'options'], {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as unknown as NativeImport;
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

/** What importing rests on is experimental in Node 20, which is not for the user to hear. */
function silence(topic: RegExp): void {
  const emitWarning = process.emitWarning.bind(process) as (...given: unknown[]) => void;
  process.emitWarning = (warning: unknown, ...rest: unknown[]) => {
    if (!topic.test(String(warning))) emitWarning(warning, ...rest);
  };
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

class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** A specifier of the cell's own that leads nowhere, said in one sentence. */
function named(error: unknown, specifier: string, notebook: string): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' || !message?.endsWith(`imported from ${notebook}`)) return error;
  if (/^[./]|^file:/.test(specifier))
    return new ImportError(`Cannot find '${specifier}' from ${dirname(notebook)}.`);
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return new ImportError(
    `Cannot find package '${name}' from ${dirname(notebook)}. To install it there: npm install ${name}`,
  );
}
