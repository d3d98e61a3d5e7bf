// Module hooks, loaded by Node in a thread of their own: the user's TypeScript files, and what cellgrad
// stands in for, wherever a notebook's modules import them.
import { readFile } from 'node:fs/promises';
import { createRequire, type LoadHook, type ResolveHook } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownModule, resolveLocal } from './resolution.js';
import { transformModule } from './transform.js';

const inPackage = (url: string): boolean => url.includes('/node_modules/');

export const resolve: ResolveHook = async (specifier, context, next) => {
  const parent = context.parentURL;
  if (!parent?.startsWith('file:') || inPackage(parent)) return next(specifier, context);
  const file = fileURLToPath(parent);
  if (!specifier.startsWith('file:')) {
    const local = resolveLocal(specifier, dirname(file));
    if (local) return next(local, context);
  }
  const require = createRequire(file);
  const own = ownModule(specifier, (name) => {
    try {
      return Boolean(require.resolve(name));
    } catch (error) {
      return (error as { code?: string }).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    }
  });
  return next(own ?? specifier, context);
};

export const load: LoadHook = async (url, context, next) => {
  const [path] = url.split('?');
  if (!path.startsWith('file:') || !/\.(ts|mts|tsx)$/.test(path) || inPackage(path))
    return next(url, context);
  const source = await readFile(fileURLToPath(path), 'utf8');
  return { format: 'module', source: transformModule(source).code, shortCircuit: true };
};
