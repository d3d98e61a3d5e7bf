// What tfjs-node adds to tfjs: `tf.node`, and two functions in `tf.io`.

import type * as tfjs from '@tensorflow/tfjs';

/** A number or a tensor over the steps of a training, in a file that TensorBoard reads. */
export interface SummaryFileWriter {
  scalar(name: string, value: tfjs.Scalar | number, step: number, description?: string): void;
  histogram(name: string, data: tfjs.Tensor, step: number, buckets?: number, description?: string): void;
  flush(): void;
}

/** A model in TensorFlow's own format, which can predict. */
export interface SavedModel extends tfjs.InferenceModel {
  readonly outputNodeNames: Record<string, string>;
  dispose(): void;
}

/** `tf.node`, as tfjs-node documents it. */
export interface NodeNamespace {
  /** JPEG, PNG, GIF or BMP; `[height, width, channels]`, of a GIF `[frames, height, width, channels]`. */
  decodeImage(
    contents: Uint8Array,
    channels?: number,
    dtype?: string,
    expandAnimations?: boolean,
  ): tfjs.Tensor3D | tfjs.Tensor4D;
  decodeBmp(contents: Uint8Array, channels?: number): tfjs.Tensor3D;
  decodeGif(contents: Uint8Array): tfjs.Tensor4D;
  decodePng(contents: Uint8Array, channels?: number, dtype?: string): tfjs.Tensor3D;
  decodeJpeg(
    contents: Uint8Array,
    channels?: number,
    ratio?: number,
    fancyUpscaling?: boolean,
    tryRecoverTruncated?: boolean,
    acceptableFraction?: number,
    dctMethod?: string,
  ): tfjs.Tensor3D;
  encodeJpeg(
    image: tfjs.Tensor3D,
    format?: '' | 'grayscale' | 'rgb',
    quality?: number,
    progressive?: boolean,
    optimizeSize?: boolean,
    chromaDownsampling?: boolean,
    densityUnit?: 'in' | 'cm',
    xDensity?: number,
    yDensity?: number,
    xmpMetadata?: string,
  ): Promise<Uint8Array>;
  encodePng(image: tfjs.Tensor3D, compression?: number): Promise<Uint8Array>;
  summaryFileWriter(
    logdir: string,
    maxQueue?: number,
    flushMillis?: number,
    filenameSuffix?: string,
  ): SummaryFileWriter;
  /** A callback for `model.fit`. */
  tensorBoard(
    logdir?: string,
    options?: { updateFreq?: 'batch' | 'epoch'; histogramFreq?: number },
  ): tfjs.CustomCallback;
  getMetaGraphsFromSavedModel(path: string): Promise<tfjs.MetaGraph[]>;
  getNumOfSavedModels(): number;
  loadSavedModel(path: string, tags?: string[], signature?: string): Promise<SavedModel>;
}

/** What tfjs-node adds to `tf.io`. */
export interface NodeIo {
  fileSystem(path: string | string[]): tfjs.io.IOHandler;
  nodeHTTPRequest(path: string, requestInit?: RequestInit, weightPathPrefix?: string): tfjs.io.IOHandler;
}
