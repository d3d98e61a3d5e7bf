// Data: labelled images from manifests or from the embedded phantom, their splits, and batches that decode ahead.

export { open } from './manifest.js';
export { type OpenOptions } from './records.js';
export { fromFolder, type FolderOptions } from './class-folders.js';
export { type ManifestDescription } from './schema.js';
export { verify } from './check.js';
export {
  Dataset,
  type Row,
  type Film,
  type Where,
  type ImageOptions,
  type PixelSource,
  type Column,
} from './dataset.js';
export { type Description } from './summary.js';
export { merge, type MergeOptions } from './merge.js';
export { type Fit, type FitOptions, type Picture } from './picture.js';
export { type Interpolation } from './resize.js';
export { phantom, type PhantomOptions } from './phantom.js';
export { splitByPatient, splitByImage, type SplitOptions } from './split.js';
export { kFold, leaveOneSourceOut, type FoldOptions } from './folds.js';
export { loadImage } from './image.js';
export { readDicom, type DicomImage } from './dicom/image.js';
export { Volume, type Voxels, type VolumeFacts, type Triple } from './volume/volume.js';
export { windows, windowed, type Window, type WindowChoice, type WindowName } from './window.js';
export { batches, clearCache, type Batch, type BatchOptions } from './batches.js';
export { danfo, fromFrame, type DataFrame, type FrameOptions } from './frame.js';
export { DataError, type DataCode } from './errors.js';
