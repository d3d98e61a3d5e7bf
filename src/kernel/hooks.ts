// Module hooks, loaded by Node in a thread of their own: the user's TypeScript files, and what cellgrad
// stands in for, wherever a notebook's modules import them.
import { readFile } from 'node:fs/promises';
import { createRequire, type LoadHook, type ResolveHook } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere, meant, ownModule, resolveLocal } from './resolution.js';
import { CellError, transformModule } from './transform.js';
import { versioned } from './versions.js';

const here = fileURLToPath(new URL('..', import.meta.url));
const fromHere = (file: string): boolean => file.startsWith(here);
const inPackage = (url: string): boolean => url.includes('/node_modules/');

export const resolve: ResolveHook = async (specifier, context, next) => {
  const parent = context.parentURL;
  if (!parent?.startsWith('file:') || inPackage(parent)) return next(specifier, context);
  const file = fileURLToPath(parent);
  if (!specifier.startsWith('file:')) {
    const local = resolveLocal(specifier, dirname(file));
    // the kernel's own modules have no versions
    if (local) return next(parent.includes('?v=') ? versioned(local) : local, context);
  }
  const require = createRequire(file);
  const wanted = fromHere(file) ? specifier : meant(specifier);
  return next(ownModule(wanted, (name) => isThere(require, name)) ?? wanted, context);
};

export const load: LoadHook = async (url, context, next) => {
  const [path] = url.split('?');
  if (!path.startsWith('file:') || inPackage(path)) return next(url, context);
  if (path.endsWith('.json')) return next(url, { ...context, importAttributes: { type: 'json' } });
  if (!/\.(ts|mts|tsx)$/.test(path)) return next(url, context);
  const file = fileURLToPath(path);
  try {
    const { code } = transformModule(await readFile(file, 'utf8'), file);
    return { format: 'module', source: code, shortCircuit: true };
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    // an error crosses the threads with its own properties
    throw Object.assign(new SyntaxError(error.message), { file, position: error.position });
  }
};
