// danfojs DataFrames: danfojs, the project's or cellgrad's own, is loaded on first use, on the process's one tf.

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
    const { requireOneTf } = await import('../compute/one-tf.js');
    requireOneTf();
    return (loaded = require('danfojs-node') as typeof Danfo);
  } catch (error) {
    throw new DataError('frame', `danfojs could not be loaded: ${describeError(error)}.`, {
      cause: error,
    });
  }
}
