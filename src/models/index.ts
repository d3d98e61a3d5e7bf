// Models: architectures that equal torchvision's and timm's, their weights, and which part of them learns.

export { create, type CreateOptions } from './create.js';
export { list, type ListOptions } from './registry.js';
export { Classifier, type InputBatch, type InputShape, type Preprocessing } from './classifier.js';
export { type Stage } from './stages.js';
export { Checkpointed } from './checkpointing.js';
export { save, load } from './save.js';
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
export { pretrained } from './weights/imagenet.js';
export { readTorch, type StateDict, type StateTensor } from './weights/torch.js';
export { readSafetensors, writeSafetensors } from './weights/safetensors.js';
export { ModelError } from './errors.js';
