// Lets every module of the process that asks for tfjs-node find the one TensorFlow.js instead of a native add-on of its own.

import * as module from 'node:module';
import { join } from 'node:path';

type Resolve = (request: string, ...rest: unknown[]) => string;
type Load = (module: NodeJS.Module, file: string) => void;
interface Host {
  _resolveFilename: Resolve;
  _extensions: Record<string, Load>;
}

const require = module.createRequire(import.meta.url);
const names = new Set(['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs']);
const installed = join('@tensorflow', 'tfjs-node');
let required = false;
let imported = false;

/**
 * From now on `@tensorflow/tfjs-node`, `@tensorflow/tfjs-node-gpu` and any nested copy of `@tensorflow/tfjs` are, for every
 * CommonJS module of the process, the `@tensorflow/tfjs` that `compute/tf.ts` uses, whether they are installed or not; and
 * `danfojs-node`, where it is not installed, is the one that cellgrad brings. Loads nothing. Idempotent.
 */
export function requireOneTf(): void {
  if (required) return;
  required = true;
  const one = require.resolve('@tensorflow/tfjs');
  const host = module.Module as unknown as Host;
  const resolve = host._resolveFilename;
  host._resolveFilename = (request, ...rest) => {
    if (names.has(request)) return one;
    try {
      return resolve.call(host, request, ...rest);
    } catch (error) {
      if (request !== 'danfojs-node') throw error;
      return require.resolve('../data/danfojs.cjs');
    }
  };
  // an import that Node linked before this ran goes by the file
  const load = host._extensions['.js'];
  host._extensions['.js'] = (module, file) => {
    const tail = file.endsWith(join('dist', 'index.js'))
      ? file.slice(0, -join('dist', 'index.js').length - 1)
      : '';
    if (tail.endsWith(installed) || tail.endsWith(`${installed}-gpu`)) module.exports = require(one);
    else load(module, file);
  };
}

/** The same for `import`, of modules that are linked from now on. */
export function importOneTf(): void {
  if (imported) return;
  imported = true;
  module.register(new URL('./one-tf-hooks.js', import.meta.url));
}
