// How much memory a traced step will need, so that one that can't run is refused: oneDNN ends the process when it finds none.

import type { Binding } from './binding.js';
import { ComputeError } from './errors.js';
import { shapes } from './resources.js';
import { tf } from './tfjs.js';
import type { Trace } from './trace.js';
import { width } from './types.js';

/** What ops work in, and what lies between the tensors: measured in training, 1.2 to 1.35 times the tensors. */
const share = 1.35;

const size = (shape: number[], dtype: number): number =>
  shape.reduce((a, b) => a * b, 1) * (width[dtype] ?? 8);

/** The most bytes that the step's own tensors take at once, when each is freed after its last use. */
export function peakBytes(trace: Trace, outputs: number[]): number {
  const last = new Map<number, number>();
  trace.ops.forEach((op, i) => op.inputs.forEach((id) => last.set(id, i)));
  for (const id of outputs) last.set(id, Infinity);
  const bytes = new Map<number, number>();
  let live = 0;
  let most = 0;
  trace.ops.forEach((op, i) => {
    // a reshaped tensor shares its memory
    const shared = op.name === 'Reshape' ? op.inputs[0] : undefined;
    for (const { id, shape, dtype } of op.outputs) {
      if (!last.has(id)) continue;
      const own =
        shared !== undefined && bytes.has(shared) && last.get(shared) === i ? 0 : size(shape, dtype);
      bytes.set(id, own);
      live += own;
    }
    most = Math.max(most, live);
    for (const id of new Set(op.inputs))
      if (last.get(id) === i) {
        const freed = bytes.get(id) ?? 0;
        // the other name of shared memory frees it
        if (id === shared && op.outputs[0] && bytes.get(op.outputs[0].id) === 0)
          bytes.set(op.outputs[0].id, freed);
        else live -= freed;
      }
  });
  return most;
}

/**
 * Looks whether a step fits.
 * @throws ComputeError `memory`
 */
export function checkMemory(binding: Binding, trace: Trace, outputs: number[]): void {
  if (binding.isUsingGpuDevice()) return; // a GPU's memory is the driver's to give
  const limit = Number(process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB) * 2 ** 20;
  if (!(limit > 0)) return;
  const needed = share * peakBytes(trace, outputs);
  const held = tf.memory().numBytes + [...shapes.values()].reduce((sum, s) => sum + size(s, 1), 0);
  if (needed + held <= limit) return;
  const gb = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  throw new ComputeError(
    'memory',
    `Out of memory: this step needs ${gb(needed)}, tensors hold ${gb(held)}, and TensorFlow may use ${gb(limit)}. Use smaller batches or pictures, or dispose of tensors (tf.memory() counts them).`,
  );
}
