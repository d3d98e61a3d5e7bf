// Whole steps as TensorFlow functions: the ops of a step are traced once for each shape of its inputs and run as one op from then on.

import { inspect } from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import { attr } from './attributes.js';
import { nodeBackend, type NodeBackend } from './backend.js';
import type { OpAttr } from './binding.js';
import { ComputeError } from './errors.js';
import { addFunction, removeFunction } from './function.js';
import { checkMemory } from './peak.js';
import { Played, type Changed, type Source } from './played.js';
import { precisionFault, type Precision } from './precision.js';
import { withSeed } from './random.js';
import { shown } from './resources.js';
import { tf } from './tfjs.js';
import { TraceError, type Trace } from './trace.js';

export interface CompileOptions {
  /** The step makes nothing that outlives it, such as a variable: it is compiled at its first call. */
  prepared?: boolean;
  /** Runs the step op by op, always: to look into it. */
  eager?: boolean;
  /** What convolutions and matrix products are computed in; variables and all else stay float32. */
  precision?: Precision;
  /**
   * Convolutions, batch norms and matrix products are fused with the bias and the activation after them. For inference
   * with finite numbers only: a fused ReLU makes 0 of NaN. A depthwise convolution must not have a padding of its own.
   */
  fuse?: boolean;
  /** Called once for each shape that can't be compiled, with the reason. */
  onEager?: (why: string) => void;
}

export type Step = (...inputs: tfjs.Tensor[]) => tfjs.Tensor[];

/** A step that TensorFlow runs as one function. */
export interface CompiledStep {
  /**
   * The step's results, which the caller disposes, as well as the inputs. `seed` makes its random numbers; another one gives
   * others. A tf.Variable among the inputs is known by itself: the step may assign it.
   */
  run(inputs: tfjs.Tensor[], seed?: number): tfjs.Tensor[];
  /** Number of shapes that run as functions. */
  readonly functions: number;
  /** Gives back what was recorded. */
  dispose(): void;
}

/**
 * Compiles a step made of tf ops. It may read and assign tf.Variables and use an `optimizer` of this room; its inputs
 * are tensors, and what else it takes from JavaScript is fixed when it is traced, until a tensor or variable of that has
 * been disposed of. The first call of each shape runs as it is (unless the step is `prepared`), the second one is traced:
 * its code runs once without values, then TensorFlow runs what was noted. A step that reads values on its way, or keeps
 * what it makes, runs as it is, always, and in float32; so does any within a function that is differentiated.
 * @throws ComputeError `device` where bfloat16 is asked for and can't be had
 */
export function compile(step: Step, options: CompileOptions = {}): CompiledStep {
  return new Compiled(step, options);
}

function remove(names: string[]): void {
  const { binding } = nodeBackend();
  for (const name of names.splice(0)) removeFunction(binding.graphs, name);
}
/** Steps that nobody holds any more. */
const forgotten = new FinalizationRegistry(remove);

/**
 * ConfigProto with rewrite_options (10) in its graph_options (10). Without it Grappler leaves a function as it is.
 * 14 remapping = ON (1) or OFF (2): what it fuses makes 0 of NaN, and its depthwise convolutions lose their padding, which
 * ends the process; ON (1) is 31 auto_mixed_precision_onednn_bfloat16, and 23 auto_mixed_precision, a GPU's float16.
 */
function grappler(precision: Precision, fuse: boolean): OpAttr[] {
  const mixed = { float32: [], bfloat16: [0xf8, 1, 1], float16: [0xb8, 1, 1] }[precision];
  const rewrite = [0x70, fuse ? 1 : 2, ...mixed];
  const bytes = [0x52, rewrite.length + 2, 0x52, rewrite.length, ...rewrite];
  return [attr.bytes('config_proto', Uint8Array.from(bytes))];
}

class Compiled implements CompiledStep {
  private readonly shapes = new Map<string, 'seen' | 'eager' | Played>();
  /** Names of its functions. */
  private readonly names: string[] = [];
  /** Attributes of a call. */
  private readonly attrs: OpAttr[];

  constructor(
    private readonly step: Step,
    private readonly options: CompileOptions,
  ) {
    forgotten.register(this, this.names);
    const { precision = 'float32', fuse = false } = options;
    const fault = precisionFault(precision);
    if (fault) throw new ComputeError('device', `precision '${precision}': ${fault}. Use 'float32'.`);
    this.attrs = grappler(precision, fuse);
  }

  private get backend(): NodeBackend {
    return nodeBackend();
  }

  get functions(): number {
    return [...this.shapes.values()].filter((s) => typeof s === 'object').length;
  }

  run(inputs: tfjs.Tensor[], seed = 0): tfjs.Tensor[] {
    checkTensors(inputs, 'A compiled step takes a list of tensors');
    const key = inputs.map(signature).join();
    const known = this.plain ? 'eager' : this.known(key);
    const seedTensor = tf.scalar(seed, 'int32');
    try {
      const all = [...inputs, seedTensor];
      if (typeof known === 'object') return known.run(this.backend.getInputTensorIds(all));
      if (known === 'seen') return this.compileAndRun(key, all);
      if (!known) this.shapes.set(key, 'seen');
      return this.eager(all);
    } finally {
      seedTensor.dispose();
    }
  }

  /** Whether the step has to run as it is now. */
  private get plain(): boolean {
    if (this.options.eager || tf.getBackend() !== 'tensorflow') return true;
    // within another step that is traced, this one is a part of it; of what TensorFlow runs, tfjs knows no gradient
    return this.backend.binding.tracing || tf.engine().state.gradientDepth > 0;
  }

  private known(key: string): 'seen' | 'eager' | Played | undefined {
    const known = this.shapes.get(key) ?? (this.options.prepared ? 'seen' : undefined);
    if (typeof known !== 'object' || known.isThere()) return known;
    this.names.splice(this.names.indexOf(known.name), 1);
    remove([known.name]);
    this.shapes.set(key, 'seen'); // with whatever took the place of what was disposed of
    return 'seen';
  }

  /**
   * Inputs are copies in name, and so are results that were there before: both stay the caller's, whatever the step does with them.
   */
  private eager(all: tfjs.Tensor[]): tfjs.Tensor[] {
    return tf.tidy(() => {
      const given = all.map((t) => (t instanceof tf.Variable ? t : tf.clone(t)));
      const seed = given.pop() as tfjs.Scalar;
      const results = withSeed(seed, () => this.step(...given));
      checkTensors(results, 'A compiled step gives a list of tensors, and is not async');
      // numbers rise: what the step made came after its inputs
      return results.map((t) => (t.id > seed.id && !(t instanceof tf.Variable) ? t : tf.clone(t)));
    });
  }

  private compileAndRun(key: string, all: tfjs.Tensor[]): tfjs.Tensor[] {
    const { binding } = this.backend;
    const variables = Object.values(tf.engine().state.registeredVariables);
    for (const v of variables) this.part(v);
    // tensors are told apart by their numbers: what holds the same values as another one gets a number of its own
    const own = all.map((t) => (t instanceof tf.Variable ? t : this.twin(t)));
    const trace = binding.startTrace();
    try {
      const played = this.trace(trace, own, variables);
      this.shapes.set(key, played);
      return played.run(this.backend.getInputTensorIds(all));
    } catch (error) {
      const played = typeof this.shapes.get(key) === 'object';
      if (!(error instanceof ComputeError) || error.code === 'memory' || played) throw error;
      if (error instanceof MadeVariable && this.options.prepared) throw error;
      const results = this.eager(all); // where the step itself is wrong, this says so
      this.shapes.set(key, 'eager');
      this.options.onEager?.(error.message);
      return results;
    } finally {
      for (const id of trace.disposed) if (binding.has(id)) binding.deleteTensor(id);
      tf.dispose(own.filter((t) => !(t instanceof tf.Variable)));
    }
  }

  /** Another tensor of the same values, which takes no memory. */
  private twin(t: tfjs.Tensor): tfjs.Tensor {
    const { backend } = this;
    const [id] = backend.getInputTensorIds([t]);
    const type = attr.type('T', backend.binding.dtype(id));
    return backend.createOutputTensor(backend.binding.executeOp('Identity', [type], [id], 1)[0]);
  }

  /** A variable that shares its value with a tensor, or with another variable, gets one of its own. */
  private part(v: tfjs.Variable): void {
    if (this.backend.tensorMap.get(v.dataId).refCount === 1) return;
    const twin = this.twin(v);
    v.assign(twin);
    twin.dispose();
  }

  /** Runs the step without values; variables are as before afterwards. */
  private trace(trace: Trace, all: tfjs.Tensor[], variables: tfjs.Variable[]): Played {
    const { backend } = this;
    const { binding } = backend;
    const before = binding.untraced(() => backend.getInputTensorIds(variables));
    const values = variables.map((v) => tf.clone(v)); // so that no value is lost while another one takes its place
    const shownBefore = new Map(shown);
    const { random } = Math;
    try {
      Math.random = unknownRandom;
      const results = this.eager(all);
      try {
        const given = all.map((t) =>
          t instanceof tf.Variable ? undefined : backend.getInputTensorIds([t])[0],
        );
        return this.plan(trace, given, variables, before, backend.getInputTensorIds(results));
      } finally {
        tf.dispose(results);
      }
    } finally {
      Math.random = random;
      const now = backend.getInputTensorIds(variables);
      variables.forEach((v, i) => now[i] !== before[i] && v.assign(values[i]));
      tf.dispose(values);
      for (const [resource, id] of shown) {
        const was = shownBefore.get(resource);
        if (was !== undefined) shown.set(resource, was);
        else if (trace.has(id)) shown.delete(resource);
      }
      binding.endTrace();
      binding.forget(trace);
    }
  }

  /** @param given numbers of the step's inputs; undefined for variables */
  private plan(
    trace: Trace,
    given: Array<number | undefined>,
    variables: tfjs.Variable[],
    before: number[],
    results: number[],
  ): Played {
    const { backend } = this;
    const { binding } = backend;
    const after = backend.getInputTensorIds(variables);
    const produced = new Map(trace.ops.flatMap((op) => op.outputs.map(({ id }) => [id, op] as const)));
    const reads = new Map<number, number>();
    const changed: Changed[] = [];
    const values: number[] = [];
    variables.forEach((variable, i) => {
      if (after[i] === before[i]) return;
      const source = produced.get(after[i]);
      const resource = source?.name === 'ReadVariableOp' ? source.inputs[0] : undefined;
      if (resource !== undefined && (trace.dtypes.has(before[i]) || results.includes(before[i])))
        reads.set(before[i], resource);
      changed.push({ variable, resource });
      values.push(after[i]);
    });
    const outputs = [...results, ...values];
    this.checkEscape(trace, variables, new Set(outputs));
    trace.holdOutside((id) => binding.has(id) && !outputs.includes(id));
    // what comes from outside: the step's inputs, then whatever else was used and not made on the way
    const sources = new Map<number, Source>();
    given.forEach((id, input) => id !== undefined && sources.set(id, { input }));
    const place = new Map(before.map((id, i) => [id, variables[i]]));
    for (const id of [...trace.ops.flatMap((op) => op.inputs), ...outputs]) {
      if (produced.has(id) || trace.constants.has(id) || reads.has(id) || sources.has(id)) continue;
      const variable = place.get(id);
      sources.set(id, variable ? { variable } : { held: id });
    }
    const inputs = [...sources.keys()];
    for (const id of [...inputs, ...reads.keys()])
      if (!trace.dtypes.has(id)) trace.dtypes.set(id, binding.dtype(id));
    checkMemory(binding, trace, outputs);
    const name = `cellgrad_step_${counter++}`;
    const dtypes = inputs.map((id) => trace.dtypes.get(id)!);
    addFunction(binding.graphs, { name, trace, inputs, dtypes, outputs, reads });
    this.names.push(name);
    return new Played(name, this.attrs, [...sources.values()], changed, results.length);
  }

  /** What a step makes without values is nothing to its caller, but for its results and what it assigns. */
  private checkEscape(trace: Trace, variables: tfjs.Variable[], outputs: Set<number>): void {
    const made = Object.values(tf.engine().state.registeredVariables).filter((v) => !variables.includes(v));
    const names = made.map((v) => v.name).join(', ');
    tf.dispose(made);
    if (made.length)
      throw new MadeVariable(
        this.options.prepared
          ? `A compiled step makes variables (${names}), as the optimizers of tf.train do at first: leave out \`prepared\`, or make them before.`
          : `it makes variables (${names})`,
      );
    if ([...trace.made].some((id) => !outputs.has(id)))
      throw new ComputeError('op', 'it keeps a tensor that it makes (tf.keep); return it instead');
  }

  dispose(): void {
    this.shapes.clear();
    remove(this.names);
  }
}
/** In the place of Math.random in a trace, where a number would be the same at each step. */
function unknownRandom(): never {
  throw new TraceError('it takes random numbers from JavaScript; those of `compute.uniform` can be compiled');
}

/** A step that is traced makes a variable, which would have no value. */
class MadeVariable extends ComputeError {
  constructor(message: string) {
    super('op', message);
  }
}

/** What a step is traced for. */
const signature = (t: tfjs.Tensor): string =>
  `${t.dtype}[${t.shape.join()}]${t instanceof tf.Variable ? t.id : ''}`;

function checkTensors(list: unknown, rule: string): asserts list is tfjs.Tensor[] {
  const tensors = Array.isArray(list) ? list : undefined;
  const wrong = tensors?.findIndex((t) => !(t instanceof tf.Tensor)) ?? 0;
  if (tensors && wrong < 0) return;
  const got = tensors
    ? `number ${wrong + 1} is ${inspect(tensors[wrong], { depth: 0 })}`
    : `this is ${inspect(list, { depth: 0 })}`;
  throw new ComputeError('op', `${rule}; ${got}.`);
}

let counter = 0;
