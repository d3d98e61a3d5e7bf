// What `import * as tf from '@tensorflow/tfjs-node'` gives: all names of tfjs, started, and tfjs-node's own.

import type { NodeIo, NodeNamespace } from './node-namespace.js';
import { tf } from './tf.js';

export * from '@tensorflow/tfjs';
export default tf;

/** Images, SavedModels and TensorBoard; undefined on `webgpu` and `js`. */
export const node = (tf as { node?: NodeNamespace }).node as NodeNamespace;
export const io = tf.io as typeof tf.io & NodeIo;
