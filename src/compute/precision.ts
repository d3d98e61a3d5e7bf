// In what numbers a step computes, and how to find out which are quicker.

import { nodeBackend } from './backend.js';
import { hasBfloat16 } from './processor.js';
import { tf } from './tfjs.js';

/** What convolutions and matrix products are computed in. */
export type Precision = 'float32' | 'bfloat16';

/** Why steps can't be computed in bfloat16 here; undefined where they can. */
export function bfloat16Fault(): string | undefined {
  if (tf.getBackend() !== 'tensorflow' || nodeBackend().binding.isUsingGpuDevice())
    return 'bfloat16 is for TensorFlow on a CPU, and another device computes';
  if (!hasBfloat16())
    return 'this processor does not compute in bfloat16 (it has neither AMX nor AVX512-BF16)';
  return undefined;
}

/** What a trial found: the quicker precision, and how long a run takes in each, in milliseconds. */
export interface Trial extends Record<Precision, number> {
  precision: Precision;
}

const precisions = ['float32', 'bfloat16'] as const;
const warmUps = 2;
const rounds = 3;
/** bfloat16 is coarser: it has to be worth it. */
const enough = 0.95;

/**
 * Runs work in both precisions, in turns, and compares the best times.
 * @throws the signal's reason when it is aborted
 */
export async function trial(run: (precision: Precision) => void, signal?: AbortSignal): Promise<Trial> {
  const best = { float32: Infinity, bfloat16: Infinity };
  for (let round = -warmUps; round < rounds; round++)
    for (const precision of precisions) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      const start = performance.now();
      run(precision);
      if (round >= 0) best[precision] = Math.min(best[precision], performance.now() - start);
    }
  return { precision: best.bfloat16 < enough * best.float32 ? 'bfloat16' : 'float32', ...best };
}

/** A trial in words. */
export const trialText = ({ precision, float32, bfloat16 }: Trial, films: number): string =>
  `In a trial of ${films} films bfloat16 took ${bfloat16.toFixed(0)} ms and float32 ${float32.toFixed(0)} ms: ${precision} is used`;
