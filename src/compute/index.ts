// Compute: TensorFlow.js kernels on today's TensorFlow. The only room that knows of native code.

export { tf, device, binding } from './tf.js';
export * as ops from './ops.js';
export { custom } from './attributes.js';
export { stamp } from './backend.js';
export { compile, type CompiledStep, type CompileOptions } from './compile.js';
export {
  coarserPrecision,
  precisionFault,
  precisions,
  trial,
  trialText,
  type Precision,
  type Trial,
} from './precision.js';
export { uniform } from './random.js';
export {
  record,
  tensorIds,
  type OpAttr,
  type RecordedOp,
  type RecordedTensor,
  type Recording,
} from './record.js';
export { ComputeError } from './errors.js';
export { optimizer, type Optimizer, type OptimizerName, type OptimizerOptions } from './optimizers.js';
