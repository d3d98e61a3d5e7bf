// Grad-CAM (Selvaraju et al. 2017): where in a film a class gets its logit from.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import type { Classifier } from '../models/index.js';
import { ExplainError } from './errors.js';

export interface GradCamOptions {
  /** The layer whose maps are weighed. Default: the last feature map. */
  layer?: string;
  /** Class index or name, one for all films or one each. Default: the class predicted for each film. */
  target?: number | string | Array<number | string>;
}

export interface Cam {
  /** `[height × width]`, at least 0, as the formula gives it. */
  map: Float32Array;
  height: number;
  width: number;
  /** The class it explains, and that class's probability. */
  target: number;
  probability: number;
}

/**
 * Grad-CAM of each film of a batch: the layer's maps, weighed by the mean gradient of the class's logit, summed, negatives cut.
 * @param x `[batch, height, width, channels]`, preprocessed
 * @throws ExplainError `target`; ModelError `unknown-layer`
 */
export function gradCam(model: Classifier, x: tfjs.Tensor4D, options: GradCamOptions = {}): Cam[] {
  const layer = model.layer(options.layer ?? model.featureMap).name;
  const n = x.shape[0];
  const { shape, logits } = tf.tidy(() => {
    const { taps, logits } = model.tap(x, [layer]);
    return { shape: taps[0].shape, logits: tf.softmax(logits).arraySync() as number[][] };
  });
  if (shape.length !== 4)
    throw new ExplainError(
      'layer',
      `${layer} of ${model.name} gives ${shape.length - 1} axes; Grad-CAM needs maps [height, width, channels].`,
    );
  const best = (row: number[]): number => row.indexOf(Math.max(...row));
  const targets = Array.from({ length: n }, (_, i) => {
    const t = Array.isArray(options.target) ? options.target[i] : options.target;
    return t === undefined ? best(logits[i]) : classIndex(model, t);
  });
  const maps = tf.tidy(() => {
    const select = tf.cast(tf.oneHot(tf.tensor1d(targets, 'int32'), model.classes.length), 'float32');
    let features!: tfjs.Tensor;
    // the gradient with respect to something added to the maps is the gradient with respect to the maps
    const gradient = tf.grad((delta: tfjs.Tensor) =>
      tf.sum(
        tf.mul(
          model.run(x, (name, y) => {
            if (name !== layer) return y;
            features = tf.keep(tf.clone(y));
            return tf.add(y, delta);
          }),
          select,
        ),
      ),
    )(tf.zeros(shape));
    const weights = tf.mean(gradient, [1, 2], true);
    const cam = tf.relu(tf.sum(tf.mul(features, weights), 3));
    features.dispose();
    return cam.dataSync() as Float32Array;
  });
  const [, height, width] = shape;
  return targets.map((target, i) => ({
    map: maps.slice(i * height * width, (i + 1) * height * width),
    height,
    width,
    target,
    probability: logits[i][target],
  }));
}

function classIndex(model: Classifier, target: number | string): number {
  const index = typeof target === 'string' ? model.classes.indexOf(target) : target;
  if (Number.isInteger(index) && index >= 0 && index < model.classes.length) return index;
  throw new ExplainError(
    'target',
    `There is no class ${JSON.stringify(target)}; ${model.name} knows ${model.classes.slice(0, 20).join(', ')}.`,
  );
}

/** A map scaled so that its largest value is 1; a map of zeros stays. */
export function normalise(map: Float32Array): Float32Array {
  const max = map.reduce((a, b) => Math.max(a, b), 0);
  return max > 0 ? map.map((v) => v / max) : map.slice();
}

/** A film with a map to be laid over it, scaled to a largest value of 1: what `plot.cam` shows. */
export function overlay<F extends object>(
  film: F,
  cam: Cam,
): F & { cam: Float32Array; camWidth: number; camHeight: number } {
  return { ...film, cam: normalise(cam.map), camWidth: cam.width, camHeight: cam.height };
}

/**
 * How much of a map's mass lies within a lesion, both brought to the mask's size by bilinear interpolation.
 * @param mask `[size × size]`, 1 where the lesion is
 * @returns share of the mass, and whether the map's peak lies in the lesion; NaN and false without lesion or mass
 */
export function onLesion(
  cam: Cam,
  mask: Uint8Array,
  size: number,
): { mass: number; peak: boolean; area: number } {
  const big = resize(cam.map, cam.height, cam.width, size, size);
  let inside = 0;
  let all = 0;
  let best = 0;
  let area = 0;
  big.forEach((v, i) => {
    all += v;
    area += mask[i];
    if (mask[i]) inside += v;
    if (v > big[best]) best = i;
  });
  return {
    mass: all > 0 && area > 0 ? inside / all : NaN,
    peak: all > 0 && mask[best] === 1,
    area: area / mask.length,
  };
}

/** Bilinear resizing of one map, pixel centres aligned. */
export function resize(map: Float32Array, h: number, w: number, height: number, width: number): Float32Array {
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const v = Math.min(h - 1, Math.max(0, ((y + 0.5) * h) / height - 0.5));
    const y0 = Math.floor(v);
    const y1 = Math.min(h - 1, y0 + 1);
    for (let x = 0; x < width; x++) {
      const u = Math.min(w - 1, Math.max(0, ((x + 0.5) * w) / width - 0.5));
      const x0 = Math.floor(u);
      const x1 = Math.min(w - 1, x0 + 1);
      const top = map[y0 * w + x0] * (1 - u + x0) + map[y0 * w + x1] * (u - x0);
      const low = map[y1 * w + x0] * (1 - u + x0) + map[y1 * w + x1] * (u - x0);
      out[y * width + x] = top * (1 - v + y0) + low * (v - y0);
    }
  }
  return out;
}
