// CommonJS packages that are loaded when they are first needed, so that not every `import` of cellgrad waits for them.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The package `name`, as a function that loads it at its first call. */
export function lazily<T>(name: string): () => T {
  let loaded: T | undefined;
  return () => (loaded ??= require(name) as T);
}
