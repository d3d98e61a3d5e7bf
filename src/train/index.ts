// Training: fit, judgement on a data set, and what they leave on disk.

export { fit } from './fit.js';
export { classWeights, type FitOptions } from './options.js';
export type { EmaOptions, SwaOptions } from './averaging.js';
export { updateBatchNorms, type UpdateNormsOptions } from './norms.js';
export type { CombineRule } from './combine.js';
export { ensemble, type Ensemble } from './ensemble.js';
export {
  batchOptions,
  evaluate,
  figuresOf,
  inputs,
  isBetter,
  judge,
  predict,
  type PredictOptions,
  type Predicted,
  type Scores,
} from './evaluate.js';
export type { Figures, History, Monitor } from './history.js';
export type { View } from './views.js';
export { writePredictions } from './predictions.js';
export { crossEntropy, trainingStep, type TrainingStep } from './step.js';
export { learning } from './variables.js';
export { TrainError } from './errors.js';
