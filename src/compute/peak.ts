// How much memory a traced step will need, so that one that can't run is refused: oneDNN ends the process when it finds none.

import type { Binding } from './binding.js';
import { ComputeError } from './errors.js';
import { shapes } from './resources.js';
import { tf } from './tfjs.js';
import type { Trace } from './trace.js';
import { width } from './types.js';

/** What ops work in, and what lies between the tensors: measured in training, 1.2 to 1.35 times the tensors. */
const share = 1.35;

/** Ops whose outputs are their inputs' memory by another name. */
const sharing = new Set(['Reshape', 'EnsureShape']);

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
    op.outputs.forEach(({ id, shape, dtype }, k) => {
      if (!last.has(id)) return;
      const from = sharing.has(op.name) ? op.inputs[k] : undefined;
      if (from !== undefined && bytes.has(from) && last.get(from) === i) {
        bytes.set(id, bytes.get(from)!);
        bytes.set(from, 0);
        return;
      }
      bytes.set(id, size(shape, dtype));
      live += bytes.get(id)!;
    });
    most = Math.max(most, live);
    for (const id of new Set(op.inputs)) if (last.get(id) === i) live -= bytes.get(id) ?? 0;
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
