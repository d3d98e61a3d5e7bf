// A network as a source of features: what some of its layers give, beside the logits.

import type * as tfjs from '@tensorflow/tfjs';
import { compile, tf, type CompiledStep } from '../compute/index.js';
import type { Classifier, InputBatch } from './classifier.js';
import { ModelError } from './errors.js';

export interface FeatureOptions {
  /** Names of layers or stages. Default: the model's own `taps`. */
  taps?: readonly string[];
}

/** Gives the outputs of layers by name, as a TensorFlow function for each shape of input. */
export class Features {
  readonly taps: readonly string[];
  private readonly step: CompiledStep;
  /** The network that the function was made of: a new head makes another one. */
  private readonly net: tfjs.LayersModel;

  constructor(
    private readonly model: Classifier,
    taps: readonly string[],
  ) {
    for (const name of taps) model.layer(name);
    this.taps = [...taps];
    this.net = model.net;
    this.step = compile(
      (x) => {
        const { taps, logits } = model.tap(x as InputBatch, this.taps);
        return [...taps, logits];
      },
      { prepared: true },
    );
  }

  /**
   * The outputs for a batch, by the names that were asked for, and `logits`; the caller disposes them.
   * @param x `[batch, …inputShape]`, preprocessed
   * @throws ModelError `option` where the model got another head since
   */
  run(x: InputBatch): Record<string, tfjs.Tensor> {
    if (this.model.net !== this.net)
      throw new ModelError(
        'option',
        `${this.model.name} got another head since these features were asked for; ask models.features again.`,
      );
    const outputs = this.step.run([x]);
    return Object.fromEntries([...this.taps, 'logits'].map((name, i) => [name, outputs[i]]));
  }

  /** Features of many pictures, in batches: a tensor for each tap, on the batch axis one after another. */
  collect(x: InputBatch, { batch = 32 }: { batch?: number } = {}): Record<string, tfjs.Tensor> {
    const parts: Record<string, tfjs.Tensor>[] = [];
    for (let i = 0; i < x.shape[0]; i += batch) {
      const part = tf.slice(x, i, Math.min(batch, x.shape[0] - i)) as InputBatch;
      parts.push(this.run(part));
      part.dispose();
    }
    const all = Object.keys(parts[0]).map((name) => [name, tf.concat(parts.map((p) => p[name]))] as const);
    tf.dispose(parts);
    return Object.fromEntries(all);
  }

  dispose(): void {
    this.step.dispose();
  }
}

/**
 * What layers of a model give, beside its logits: `features(model, { taps: ['stage3', 'layer4.1.out'] }).run(x)`.
 * @throws ModelError `unknown-layer` with the nearest names; `option` when there is nothing to tap
 */
export function features(model: Classifier, { taps = model.taps }: FeatureOptions = {}): Features {
  if (!taps.length)
    throw new ModelError(
      'option',
      `taps is empty; name layers or stages of ${model.name}: ${model.stageInfo.map((s) => s.name).join(', ')}.`,
    );
  return new Features(model, taps);
}
