// Slices of a volume: planes through it, and pictures for networks in two dimensions.

import { DataError } from '../errors.js';
import { fitted, type FitOptions } from '../picture.js';
import { resize } from '../resize.js';
import { fullWindow, windowed, type WindowChoice } from '../window.js';
import type { Volume, VoxelArray } from './volume.js';

/** Axial slices lie across the body, coronal ones face it, sagittal ones part left from right (in a volume oriented 'LPS'). */
export type Plane = 'axial' | 'coronal' | 'sagittal';

/** Which slices: this many evenly spaced, every k-th, or the ones with these indices. */
export interface SlicePick {
  /** Evenly spaced, each in the middle of its share of the volume. */
  count?: number;
  /** Every k-th, from the middle of the first k on. */
  every?: number;
  at?: 'middle' | number | readonly number[];
}

export interface SliceOptions extends SlicePick, Partial<FitOptions> {
  /** Default: all values, from the least to the greatest of the volume. */
  window?: WindowChoice;
  plane?: Plane;
}

/** A slice as a picture. */
export interface Slice {
  /** [height, width], 8 bits. */
  pixels: Uint8Array;
  width: number;
  height: number;
  /** Which slice of the volume. */
  index: number;
  caption: string;
}

const axes: Record<Plane, 0 | 1 | 2> = { axial: 0, coronal: 1, sagittal: 2 };

/** The indices that are meant, of `length` slices. Throws DataError 'option'. */
export function pick({ count, every, at }: SlicePick, length: number): number[] {
  const whole = (name: string, value: number): number => {
    if (Number.isInteger(value) && value > 0) return value;
    throw new DataError('option', `slices: ${name} must be a whole number above 0, not ${value}.`);
  };
  if ([count, every, at].filter((v) => v !== undefined).length > 1)
    throw new DataError('option', 'slices: say one of count, every and at.');
  if (count !== undefined) {
    const n = Math.min(length, whole('count', count));
    return Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * length) / n));
  }
  if (at === undefined) {
    const step = whole('every', every ?? 1);
    const first = Math.min(length - 1, Math.floor((step - 1) / 2));
    return Array.from({ length: Math.ceil((length - first) / step) }, (_, i) => first + i * step);
  }
  const list = at === 'middle' ? [Math.floor(length / 2)] : [at].flat();
  for (const index of list)
    if (!(Number.isInteger(index) && index >= 0 && index < length))
      throw new DataError(
        'option',
        `slices: there is no slice ${index}; they are numbered 0 to ${length - 1}.`,
      );
  return list;
}

/** One plane of the volume, head and front up. Throws DataError 'option' where there is none of that number. */
export function planeOf(
  volume: Volume,
  plane: Plane,
  index: number,
): { data: VoxelArray; height: number; width: number } {
  const [depth, height, width] = volume.shape;
  pick({ at: index }, volume.shape[axes[plane]]);
  const { data } = volume;
  if (plane === 'axial')
    return { data: data.slice(index * height * width, (index + 1) * height * width), height, width };
  const across = plane === 'coronal' ? width : height;
  const step = plane === 'coronal' ? 1 : width;
  const first = plane === 'coronal' ? index * width : index;
  const out = new (data.constructor as new (n: number) => VoxelArray)(depth * across);
  for (let z = 0; z < depth; z++) {
    let from = (depth - 1 - z) * height * width + first;
    for (let i = 0; i < across; i++, from += step) out[z * across + i] = data[from];
  }
  return { data: out, height: depth, width: across };
}

export function pickSlices(
  volume: Volume,
  { window, plane = 'axial', size, fit = 'contain', resize: shorter, interpolation, ...which }: SliceOptions,
): Slice[] {
  const axis = axes[plane];
  const chosen = window ?? fullWindow(volume.data);
  const [down, across] = [0, 1, 2].filter((i) => i !== axis).map((i) => volume.spacing[i]);
  const fine = Math.min(down, across);
  return pick(which, volume.shape[axis]).map((index) => {
    const { data, ...from } = planeOf(volume, plane, index);
    const square = {
      width: Math.max(1, Math.round((from.width * across) / fine)),
      height: Math.max(1, Math.round((from.height * down) / fine)),
    };
    const pixels = resize(windowed(data, chosen), from, square);
    const caption = `${plane} ${index + 1} of ${volume.shape[axis]}`;
    if (size === undefined) return { pixels, ...square, index, caption };
    const whole = { pixels, ...square, channels: 1 as const };
    const options = { size, fit, resize: shorter, interpolation };
    return { pixels: fitted(whole, options).pixels, width: size, height: size, index, caption };
  });
}
