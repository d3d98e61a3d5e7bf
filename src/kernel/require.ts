// `require` in cells: relative to the notebook's folder, of TypeScript files too, read anew after an edit.
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolveLocal } from './resolution.js';
import { REQUIRED, transformCommonJs } from './transform.js';
import * as tslab from './tslab.js';
import { version, withImports } from './versions.js';

type Compiling = NodeJS.Module & { _compile(code: string, file: string): void };

/** A user's TypeScript file runs as CommonJS. */
export function requireForCells(require: NodeJS.Require, folder: string): NodeJS.Require {
  for (const extension of ['.ts', '.cts', '.tsx'])
    require.extensions[extension] = (module, file) => {
      const { code } = transformCommonJs(readFileSync(file, 'utf8'), file);
      (module as Compiling)._compile(`${code}\n//# sourceURL=${pathToFileURL(file).href}${REQUIRED}`, file);
    };
  const wrapped = (specifier: string): unknown => {
    if (specifier === 'tslab') return tslab;
    const local = resolveLocal(specifier, folder);
    if (!local) return require(specifier);
    forgetIfChanged(require, fileURLToPath(local));
    return require(fileURLToPath(local));
  };
  return Object.assign(wrapped, require);
}

const versions = new Map<string, string>();

/** Drops what `require` keeps of a file, and of what it imports, that has changed since. */
export function forgetIfChanged(require: NodeJS.Require, file: string): void {
  for (const each of withImports(file)) {
    const now = version(each);
    if (versions.has(each) && versions.get(each) !== now) delete require.cache[each];
    versions.set(each, now);
  }
}
