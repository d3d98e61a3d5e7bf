// Probabilities of batches, as quickly as TensorFlow can give them.

import type * as tfjs from '@tensorflow/tfjs';
import {
  compile,
  stamp,
  tf,
  trial,
  type CompiledStep,
  type Precision,
  type Trial,
} from '../compute/index.js';
import { BatchNorm2d, Conv2d } from './layers.js';
import { inputNames, isInput, layerwise, outputName } from './layerwise.js';

/** A convolution with the batch norm after it as one: filters and bias. */
interface Folded {
  weight: Float32Array;
  bias: Float32Array;
}

/** After so many batches of a shape with the same weights it pays to compile them in. */
const enough = 8;

/**
 * Scores batches with a network. A shape runs as a TensorFlow function that is given the weights; once several batches
 * came with the same ones, as a function with batch norm folded into the convolutions and their filters as constants.
 */
export class Scoring {
  private readonly steps = new Map<Precision, { plain: CompiledStep; fixed: CompiledStep }>();
  private readonly pairs: Map<Conv2d, BatchNorm2d>;
  /** What the function with constants is traced with. */
  private folded?: Map<Conv2d, Folded>;
  /** The weights that batches were last scored with, and how many of each shape. */
  private weights = '';
  private readonly seen = new Map<string, number>();

  constructor(private readonly net: tfjs.LayersModel) {
    this.pairs = pairs(net);
  }

  private step(precision: Precision): { plain: CompiledStep; fixed: CompiledStep } {
    let step = this.steps.get(precision);
    if (!step) {
      const options = { prepared: true, precision };
      step = {
        plain: compile((x) => [tf.softmax(this.net.apply(x, { training: false }) as tfjs.Tensor)], options),
        fixed: compile((x) => [tf.softmax(this.run(x))], options),
      };
      this.steps.set(precision, step);
    }
    return step;
  }

  /**
   * @param often whether there will be many batches of this shape, so that the weights are compiled in at once
   * @returns probabilities, `[batch, classes]`
   */
  scores(x: tfjs.Tensor4D, precision: Precision = 'float32', often = false): tfjs.Tensor2D {
    const { plain, fixed } = this.step(precision);
    const shape = [precision, ...x.shape].join();
    const weights = stamp(this.net.weights.map((w) => (w as unknown as { val: tfjs.Variable }).val));
    if (weights !== this.weights) {
      this.seen.clear();
      for (const step of this.steps.values()) step.fixed.dispose();
      this.weights = weights;
    }
    const before = this.seen.get(shape) ?? 0;
    const count = often && before < enough ? enough : before + 1;
    this.seen.set(shape, count);
    if (count < enough || !weights) return plain.run([x])[0] as tfjs.Tensor2D;
    if (count === enough) this.folded = this.fold();
    try {
      return fixed.run([x])[0] as tfjs.Tensor2D;
    } finally {
      this.folded = undefined;
    }
  }

  /** Which precision scores batches like this one more quickly. */
  trial(x: tfjs.Tensor4D, signal?: AbortSignal): Promise<Trial> {
    return trial((precision) => this.scores(x, precision, true).dispose(), signal);
  }

  private fold(): Map<Conv2d, Folded> {
    const out = new Map<Conv2d, Folded>();
    for (const [conv, norm] of this.pairs) {
      const { scale, shift } = norm.affine();
      const { weight, bias } = conv.values();
      const filters = scale.length;
      // [height, width, channels, filters] of a dense and [height, width, channels, multiplier] of a depthwise convolution end alike
      const w = weight.map((v, i) => v * scale[i % filters]);
      const b = shift.map((v, i) => v + (bias ? bias[i] * scale[i] : 0));
      out.set(conv, { weight: w, bias: b });
    }
    return out;
  }

  /** The network with constants in the place of folded convolutions. */
  private run(x: tfjs.Tensor): tfjs.Tensor {
    const norms = new Set<tfjs.layers.Layer>(this.pairs.values());
    return layerwise(this.net.layers, { name: this.net.inputs[0].name, value: x }, (layer, given) => {
      const folded = this.folded?.get(layer as Conv2d);
      if (folded) return (layer as Conv2d).convolve(given as tfjs.Tensor4D, folded.weight, folded.bias);
      return norms.has(layer)
        ? (given as tfjs.Tensor)
        : (layer.call(given, { training: false }) as tfjs.Tensor);
    });
  }

  dispose(): void {
    for (const { plain, fixed } of this.steps.values()) {
      plain.dispose();
      fixed.dispose();
    }
    this.seen.clear();
    this.weights = '';
  }
}

/** Convolutions whose only reader is a batch norm, with it. */
function pairs(net: tfjs.LayersModel): Map<Conv2d, BatchNorm2d> {
  const readers = new Map<string, tfjs.layers.Layer[]>();
  for (const layer of net.layers)
    if (!isInput(layer))
      for (const name of inputNames(layer)) readers.set(name, [...(readers.get(name) ?? []), layer]);
  const out = new Map<Conv2d, BatchNorm2d>();
  for (const layer of net.layers) {
    const [reader, ...others] = readers.get(outputName(layer)) ?? [];
    if (layer instanceof Conv2d && reader instanceof BatchNorm2d && !others.length) out.set(layer, reader);
  }
  return out;
}
