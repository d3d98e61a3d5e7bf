// Augmentations that change values, in place: how each does it to values from 0 to 1. Names, parameters and formulae are torchvision's.

import { blurred, gaussian } from './gaussian.js';
import type { Range } from './options.js';
import type { Augmentation, Intensity } from './types.js';

export interface Factor extends Augmentation {
  factor: Range;
}
export interface Noise extends Augmentation {
  sigma: Range;
}
export interface Blur extends Augmentation {
  sigma: Range;
  reach: number;
}
export interface Gamma extends Augmentation {
  gamma: Range;
}
export interface Erasing extends Augmentation {
  scale: Range;
  ratio: Range;
  value: number | 'noise';
}
export interface Window extends Augmentation {
  centre: Range;
  width: Range;
}

const unit = (v: number): number => (v < 0 ? 0 : v > 1 ? 1 : v);

const each = (x: Float32Array, f: (v: number) => number): void => {
  for (let i = 0; i < x.length; i++) x[i] = unit(f(x[i]));
};

/** v · f */
const brightness: Intensity<Factor> = {
  change({ factor }, { pixels }, r) {
    const f = r(...factor);
    each(pixels, (v) => v * f);
  },
};

/** v · f + m · (1 - f), m the mean of the grey picture */
const contrast: Intensity<Factor> = {
  change({ factor }, { pixels, channels }, r) {
    const f = r(...factor);
    const share = channels === 3 ? [0.2989, 0.587, 0.114] : [1];
    let sum = 0;
    for (let i = 0; i < pixels.length; i++) sum += share[i % share.length] * pixels[i];
    const mean = (sum * share.length) / pixels.length;
    each(pixels, (v) => v * f + mean * (1 - f));
  },
};

/** v^γ */
const gamma: Intensity<Gamma> = {
  change(step, { pixels }, r) {
    const g = r(...step.gamma);
    each(pixels, (v) => v ** g);
  },
};

/** v + n, n normal with deviation sigma */
const noise: Intensity<Noise> = {
  change({ sigma }, { pixels }, r) {
    const s = r(...sigma);
    each(pixels, (v) => v + s * r.normal());
  },
};

const blur: Intensity<Blur> = {
  change({ sigma, reach }, sample, r) {
    const weights = gaussian(r(...sigma), reach);
    sample.pixels.set(blurred(sample.pixels, sample, sample.channels, weights));
  },
};

/** A box, through all slices of a volume, is set to a value: torchvision's RandomErasing.get_params. */
const erasing: Intensity<Erasing> = {
  change({ scale, ratio, value }, { pixels, width, height, depth, channels }, r) {
    for (let i = 0; i < 10; i++) {
      const area = width * height * r(...scale);
      const aspect = Math.exp(r(Math.log(ratio[0]), Math.log(ratio[1])));
      const h = Math.round(Math.sqrt(area * aspect));
      const w = Math.round(Math.sqrt(area / aspect));
      if (!(h < height && w < width)) continue;
      const [top, left] = [r.int(height - h + 1), r.int(width - w + 1)];
      for (let z = 0; z < depth; z++)
        for (let y = top; y < top + h; y++) {
          const from = ((z * height + y) * width + left) * channels;
          const to = from + w * channels;
          if (value === 'noise') for (let at = from; at < to; at++) pixels[at] = r();
          else pixels.fill(value, from, to);
        }
      return;
    }
  },
};

/** (v - centre) / width + 1/2: the grey scale is stretched over a window of the values, Hounsfield units or 0 to 1. */
const window: Intensity<Window> = {
  change(step, { pixels }, r) {
    const [centre, width] = [r(...step.centre), r(...step.width)];
    each(pixels, (v) => (v - centre) / width + 0.5);
  },
};

export const intensity: Record<string, Intensity<never>> = {
  brightness,
  contrast,
  gamma,
  noise,
  blur,
  erasing,
  window,
};
