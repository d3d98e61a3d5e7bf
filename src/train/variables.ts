// The variables of a model that training changes, and the stages they belong to.

import type * as tfjs from '@tensorflow/tfjs';
import { movingNorms, stageNumbers, type Classifier } from '../models/index.js';

const valueOf = (weight: unknown): tfjs.Variable => (weight as { val: tfjs.Variable }).val;

/** Those that learn, in the order of the model's layers. */
export const learning = ({ net }: Classifier): tfjs.Variable[] => net.trainableWeights.map(valueOf);

/** Those that learn, and the running statistics that follow the batches. */
export function changing(model: Classifier): tfjs.Variable[] {
  const statistics = movingNorms(model).flatMap((norm) => norm.running().map(valueOf));
  return [...learning(model), ...statistics];
}

/** Those that learn, each with the number of its stage; what comes after the last stage, the head too, has the number after it. */
export function learningByStage(model: Classifier): Map<tfjs.Variable, number> {
  const stages = stageNumbers(model);
  return new Map(
    model.net.layers.flatMap((layer, i) =>
      layer.trainableWeights.map((weight) => [valueOf(weight), stages[i]] as const),
    ),
  );
}
