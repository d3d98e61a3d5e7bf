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
import type { InputBatch } from './classifier.js';
import { BatchNorm, Conv2d, type Filters } from './layers.js';
import { inputNames, isInput, layerwise, outputName } from './layerwise.js';

/** After so many batches of a shape with the same weights it pays to compile them in. */
const enough = 8;

/**
 * Scores batches with a network. A shape runs as a TensorFlow function that is given the weights; once several batches
 * came with the same ones, as a function with batch norm folded into the convolutions, their filters as constants, and
 * the activations after them fused.
 */
export class Scoring {
  private readonly steps = new Map<Precision, { plain: CompiledStep; fixed: CompiledStep }>();
  private readonly pairs: Map<Conv2d, BatchNorm>;
  /** What the function with constants is traced with. */
  private folded?: Map<Conv2d, Filters>;
  /** Whether a network with these weights can be fused, which hides what isn't a number. */
  private finite = true;
  /** The weights that batches were last scored with, and how many of each shape. */
  private weights = '';
  private readonly seen = new Map<string, number>();

  /** @param classifies whether the network gives logits, which become probabilities */
  constructor(
    private readonly net: tfjs.LayersModel,
    private readonly classifies = true,
  ) {
    this.pairs = pairs(net);
  }

  private step(precision: Precision): { plain: CompiledStep; fixed: CompiledStep } {
    let step = this.steps.get(precision);
    if (!step) {
      const options = { prepared: true, precision };
      const score = (y: tfjs.Tensor): tfjs.Tensor => (this.classifies ? tf.softmax(y) : tf.clone(y));
      step = {
        plain: compile((x) => [score(this.net.apply(x, { training: false }) as tfjs.Tensor)], options),
        fixed: compile((x) => [score(onlyFinite(x, this.run(x)))], { ...options, fuse: true }),
      };
      this.steps.set(precision, step);
    }
    return step;
  }

  /**
   * @param often whether there will be many batches of this shape, so that the weights are compiled in at once
   * @returns probabilities, `[batch, classes]`
   */
  scores(x: InputBatch, precision: Precision = 'float32', often = false): tfjs.Tensor2D {
    const { plain, fixed } = this.step(precision);
    const shape = [precision, ...x.shape].join();
    const weights = stamp(this.net.weights.map((w) => (w as unknown as { val: tfjs.Variable }).val));
    if (weights !== this.weights) {
      this.seen.clear();
      for (const step of this.steps.values()) step.fixed.dispose();
      this.weights = weights;
      this.finite = true;
    }
    const before = this.seen.get(shape) ?? 0;
    const count = often && before < enough ? enough : before + 1;
    this.seen.set(shape, count);
    if (count === enough && this.finite) {
      this.finite = this.net.weights.every((w) => w.read().dataSync().every(Number.isFinite));
      if (this.finite) this.folded = this.fold();
    }
    if (count < enough || !weights || !this.finite) return plain.run([x])[0] as tfjs.Tensor2D;
    try {
      return fixed.run([x])[0] as tfjs.Tensor2D;
    } finally {
      this.folded = undefined;
    }
  }

  /** Which precision scores batches like this one more quickly. */
  trial(x: InputBatch, coarse: Precision, signal?: AbortSignal): Promise<Trial> {
    return trial((precision) => this.scores(x, precision, true).dispose(), coarse, signal);
  }

  private fold(): Map<Conv2d, Filters> {
    const out = new Map<Conv2d, Filters>();
    for (const layer of this.net.layers) if (layer instanceof Conv2d) out.set(layer, layer.values());
    for (const [conv, norm] of this.pairs) {
      const { scale, shift } = norm.affine();
      const { weight, bias } = out.get(conv)!;
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
      if (folded) return (layer as Conv2d).convolve(given as tfjs.Tensor4D, folded);
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

/** The logits of a batch; NaN for the films that have a value that isn't finite. */
function onlyFinite(x: tfjs.Tensor, logits: tfjs.Tensor): tfjs.Tensor {
  const finite = tf.isFinite(tf.mean(tf.reshape(x, [x.shape[0], -1]), 1));
  return tf.where(tf.expandDims(finite, 1), logits, NaN);
}

/** Convolutions whose only reader is a batch norm, with it. */
function pairs(net: tfjs.LayersModel): Map<Conv2d, BatchNorm> {
  const readers = new Map<string, tfjs.layers.Layer[]>();
  for (const layer of net.layers)
    if (!isInput(layer))
      for (const name of inputNames(layer)) readers.set(name, [...(readers.get(name) ?? []), layer]);
  const out = new Map<Conv2d, BatchNorm>();
  for (const layer of net.layers) {
    const [reader, ...others] = readers.get(outputName(layer)) ?? [];
    if (layer instanceof Conv2d && reader instanceof BatchNorm && !others.length) out.set(layer, reader);
  }
  return out;
}
