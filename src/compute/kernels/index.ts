// tfjs's kernels that tfjs-node lacks or has wrong, over TensorFlow's ops. `npm run conformance` shows that they are right.

import { registerConvolutions } from './conv.js';
import { registerImage } from './image.js';
import { registerMaths } from './maths.js';
import { registerPooling } from './pool.js';
import { registerSparse } from './sparse.js';
import { registerText } from './text.js';

/** Registers them in the place of tfjs-node's. */
export function registerKernels(): void {
  registerConvolutions();
  registerImage();
  registerMaths();
  registerPooling();
  registerSparse();
  registerText();
}
