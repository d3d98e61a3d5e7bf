// Compute: TensorFlow.js kernels on today's TensorFlow. The only room that knows of native code.

export { tf, device, binding } from './tf.js';
export * as ops from './ops.js';
export { stamp } from './backend.js';
export { compile, type CompiledStep, type CompileOptions, type Precision } from './compile.js';
export { uniform } from './random.js';
export { ComputeError } from './errors.js';
export { optimizer, type Optimizer, type OptimizerName, type OptimizerOptions } from './optimizers.js';
