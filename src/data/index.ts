// Data: labelled images from manifests or from the embedded phantom, their splits, and batches that decode ahead.

export { open, type OpenOptions } from './manifest.js';
export { type ManifestDescription } from './schema.js';
export { verify } from './check.js';
export {
  Dataset,
  type Row,
  type Film,
  type Where,
  type Fit,
  type ImageOptions,
  type PixelSource,
  type Volume,
  type Description,
} from './dataset.js';
export { phantom, type PhantomOptions } from './phantom.js';
export { splitByPatient, type SplitOptions } from './split.js';
export { loadImage } from './image.js';
export { batches, clearCache, type Batch, type BatchOptions } from './batches.js';
export { danfo, type DataFrame } from './frame.js';
export { DataError, type DataCode } from './errors.js';
