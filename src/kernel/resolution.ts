// Where a notebook's imports lead: the user's files (with TypeScript's extension rules) and the modules
// that cellgrad itself stands in for.
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url)); // build/src/kernel
const EXTENSIONS = ['.ts', '.mts', '.tsx', '.js', '.mjs', '.cjs', '.json'];
const TYPESCRIPT: Record<string, string[]> = { '.js': ['.ts', '.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts'] };

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The file URL of a relative or absolute specifier that names an existing file; otherwise undefined. */
export function resolveLocal(specifier: string, folder: string): string | undefined {
  const asUrl = specifier.startsWith('file:');
  if (!asUrl && !/^\.{1,2}(\/|$)/.test(specifier) && !isAbsolute(specifier)) return undefined;
  const path = asUrl ? fileURLToPath(specifier) : resolve(folder, specifier);
  const found = candidates(path).find(isFile);
  return found && pathToFileURL(found).href;
}

function candidates(path: string): string[] {
  const swapped = Object.entries(TYPESCRIPT).flatMap(([js, ts]) =>
    path.endsWith(js) ? ts.map((extension) => path.slice(0, -js.length) + extension) : [],
  );
  return [
    path,
    ...swapped,
    ...EXTENSIONS.map((extension) => path + extension),
    ...EXTENSIONS.map((extension) => join(path, `index${extension}`)),
  ];
}

const TFJS = /^@tensorflow\/tfjs(-node(-gpu)?)?$/;

/** Whether a package computes with TensorFlow.js as soon as it is there. */
export const computes = (specifier: string): boolean => TFJS.test(specifier) || specifier === 'danfojs-node';

/** The specifier that a cell's stands for: whoever imports TensorFlow.js gets the one that cellgrad has started. */
export const meant = (specifier: string): string => (TFJS.test(specifier) ? 'cellgrad/tfjs' : specifier);

/**
 * The module inside this package that a bare specifier stands for: tslab's display API, and cellgrad itself (and danfojs)
 * for a notebook whose project has no copy of its own. `installed` says whether the project has a package.
 */
export function ownModule(specifier: string, installed: (name: string) => boolean): string | undefined {
  if (specifier === 'tslab') return new URL('./tslab.js', import.meta.url).href;
  const target: Record<string, string> = {
    cellgrad: '../index.js',
    'cellgrad/tf': '../compute/tf.js',
    'cellgrad/tfjs': '../compute/tfjs-module.js',
    'danfojs-node': '../data/danfojs.cjs',
  };
  if (!target[specifier] || installed(specifier)) return undefined;
  const path = join(here, target[specifier]);
  return existsSync(path) ? pathToFileURL(path).href : undefined;
}

/** Whether `require` finds the package, be it only for `import`. */
export function isThere(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}
