// What of this room is for everybody: whole steps as TensorFlow functions, and what they are made of.

export { compile, type CompiledStep, type CompileOptions, type Step } from './compile.js';
export { ComputeError } from './errors.js';
export { optimizer, type Optimizer, type OptimizerName, type OptimizerOptions } from './optimizers.js';
export { uniform } from './random.js';
