// The one TensorFlow.js of a process, before it has a backend.

import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

export const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof tfjs;
