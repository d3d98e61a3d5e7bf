// Whole steps as TensorFlow functions: the ops of a step are traced once for each shape of its inputs and run as one op from then on.

import type * as tfjs from '@tensorflow/tfjs';
import { runningCell } from '../cell.js';
import { attr, FLOAT } from './attributes.js';
import { nodeBackend, type NodeBackend, type TensorData } from './backend.js';
import type { Binding, OpAttr } from './binding.js';
import { ComputeError } from './errors.js';
import { addFunction, removeFunction } from './function.js';
import { checkMemory } from './peak.js';
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

/** A variable that the step changes. */
interface Changed {
  variable: tfjs.Variable;
  /** The resource that holds it (an optimiser's), where there is one. */
  resource?: number;
}
type Source = { input: number } | { variable: tfjs.Variable } | { held: number };
interface Played {
  name: string;
  sources: Source[];
  changed: Changed[];
  results: number;
}

/** A step that TensorFlow runs as one function. */
export interface CompiledStep {
  /** The step's results, which the caller disposes. `seed` makes its random numbers; another one gives others. */
  run(inputs: tfjs.Tensor[], seed?: number): tfjs.Tensor[];
  /** Number of shapes that run as functions. */
  readonly functions: number;
  /** Gives back what was recorded. */
  dispose(): void;
}

/**
 * Compiles a step made of tf ops. It may read and assign tf.Variables and use an `optimizer` of this room; its inputs
 * are tensors, and what else it takes from JavaScript is fixed when it is traced. The first call of each shape runs as it
 * is (unless the step is `prepared`), the second one is traced: its code runs once without values, then TensorFlow runs
 * what was noted. A step that reads values on its way runs as it is, always, and in float32.
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

const FLOATS = attr.type('dtype', FLOAT);
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
    const key = inputs.map((t) => `${t.dtype}[${t.shape.join()}]`).join();
    const { prepared, eager } = this.options;
    const first = prepared ? 'seen' : undefined;
    // within another step that is traced, this one is a part of it
    const plain = eager || tf.getBackend() !== 'tensorflow' || this.backend.binding.tracing;
    const known = plain ? 'eager' : (this.shapes.get(key) ?? first);
    const seedTensor = tf.scalar(seed, 'int32');
    try {
      const all = [...inputs, seedTensor];
      if (typeof known === 'object') return this.play(known, this.backend.getInputTensorIds(all));
      if (known === 'seen') return this.compileAndRun(key, all);
      if (!known) this.shapes.set(key, 'seen');
      return this.eager(all);
    } finally {
      seedTensor.dispose();
    }
  }

  private eager(all: tfjs.Tensor[]): tfjs.Tensor[] {
    return tf.tidy(() => withSeed(all[all.length - 1] as tfjs.Scalar, () => this.step(...all.slice(0, -1))));
  }

  private compileAndRun(key: string, all: tfjs.Tensor[]): tfjs.Tensor[] {
    const { binding } = this.backend;
    const given = this.backend.getInputTensorIds(all);
    const trace = binding.startTrace();
    try {
      const played = this.trace(trace, all, given);
      this.shapes.set(key, played);
      return this.play(played, given);
    } catch (error) {
      const played = typeof this.shapes.get(key) === 'object';
      if (!(error instanceof ComputeError) || error.code === 'memory' || played) throw error;
      const results = this.eager(all); // where the step itself is wrong, this says so
      this.shapes.set(key, 'eager');
      this.options.onEager?.(error.message);
      return results;
    } finally {
      for (const id of trace.disposed) if (binding.has(id)) binding.deleteTensor(id);
    }
  }

  /** Runs the step without values; variables are as before afterwards. */
  private trace(trace: Trace, all: tfjs.Tensor[], given: number[]): Played {
    const { backend } = this;
    const { binding } = backend;
    const variables = Object.values(tf.engine().state.registeredVariables);
    const before = binding.untraced(() => backend.getInputTensorIds(variables));
    const values = variables.map((v) => tf.clone(v)); // so that no value is lost while another one takes its place
    const shownBefore = new Map(shown);
    const { random } = Math;
    try {
      Math.random = unknownRandom;
      const results = this.eager(all);
      const played = this.plan(trace, given, variables, before, backend.getInputTensorIds(results));
      tf.dispose(results.filter((t) => !all.includes(t) && !(t instanceof tf.Variable)));
      return played;
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

  private plan(
    trace: Trace,
    given: number[],
    variables: tfjs.Variable[],
    before: number[],
    results: number[],
  ): Played {
    const { backend } = this;
    const after = backend.getInputTensorIds(variables);
    const produced = new Map(trace.ops.flatMap((op) => op.outputs.map(({ id }) => [id, op] as const)));
    const reads = new Map<number, number>();
    const changed: Changed[] = [];
    const values: number[] = [];
    variables.forEach((variable, i) => {
      if (after[i] === before[i]) return;
      const source = produced.get(after[i]);
      const resource = source?.name === 'ReadVariableOp' ? source.inputs[0] : undefined;
      if (resource !== undefined && trace.dtypes.has(before[i])) reads.set(before[i], resource);
      changed.push({ variable, resource });
      values.push(after[i]);
    });
    // what comes from outside: the step's inputs, then whatever else was used and not made on the way
    const inputs = [...given];
    const sources: Source[] = given.map((_, input) => ({ input }));
    const place = new Map(before.map((id, i) => [id, variables[i]]));
    for (const op of trace.ops)
      for (const id of op.inputs) {
        if (produced.has(id) || trace.constants.has(id) || reads.has(id) || inputs.includes(id)) continue;
        inputs.push(id);
        const variable = place.get(id);
        sources.push(variable ? { variable } : { held: id });
      }
    for (const id of inputs) if (!trace.dtypes.has(id)) trace.dtypes.set(id, backend.binding.dtype(id));
    checkMemory(backend.binding, trace, [...results, ...values]);
    const name = `cellgrad_step_${counter++}`;
    addFunction(backend.binding.graphs, {
      name,
      trace,
      inputs,
      dtypes: inputs.map((id) => trace.dtypes.get(id)!),
      outputs: [...results, ...values],
      reads,
    });
    this.names.push(name);
    return { name, sources, changed, results: results.length };
  }

  /** Runs a function. An interrupt of the notebook's cell takes effect after it: on the way, variables have no values. */
  private play(played: Played, given: number[]): tfjs.Tensor[] {
    const cell = runningCell();
    const release = cell?.cooperate();
    let results: tfjs.Tensor[];
    try {
      results = this.call(played, given);
    } finally {
      release?.();
    }
    if (cell?.signal.aborted) {
      tf.dispose(results);
      cell.signal.throwIfAborted();
    }
    return results;
  }

  private call(played: Played, given: number[]): tfjs.Tensor[] {
    const { backend } = this;
    const { binding } = backend;
    const data = (v: tfjs.Variable): TensorData => backend.tensorMap.get(v.dataId);
    for (const { variable, resource } of played.changed) {
      if (resource === undefined) continue;
      const [now] = backend.getInputTensorIds([variable]);
      if (now !== shown.get(resource)) binding.executeOp('AssignVariableOp', [FLOATS], [resource, now], 0);
      // the variable lets go of its value: one that is held twice would be copied by the update
      if (data(variable).refCount === 1) binding.deleteTensor(now);
    }
    let out: ReturnType<Binding['executeOp']>;
    try {
      const inputs = played.sources.map((s) =>
        'held' in s ? s.held : 'input' in s ? given[s.input] : backend.getInputTensorIds([s.variable])[0],
      );
      out = binding.executeOp(played.name, this.attrs, inputs, played.results + played.changed.length);
    } catch (error) {
      this.restore(played);
      throw error;
    }
    played.changed.forEach((c, i) => {
      const made = out[played.results + i];
      const info = data(c.variable);
      if (info.refCount === 1) {
        if (c.resource === undefined) binding.deleteTensor(info.id);
        info.id = made.id;
      } else {
        // another tensor shares the old value
        const t = backend.createOutputTensor(made);
        c.variable.assign(t);
        t.dispose();
      }
      if (c.resource !== undefined) shown.set(c.resource, made.id);
    });
    return out.slice(0, played.results).map((m) => backend.createOutputTensor(m));
  }

  /** Gives variables their values back after a call that failed. */
  private restore({ changed }: Played): void {
    for (const { variable, resource } of changed) {
      const info = this.backend.tensorMap.get(variable.dataId);
      if (resource === undefined || info.refCount !== 1) continue;
      const [{ id }] = this.backend.binding.executeOp('ReadVariableOp', [FLOATS], [resource], 1);
      info.id = id;
      shown.set(resource, id);
    }
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

let counter = 0;
