// The maps of an intermediate layer, ready to be drawn.

import type * as tfjs from '@tensorflow/tfjs';
import type { Classifier } from '../models/index.js';

export interface ActivationMaps {
  layer: string;
  /** `[height, width, channels]`, row-major. */
  data: Float32Array;
  height: number;
  width: number;
  channels: number;
}

/**
 * What a layer shows for one film.
 * @param x `[1, height, width, channels]`, preprocessed
 * @throws ModelError `unknown-layer`
 */
export function activationMaps(model: Classifier, x: tfjs.Tensor4D, layer: string): ActivationMaps {
  const { taps, logits } = model.tap(x, [layer]);
  const [, height, width, channels] = taps[0].shape as [number, number, number, number];
  const data = (taps[0].dataSync() as Float32Array).slice(0, height * width * channels);
  taps[0].dispose();
  logits.dispose();
  return { layer, data, height, width, channels };
}
