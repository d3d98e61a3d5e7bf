// Averages of a model's weights over its training: exponential ones (EMA) and those of its last epochs (SWA).

import type * as tfjs from '@tensorflow/tfjs';
import { compile, optimizer, tf, type CompiledStep } from '../compute/index.js';
import type { Classifier, StateDict } from '../models/index.js';
import type { Refuse } from './options.js';
import { changing } from './variables.js';

export interface EmaOptions {
  /** Share of the average that stays at each step, such as 0.999. */
  decay: number;
  /** Lets the share grow to `decay` as timm's ModelEmaV3 does: 1 − (1 + step)^(−2/3). Default: false. */
  warmup?: boolean;
}

export interface SwaOptions {
  /** The first epoch whose weights count, from 1 on. */
  from: number;
  /** The learning rate from that epoch on. Default: it stays. */
  learningRate?: number;
}

export function checkEma(ema: number | EmaOptions | undefined, refuse: Refuse): void {
  const decay = typeof ema === 'object' ? ema.decay : ema;
  if (ema !== undefined && !(decay! >= 0 && decay! < 1))
    refuse('ema', ema, 'a decay from 0 up to, but not, 1');
}

export function checkSwa(swa: SwaOptions | undefined, epochs: number, refuse: Refuse): void {
  if (!swa) return;
  if (!(Number.isInteger(swa.from) && swa.from >= 1 && swa.from <= epochs))
    refuse('swa.from', swa.from, `an epoch from 1 to ${epochs}`);
  if (swa.learningRate !== undefined && !(swa.learningRate > 0))
    refuse('swa.learningRate', swa.learningRate, 'above 0');
}

/**
 * The share of the average that stays at an update; the first one takes the weights as they are.
 * @param update from 0 on
 */
export function emaDecay(update: number, { decay, warmup = false }: EmaOptions): number {
  if (update === 0) return 0;
  return warmup ? Math.min(decay, 1 - (1 + update) ** (-2 / 3)) : decay;
}

/**
 * The exponential moving average of what training changes in a model, running statistics too. An update is a step of SGD on
 * the averages, with 1 − decay as the rate and their distance from the weights as the gradient: one TensorFlow function.
 */
export class Ema {
  private readonly averages = new Map<tfjs.Variable, tfjs.Variable>();
  private readonly rule = optimizer('sgd', { learningRate: 1 });
  private readonly options: EmaOptions;
  private step?: CompiledStep;
  private updates = 0;

  constructor(
    private readonly model: Classifier,
    options: number | EmaOptions,
  ) {
    this.options = typeof options === 'number' ? { decay: options } : options;
  }

  /** Another part of the model learns from now on. */
  follow(): void {
    for (const v of changing(this.model))
      if (!this.averages.has(v))
        this.averages.set(
          v,
          tf.tidy(() => tf.variable(tf.clone(v), false)),
        );
    this.step?.dispose();
    const weights = [...this.averages.keys()];
    const averages = [...this.averages.values()];
    this.step = compile(
      (...scalars) => {
        const distances = averages.map((average, i) => tf.sub(average, weights[i]));
        this.rule.apply(averages, distances, scalars as tfjs.Scalar[]);
        return [];
      },
      { prepared: true },
    );
  }

  /** After a step of training. */
  update(): void {
    this.rule.learningRate = 1 - emaDecay(this.updates++, this.options);
    const scalars = this.rule.begin();
    this.step!.run(scalars);
    tf.dispose(scalars);
  }

  /** Does something while the model has the averaged weights. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    this.exchange();
    try {
      return await work();
    } finally {
      this.exchange();
    }
  }

  private exchange(): void {
    tf.tidy(() => {
      for (const [weight, average] of this.averages) {
        const [w, a] = [tf.clone(weight), tf.clone(average)];
        weight.assign(a);
        average.assign(w);
      }
    });
  }

  dispose(): void {
    this.step?.dispose();
    this.rule.dispose();
    tf.dispose([...this.averages.values()]);
    this.averages.clear();
  }
}

/** The mean of a model's weights at the ends of epochs. */
export class Swa {
  private mean?: StateDict;
  private count = 0;

  get epochs(): number {
    return this.count;
  }

  add(model: Classifier): void {
    const state = model.stateDict();
    this.count++;
    this.mean ??= state;
    for (const [name, { data }] of this.mean) {
      const now = state.get(name)!.data;
      for (let i = 0; i < data.length; i++) data[i] += (now[i] - data[i]) / this.count;
    }
  }

  /** Gives the model the mean; the statistics of its batch norms are to be computed again. */
  load(model: Classifier): void {
    if (this.mean) model.loadState(this.mean);
  }
}
