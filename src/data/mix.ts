// MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019): each picture of a batch mixed with the one before it, labels in the same shares; as in torchvision.

import { DataError } from './errors.js';
import { random, type Random } from './random.js';

export interface MixOptions {
  /** Alpha of the Beta distribution that shares are drawn from; 0 or absent: not done. With `cutmix` too, one of them is drawn for each batch. */
  mixup?: number;
  /** The same for boxes that are exchanged. */
  cutmix?: number;
}

/** Mixes x ([n, size, size, channels]) in place and returns the labels, [n, classes]; undefined where nothing is to be mixed. */
export function mixed(
  x: Float32Array,
  y: Int32Array,
  {
    size,
    channels,
    classes,
    mixup = 0,
    cutmix = 0,
    keys,
  }: MixOptions & { size: number; channels: number; classes: number; keys: readonly number[] },
): Float32Array | undefined {
  if (!mixup && !cutmix) return undefined;
  const r = random(...keys, 'mix');
  const cut = cutmix > 0 && (mixup === 0 || r.chance(0.5));
  const share = beta(cut ? cutmix : mixup, r);
  const kept = cut ? exchange(x, y.length, size, channels, share, r) : blend(x, y.length, share);
  const soft = new Float32Array(y.length * classes);
  y.forEach((label, i) => {
    soft[i * classes + label] += kept;
    soft[i * classes + y[(i + y.length - 1) % y.length]] += 1 - kept;
  });
  return soft;
}

export function checkMix({ mixup = 0, cutmix = 0 }: MixOptions): void {
  for (const [name, alpha] of Object.entries({ mixup, cutmix }))
    if (!(typeof alpha === 'number' && alpha >= 0 && Number.isFinite(alpha)))
      throw new DataError(
        'option',
        `batches: ${name} must be a number from 0 on, the alpha of its Beta distribution; it is ${JSON.stringify(alpha)}.`,
      );
}

function blend(x: Float32Array, n: number, share: number): number {
  const area = x.length / n;
  const last = x.slice((n - 1) * area);
  for (let i = n - 1; i >= 0; i--) {
    const other = i > 0 ? x.subarray((i - 1) * area, i * area) : last;
    for (let k = 0, at = i * area; k < area; k++, at++) x[at] = share * x[at] + (1 - share) * other[k];
  }
  return share;
}

/** A box of an area 1 - share, cut at the border; returns the share that is left. */
function exchange(
  x: Float32Array,
  n: number,
  size: number,
  channels: number,
  share: number,
  r: Random,
): number {
  const area = size * size * channels;
  const [cx, cy] = [r.int(size), r.int(size)];
  const half = Math.trunc(0.5 * Math.sqrt(1 - share) * size);
  const [left, top] = [Math.max(0, cx - half), Math.max(0, cy - half)];
  const [right, bottom] = [Math.min(size, cx + half), Math.min(size, cy + half)];
  const last = x.slice((n - 1) * area);
  for (let i = n - 1; i >= 0; i--) {
    const other = i > 0 ? x.subarray((i - 1) * area, i * area) : last;
    for (let row = top; row < bottom; row++) {
      const [from, to] = [(row * size + left) * channels, (row * size + right) * channels];
      x.set(other.subarray(from, to), i * area + from);
    }
  }
  return 1 - ((right - left) * (bottom - top)) / (size * size);
}

function beta(alpha: number, r: Random): number {
  const [a, b] = [gamma(alpha, r), gamma(alpha, r)];
  return a + b > 0 ? a / (a + b) : r.int(2);
}

/** Marsaglia and Tsang 2000. */
function gamma(alpha: number, r: Random): number {
  if (alpha < 1) return gamma(alpha + 1, r) * (1 - r()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r());
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - r()) < 0.5 * normal ** 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
