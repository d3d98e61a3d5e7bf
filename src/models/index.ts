// Models: architectures that equal torchvision's and timm's, their weights, and which part of them learns.

export { create, type CreateOptions } from './create.js';
export { list, type ListOptions } from './registry.js';
export { Classifier, type InputBatch, type InputShape, type Preprocessing } from './classifier.js';
export { type Stage } from './stages.js';
export { features, Features, type FeatureOptions } from './features.js';
export { summary, Summary, type SummaryOptions, type SummaryRow } from './summary.js';
export { type Pool } from './builder.js';
export { Checkpointed } from './checkpointing.js';
export { save } from './save.js';
export { load, type Loaded, type LoadOptions } from './load.js';
export { exportTo, type Exported, type ExportFormat, type ExportOptions } from './export.js';
export {
  firstOf,
  freeze,
  movingNorms,
  stageNumbers,
  unfreeze,
  type Degree,
  type FreezeOptions,
} from './freezing.js';
export { keptNeurons, replaceHead, type Keep, type ReplaceHeadOptions } from './transfer.js';
export { pretrained, type PublishedWeights } from './weights/published/registry.js';
export { weights, type WeightsTable } from './weights/published/table.js';
export { type StateDict, type StateTensor } from './weights/stored.js';
export { readKeras, readSafetensors, readTorch, readWeights } from './weights/read.js';
export { writeSafetensors } from './weights/safetensors.js';
export { MisfitError, ModelError, type Misfits } from './errors.js';
