// Training: fit, judgement on a data set, and what they leave on disk.

export { fit, classWeights, type FitOptions, type Monitor } from './fit.js';
export { evaluate, inputs, predict, type PredictOptions, type Scores } from './evaluate.js';
export { type History } from './history.js';
export { writePredictions } from './predictions.js';
export { crossEntropy, learning, trainingStep, type TrainingStep } from './step.js';
export { TrainError } from './errors.js';
