// Augmentation: steps that a pipeline is made of, `augment: [augment.flip(), augment.rotate(10), …]`. Parameters mean what they mean in torchvision.

import { DataError } from '../errors.js';
import { draw, finish } from './apply.js';
import {
  crops,
  geometric,
  type Affinity,
  type Elastic,
  type Flip,
  type PlacedCrop,
  type ResizedCrop,
} from './geometry.js';
import {
  intensity,
  type Blur,
  type Erasing,
  type Factor,
  type Gamma,
  type Noise,
  type Window,
} from './intensity.js';
import { around, factor, number, range, word, type Range } from './options.js';
import type { Augmentation, Sample } from './types.js';

export { type Augmentation, type Sample } from './types.js';
export { type Range } from './options.js';
export { draws, type DrawsOptions } from './draws.js';

interface Chance {
  /** How often it happens, 0 to 1. Default 1; flips and erasing 0.5. */
  p?: number;
}
interface Filled extends Chance {
  /** Value from 0 to 1 of what comes in from outside. Default 0. */
  fill?: number;
  /** Default 'bilinear' (three directions in volumes). */
  interpolation?: 'bilinear' | 'nearest';
}
type Spread = number | Range;

const chance = (op: string, { p = 1 }: Chance): number => number(op, 'p', p, 0, 1);
const filled = (
  op: string,
  { fill = 0, interpolation = 'bilinear' }: Filled,
): { fill: number; interpolation: string } => ({
  fill: number(op, 'fill', fill, 0, 1),
  interpolation: word(op, 'interpolation', interpolation, ['bilinear', 'nearest']),
});

/** Mirrors: left to right (default), top to bottom, or first slice to last. */
export function flip({ axis = 'horizontal', p = 0.5 }: Chance & { axis?: Flip['axis'] } = {}): Flip {
  return {
    op: 'flip',
    p: chance('flip', { p }),
    axis: word('flip', 'axis', axis, ['horizontal', 'vertical', 'depth']),
  };
}

export interface AffineOptions extends Filled {
  /** Turned by an angle drawn from [-degrees, degrees], or from a range. Default 0. */
  degrees?: Spread;
  /** Moved by at most these fractions of width, height and, in volumes, depth; one number for width and height. Default 0. */
  translate?: number | readonly number[];
  /** Factor drawn from a range. Default [1, 1]. */
  scale?: Range;
  /** Degrees along x drawn from [-shear, shear] or a range; [x0, x1, y0, y1] for both directions. Default 0. */
  shear?: Spread | readonly [number, number, number, number];
  /** Degrees about the two axes within the slices, in volumes. Default 0. */
  tilt?: Spread;
}

/** Turned, moved, scaled and sheared about the middle: torchvision's RandomAffine. */
export function affine(options: AffineOptions = {}): Affinity {
  return affinity('affine', options);
}

function affinity(name: string, options: AffineOptions): Affinity {
  const { degrees = 0, translate = 0, scale = [1, 1], shear = 0, tilt = 0 } = options;
  const sides = typeof translate === 'number' ? [translate, translate] : translate;
  if (sides.length < 2 || sides.length > 3)
    throw new DataError(
      'option',
      `augment.${name}: translate must be a number, or two or three, from 0 to 1; it is ${JSON.stringify(translate)}.`,
    );
  const [x, y, z = 0] = sides.map((v) => number(name, 'translate', v, 0, 1));
  const sheared =
    Array.isArray(shear) && shear.length === 4 ? [shear.slice(0, 2), shear.slice(2)] : [shear, 0];
  return {
    op: 'affine',
    p: chance(name, options),
    degrees: around(name, 'degrees', degrees, 360),
    translate: [x, y, z],
    scale: range(name, 'scale', scale, 0.01, 100),
    shear: [around(name, 'shear', sheared[0], 89), around(name, 'shear', sheared[1], 89)],
    tilt: around(name, 'tilt', tilt, 360),
    ...filled(name, options),
  };
}

/**
 * Turned counter-clockwise by an angle from [-degrees, degrees] or a range: RandomRotation (`affine` turns clockwise, as RandomAffine does);
 * `tilt` turns volumes about the other two axes as well.
 */
export function rotate(degrees: Spread, options: Filled & { tilt?: Spread } = {}): Affinity {
  const step = affinity('rotate', { ...options, degrees });
  return { ...step, degrees: [-step.degrees[1], -step.degrees[0]] };
}

/** Scaled by a factor from the range, about the middle. */
export const scale = (by: Range, options: Filled = {}): Affinity =>
  affinity('scale', { ...options, scale: by });

/** Sheared by degrees. */
export const shear = (degrees: NonNullable<AffineOptions['shear']>, options: Filled = {}): Affinity =>
  affinity('shear', { ...options, shear: degrees });

/** Moved by at most these fractions of the sides. */
export const translate = (by: number | readonly number[], options: Filled = {}): Affinity =>
  affinity('translate', { ...options, translate: by });

/** A box of a random area (share of the picture's) and aspect, stretched to the wanted size: RandomResizedCrop. */
export function crop({
  scale: area = [0.08, 1],
  ratio = [3 / 4, 4 / 3],
  p = 1,
}: Chance & { scale?: Range; ratio?: Range } = {}): ResizedCrop {
  if (p !== 1)
    throw new DataError(
      'option',
      `augment.crop: p must be 1, as the network takes one size only; it is ${JSON.stringify(p)}.`,
    );
  return {
    op: 'crop',
    p: 1,
    scale: range('crop', 'scale', area, 0.001, 1),
    ratio: range('crop', 'ratio', ratio, 0.01, 100),
  };
}

/** A square of the wanted size at a random place of the picture as `resize` brings it, `padding` pixels around: RandomCrop. */
export function randomCrop({ padding = 0, fill = 0 }: { padding?: number; fill?: number } = {}): PlacedCrop {
  const { fill: value } = filled('randomCrop', { fill });
  return {
    op: 'randomCrop',
    p: 1,
    padding: Math.round(number('randomCrop', 'padding', padding, 0)),
    fill: value,
  };
}

/** Bent by smooth noise: ElasticTransform. `alpha` is its strength, `sigma` its smoothness in pixels. */
export function elastic({
  alpha = 50,
  sigma = 5,
  ...options
}: Filled & { alpha?: number; sigma?: number } = {}): Elastic {
  return {
    op: 'elastic',
    p: chance('elastic', options),
    alpha: number('elastic', 'alpha', alpha, 0),
    sigma: number('elastic', 'sigma', sigma, 0.1, 100),
    ...filled('elastic', options),
  };
}

/** Values times a factor from [1 - by, 1 + by] or a range. */
export const brightness = (by: Spread, options: Chance = {}): Factor => ({
  op: 'brightness',
  p: chance('brightness', options),
  factor: factor('brightness', 'the factor', by),
});

/** Distance from the picture's mean times a factor from [1 - by, 1 + by] or a range. */
export const contrast = (by: Spread, options: Chance = {}): Factor => ({
  op: 'contrast',
  p: chance('contrast', options),
  factor: factor('contrast', 'the factor', by),
});

/** Values to the power of a number from the range. */
export const gamma = (by: Range, options: Chance = {}): Gamma => ({
  op: 'gamma',
  p: chance('gamma', options),
  gamma: range('gamma', 'the exponent', by, 0.01, 100),
});

/** Normal noise of a standard deviation, or one from a range, of values from 0 to 1. Default 0.1. */
export function noise(sigma: Spread = 0.1, options: Chance = {}): Noise {
  return {
    op: 'noise',
    p: chance('noise', options),
    sigma: range('noise', 'sigma', typeof sigma === 'number' ? [sigma, sigma] : sigma, 0, 10),
  };
}

/** Gaussian blur: `kernel` pixels wide (odd), sigma from the range. */
export function blur({
  kernel = 5,
  sigma = [0.1, 2],
  ...options
}: Chance & { kernel?: number; sigma?: Spread } = {}): Blur {
  if (!(Number.isInteger(kernel) && kernel > 0 && kernel % 2 === 1))
    throw new DataError(
      'option',
      `augment.blur: kernel must be an odd whole number above 0; it is ${JSON.stringify(kernel)}.`,
    );
  return {
    op: 'blur',
    p: chance('blur', options),
    reach: (kernel - 1) / 2,
    sigma: range('blur', 'sigma', typeof sigma === 'number' ? [sigma, sigma] : sigma, 0.01, 100),
  };
}

/** A box of a random area and aspect set to `value` (0 to 1), or to noise: RandomErasing. */
export function erasing({
  scale: area = [0.02, 0.33],
  ratio = [0.3, 3.3],
  value = 0,
  p = 0.5,
}: Chance & { scale?: Range; ratio?: Range; value?: number | 'noise' } = {}): Erasing {
  return {
    op: 'erasing',
    p: chance('erasing', { p }),
    scale: range('erasing', 'scale', area, 0, 1),
    ratio: range('erasing', 'ratio', ratio, 0.01, 100),
    value: value === 'noise' ? value : number('erasing', 'value', value, 0, 1),
  };
}

/** A window of the values is stretched to 0 to 1: centre and width from ranges, in Hounsfield units for CT, from 0 to 1 for pictures. */
export function window({ centre, width, ...options }: Chance & { centre: Spread; width: Spread }): Window {
  const pair = (v: Spread): Range => (typeof v === 'number' ? [v, v] : v);
  return {
    op: 'window',
    p: chance('window', options),
    centre: range('window', 'centre', pair(centre), -1e5, 1e5),
    width: range('window', 'width', pair(width), 1e-6, 1e6),
  };
}

/**
 * One draw of a pipeline for a picture or a volume ([depth, height, width, channels], depth 1 for a picture; its mask goes along). The same
 * keys give the same draw. `size` is the side that crops give, by default the sample's height.
 */
export function apply(
  sample: Sample,
  steps: readonly Augmentation[],
  {
    seed = 0,
    epoch = 0,
    row = 0,
    size = sample.height,
  }: { seed?: number; epoch?: number; row?: number; size?: number } = {},
): Sample {
  const own = checked(steps);
  return finish({ ...sample, pixels: sample.pixels.slice() }, draw(own, sample, size, [seed, epoch, row, 0]));
}

/** The pipeline, of which a crop may only be the first step. Throws DataError 'option' for what is no step. */
export function checked(steps: readonly Augmentation[] | { flip?: boolean } = []): readonly Augmentation[] {
  if (!Array.isArray(steps)) return (steps as { flip?: boolean }).flip ? [flip()] : [];
  (steps as Augmentation[]).forEach((step, i) => {
    const op = (step as Augmentation | undefined)?.op;
    if (typeof op !== 'string' || !(Object.hasOwn(geometric, op) || Object.hasOwn(intensity, op)))
      throw new DataError(
        'option',
        `augment: step ${i + 1} is ${JSON.stringify(step)}, no augmentation. There are augment.${[...Object.keys(geometric), 'rotate', 'scale', 'shear', 'translate', ...Object.keys(intensity)].join(', ')}; a step is what one of them returns, such as augment.rotate(10).`,
      );
    if (i > 0 && crops(op))
      throw new DataError(
        'option',
        `augment: ${op} must be the first step, as it starts from the whole picture; it is step ${i + 1}.`,
      );
  });
  return steps as readonly Augmentation[];
}
