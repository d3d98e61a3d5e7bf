// Lets other libraries' `require('@tensorflow/tfjs-node')` find the process's one TensorFlow.js instead of a native add-on.

import Module, { createRequire } from 'node:module';

type Resolve = (request: string, ...rest: unknown[]) => string;

const require = createRequire(import.meta.url);
const names = new Set(['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs']);
let done = false;

/**
 * From now on `@tensorflow/tfjs-node`, `@tensorflow/tfjs-node-gpu` and any nested copy of `@tensorflow/tfjs` resolve, for every
 * CommonJS module of the process, to the `@tensorflow/tfjs` that `compute/tf.ts` uses. Loads nothing. Idempotent.
 */
export function resolveToOneTf(): void {
  if (done) return;
  done = true;
  const one = require.resolve('@tensorflow/tfjs');
  const host = Module as unknown as { _resolveFilename: Resolve };
  const original = host._resolveFilename;
  host._resolveFilename = (request, ...rest) =>
    names.has(request) ? one : original.call(host, request, ...rest);
}
