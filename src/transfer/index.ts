// Transfer: how much of a trained network is learnt anew, what its features carry, and by which way it comes to a task.

export {
  freeze,
  replaceHead,
  unfreeze,
  type Degree,
  type FreezeOptions,
  type Keep,
} from '../models/index.js';
export { clearFeatures, features, type FeatureOptions, type Features } from './features.js';
export { linearProbe, type Probe, type ProbeOptions } from './probe.js';
export { knn, type KnnOptions } from './knn.js';
export type { Judged, Parts } from './parts.js';
export { sweep, type Sweep, type SweepOptions, type SweepRun } from './sweep.js';
export { twice, type Training, type Twice, type TwiceOptions } from './twice.js';
export { TransferError } from './errors.js';
