// Augmentations that move pixels: how each draws its map. Names, parameters and formulae are torchvision's.

import type { Random } from '../random.js';
import { blurred, gaussian } from './gaussian.js';
import { affine, boxed, mirrored, type Affine } from './matrix.js';
import type { Range } from './options.js';
import type { Augmentation, Extent, Geometric } from './types.js';

export interface Flip extends Augmentation {
  axis: 'horizontal' | 'vertical' | 'depth';
}
export interface Affinity extends Augmentation {
  degrees: Range;
  /** Fractions of width, height and depth. */
  translate: readonly [number, number, number];
  scale: Range;
  shear: readonly [x: Range, y: Range];
  tilt: Range;
}
export interface ResizedCrop extends Augmentation {
  scale: Range;
  ratio: Range;
}
export interface PlacedCrop extends Augmentation {
  padding: number;
}
export interface Elastic extends Augmentation {
  alpha: number;
  sigma: number;
}

const flip: Geometric<Flip> = {
  draw({ axis }, on) {
    const at = (['horizontal', 'vertical', 'depth'] as const).indexOf(axis) as 0 | 1 | 2;
    return { mapping: { matrix: mirrored([on.width, on.height, on.depth][at], at) }, to: on };
  },
};

const affinity: Geometric<Affinity> = {
  draw({ degrees, translate, scale, shear, tilt }, on, r) {
    const drawn: Affine = {
      angle: r(...degrees),
      translate: [on.width, on.height, on.depth].map((side, i) =>
        Math.round(r(-1, 1) * translate[i] * side),
      ) as [number, number, number],
      scale: r(...scale),
      shear: [r(...shear[0]), r(...shear[1])],
      ...(on.depth > 1 ? { tilt: [r(...tilt), r(...tilt)] as const } : {}),
    };
    return { mapping: { matrix: affine(on, drawn) }, to: on };
  },
};

/** torchvision's RandomResizedCrop.get_params: ten tries, then the middle. */
function resizedBox(
  { width, height }: Extent,
  { scale, ratio }: ResizedCrop,
  r: Random,
): Parameters<typeof boxed>[0] {
  for (let i = 0; i < 10; i++) {
    const area = width * height * r(...scale);
    const aspect = Math.exp(r(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height)
      return { left: r.int(width - w + 1), top: r.int(height - h + 1), width: w, height: h };
  }
  const own = width / height;
  const w = own > ratio[1] ? Math.round(height * ratio[1]) : width;
  const h = own < ratio[0] ? Math.round(width / ratio[0]) : height;
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

const resizedCrop: Geometric<ResizedCrop> = {
  draw(step, on, r, target) {
    const to = { width: target, height: target, depth: on.depth };
    return { mapping: { matrix: boxed(resizedBox(on, step, r), to) }, to };
  },
};

const placedCrop: Geometric<PlacedCrop> = {
  draw({ padding }, on, r, target) {
    const to = { width: target, height: target, depth: on.depth };
    const place = (side: number): number => {
      const room = side + 2 * padding - target;
      return room > 0 ? r.int(room + 1) - padding : Math.round((side - target) / 2);
    };
    const box = { left: place(on.width), top: place(on.height), width: target, height: target };
    return { mapping: { matrix: boxed(box, to) }, to };
  },
};

/** torchvision's ElasticTransform: noise from -1 to 1, blurred with sigma, times alpha / 2 pixels. */
const elastic: Geometric<Elastic> = {
  draw({ alpha, sigma }, on, r) {
    const weights = gaussian(sigma, Math.floor((8 * sigma + 1) / 2));
    const axes = on.depth > 1 ? 3 : 2;
    const field = Array.from({ length: axes }, () => {
      const noise = Float32Array.from({ length: on.width * on.height * on.depth }, () => r(-1, 1));
      return blurred(noise, on, 1, weights).map((v) => (v * alpha) / 2);
    });
    return { mapping: { field, on }, to: on };
  },
};

export const geometric: Record<string, Geometric<never>> = {
  flip,
  affine: affinity,
  crop: resizedCrop,
  randomCrop: placedCrop,
  elastic,
};

/** The steps that start from the whole picture and give a square of the wanted side. */
export const crops = (op: string): boolean => op === 'crop' || op === 'randomCrop';
