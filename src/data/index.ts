// Data: labelled images from manifests or from the embedded phantom, their splits, and batches that decode ahead.

export { open, type OpenSetOptions } from './manifest.js';
export { type OpenOptions } from './records.js';
export { fromFolder, type FolderOptions } from './class-folders.js';
export { list, info, type Listed } from './sets/catalogue.js';
export { type ManifestDescription } from './sets/description.js';
export { get, type GetOptions, type GetProgress, type GetResult } from './sets/get.js';
export { type SetReport, type VerifyOptions } from './sets/inventory.js';
export { type Roots } from './sets/rows.js';
export { verify } from './verify.js';
export { audit, type Audit, type AuditOptions } from './audit/audit.js';
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
export { phantomCT, type PhantomCTOptions } from './phantom-ct.js';
export { phantomRecipe } from './phantom/options.js';
export { findings as phantomFindings, type Finding, type Degree } from './phantom/findings.js';
export { type Confounder, type Confounders } from './phantom/confounders.js';
export { splitByPatient, splitByImage, type SplitOptions } from './split.js';
export { kFold, leaveOneSourceOut, type FoldOptions } from './folds.js';
export { loadImage } from './image.js';
export { readDicom, type DicomImage } from './dicom/image.js';
export { deidentify, type DeidentifyOptions, type Deidentified } from './dicom/deidentify.js';
export { readSeries, listSeries, type SeriesOptions, type SeriesFacts } from './dicom/series.js';
export { readVolume, type VolumeOptions } from './volume/read.js';
export { readNifti, type Nifti } from './volume/nifti.js';
export { type Slice, type SliceOptions } from './volume/slices.js';
export { writeSlices, type WriteSlicesOptions } from './write-slices.js';
export { Volume, type Voxels, type VolumeFacts, type Triple } from './volume/volume.js';
export { windows, windowed, type Window, type WindowChoice, type WindowName } from './window.js';
export * as augment from './augment/index.js';
export { batches, clearCache, type Batch, type BatchOptions, type Skipped } from './batches.js';
export { type CacheOptions } from './loader/disk-cache.js';
export { type Sampler, type WeightedSampler } from './sampler.js';
export { type MixOptions } from './mix.js';
export { danfo, fromFrame, type DataFrame, type FrameOptions } from './frame.js';
export { DataError, type DataCode } from './errors.js';
