// In what numbers a step computes, and how to find out which are quicker.

import { nodeBackend } from './backend.js';
import { hasBfloat16 } from './processor.js';
import { tf } from './tfjs.js';

/** What convolutions and matrix products are computed in. */
export type Precision = 'float32' | 'bfloat16' | 'float16';
export const precisions: readonly Precision[] = ['float32', 'bfloat16', 'float16'];

/** Why steps can't be computed in a precision here; undefined where they can. */
export function precisionFault(precision: Precision): string | undefined {
  if (precision === 'float32') return undefined;
  if (tf.getBackend() !== 'tensorflow')
    return `${precision} is for TensorFlow, and the backend ${tf.getBackend()} computes`;
  const gpu = nodeBackend().binding.isUsingGpuDevice();
  if (precision === 'float16') return gpu ? undefined : 'float16 is for a GPU, and a processor computes';
  if (gpu) return 'bfloat16 is for a processor, and a GPU computes, which has float16';
  if (!hasBfloat16())
    return 'this processor does not compute in bfloat16 (it has neither AMX nor AVX512-BF16)';
  return undefined;
}

/** What `auto` tries beside float32 on this device; undefined where nothing else can be quicker. */
export function coarserPrecision(): Precision | undefined {
  return precisions.find((p) => p !== 'float32' && !precisionFault(p));
}

/** What a trial found: the quicker precision, and how long a run takes in each that was tried, in milliseconds. */
export interface Trial {
  precision: Precision;
  milliseconds: Partial<Record<Precision, number>>;
}

const warmUps = 2;
const rounds = 3;
/** A coarser precision has to be worth it. */
const enough = 0.95;

/**
 * Runs work in float32 and in a coarser precision, in turns, and compares the best times.
 * @throws the signal's reason when it is aborted
 */
export async function trial(
  run: (precision: Precision) => void,
  coarse: Precision,
  signal?: AbortSignal,
): Promise<Trial> {
  const best = new Map<Precision, number>();
  for (let round = -warmUps; round < rounds; round++)
    for (const precision of ['float32', coarse] as const) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      const start = performance.now();
      run(precision);
      const taken = performance.now() - start;
      if (round >= 0) best.set(precision, Math.min(best.get(precision) ?? Infinity, taken));
    }
  const quicker = best.get(coarse)! < enough * best.get('float32')!;
  return { precision: quicker ? coarse : 'float32', milliseconds: Object.fromEntries(best) };
}

/** A trial in words. */
export function trialText({ precision, milliseconds }: Trial, films: number): string {
  const times = Object.entries(milliseconds).map(([name, ms]) => `${name} took ${ms.toFixed(0)} ms`);
  return `In a trial of ${films} films ${times.join(' and ')}: ${precision} is used`;
}
