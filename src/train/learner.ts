// What changes a model in training: the optimiser and its step, which is made anew where another part begins to learn.

import type * as tfjs from '@tensorflow/tfjs';
import { optimizer, tf, type Optimizer, type Precision } from '../compute/index.js';
import { unfreeze, type Classifier } from '../models/index.js';
import { Ema } from './averaging.js';
import { TrainError } from './errors.js';
import { classWeights, type Cleaned } from './options.js';
import { trainingStep, type TrainingStep } from './step.js';
import { learning, learningByStage } from './variables.js';

export class Learner implements TrainingStep {
  private readonly rule: Optimizer;
  private readonly weights?: tfjs.Tensor1D;
  private readonly ema?: Ema;
  private readonly known = new Set<tfjs.Variable>();
  private step?: TrainingStep;

  constructor(
    private readonly model: Classifier,
    private readonly o: Cleaned,
    private readonly precision: Precision,
  ) {
    const weights = classWeights(o.train, o.classWeights);
    this.rule = optimizer(o.optimizer, { learningRate: o.learningRate, weightDecay: o.weightDecay });
    this.weights = weights && tf.tensor1d(weights);
    this.ema = o.ema === undefined ? undefined : new Ema(model, o.ema);
  }

  /** Call it before an epoch's first step. */
  startEpoch(epoch: number): void {
    const { model, o } = this;
    const changed = applyDegree(model, o, epoch);
    if (o.swa?.learningRate && epoch === o.swa.from) this.rule.learningRate = o.swa.learningRate;
    if (this.step && !changed) return;
    this.group();
    this.step?.dispose();
    this.step = trainingStep(model, learning(model), this.rule, {
      weights: this.weights,
      precision: this.precision,
      checkpointing: o.checkpointing,
      onEager: (why) => process.stderr.write(`The steps run op by op, which is slower: ${why}.\n`),
    });
    this.ema?.follow();
  }

  /** Variables that begin to learn: a group of the optimiser for each rate. */
  private group(): void {
    const last = this.model.stages.length;
    const groups = new Map<number, tfjs.Variable[]>();
    for (const [variable, stage] of learningByStage(this.model)) {
      if (this.known.has(variable)) continue;
      this.known.add(variable);
      const rate = rateOf(stage, last, this.o.stageRates);
      groups.set(rate, [...(groups.get(rate) ?? []), variable]);
    }
    for (const [rate, variables] of groups) this.rule.addGroup(variables, { rate });
  }

  run(...given: Parameters<TrainingStep['run']>): ReturnType<TrainingStep['run']> {
    const result = this.step!.run(...given);
    this.ema?.update();
    return result;
  }

  /** Judges the model as it is kept: with averaged weights where they are asked for. */
  judged<T>(work: () => Promise<T>): Promise<T> {
    return this.ema ? this.ema.within(work) : work();
  }

  dispose(): void {
    this.step?.dispose();
    this.ema?.dispose();
    this.rule.dispose();
    this.weights?.dispose();
  }
}

/** Lets learn what the epoch is to begin with. @returns whether that changes anything */
export function applyDegree(
  model: Classifier,
  { unfreeze: degrees, batchNorm }: Cleaned,
  epoch: number,
): boolean {
  const degree = degrees?.[epoch];
  if (degree !== undefined) unfreeze(model, degree, { batchNorm });
  return degree !== undefined;
}

function rateOf(stage: number, last: number, rates: Cleaned['stageRates'] = 1): number {
  const rate = typeof rates === 'function' ? rates(stage, last) : rates ** (stage - last);
  if (Number.isFinite(rate) && rate >= 0) return rate;
  throw new TrainError(
    'option',
    `stageRates gives ${rate} for stage ${stage} of ${last}; it must give a number from 0 on.`,
  );
}
