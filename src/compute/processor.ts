// What the processor can do, as far as it decides how something is computed.

import { readFileSync } from 'node:fs';

let known: Set<string> | undefined;

/** The instructions that Linux lists for an x86 processor; none where it can't be read. */
export function instructions(): ReadonlySet<string> {
  if (known) return known;
  known = new Set();
  if (process.platform === 'linux' && process.arch === 'x64')
    try {
      const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
      known = new Set(flags?.[1].trim().split(' '));
    } catch {
      // then what needs them stays off
    }
  return known;
}

/** Whether Eigen's filter gradients beat oneDNN's: on x86 processors without AVX-512. */
export const prefersEigen = (): boolean => instructions().size > 0 && !instructions().has('avx512f');

/** Whether TensorFlow computes convolutions and matrix products in bfloat16 here. */
export const hasBfloat16 = (): boolean => instructions().has('amx_bf16') || instructions().has('avx512_bf16');
