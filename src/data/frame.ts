// danfojs DataFrames: danfojs is loaded on first use, on the repository's own tf (see compute/one-tf.ts).

import type * as Danfo from 'danfojs-node';
import { createRequire } from 'node:module';
import { describeError, DataError } from './errors.js';

export type DataFrame = Danfo.DataFrame;

const require = createRequire(import.meta.url);
let loaded: typeof Danfo | undefined;

/**
 * danfojs, pandas for JavaScript: `const dfd = await data.danfo()`. It shares the process's one `tf`, and does not start
 * TensorFlow by itself.
 */
export async function danfo(): Promise<typeof Danfo> {
  if (loaded) return loaded;
  try {
    const { resolveToOneTf } = await import('../compute/one-tf.js');
    resolveToOneTf();
    return (loaded = require('danfojs-node') as typeof Danfo);
  } catch (error) {
    throw new DataError(
      'frame',
      `danfojs could not be loaded: ${describeError(error)}. Is it installed (npm ci)?`,
      {
        cause: error,
      },
    );
  }
}
