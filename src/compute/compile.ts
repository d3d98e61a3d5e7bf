// Whole steps as TensorFlow functions: the ops of a step are recorded once for each shape of its inputs and run as one op from then on.

import type * as tfjs from '@tensorflow/tfjs';
import { nodeBackend, type NodeBackend, type TensorData } from './backend.js';
import type { Binding } from './binding.js';
import { ComputeError } from './errors.js';
import { addFunction, removeFunction } from './function.js';
import { withSeed } from './random.js';
import { shown } from './resources.js';
import { tf } from './tfjs.js';

export interface CompileOptions {
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
 * are tensors, and what else it takes from JavaScript is fixed when it is recorded. The first call of each shape runs as it
 * is, the second one is recorded. A step that reads values on its way runs as it is, always.
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

class Compiled implements CompiledStep {
  private readonly shapes = new Map<string, 'seen' | 'eager' | Played>();
  /** Names of its functions. */
  private readonly names: string[] = [];

  constructor(
    private readonly step: Step,
    private readonly options: CompileOptions,
  ) {
    forgotten.register(this, this.names);
  }

  private get backend(): NodeBackend {
    return nodeBackend();
  }

  get functions(): number {
    return [...this.shapes.values()].filter((s) => typeof s === 'object').length;
  }

  run(inputs: tfjs.Tensor[], seed = 0): tfjs.Tensor[] {
    const key = inputs.map((t) => `${t.dtype}[${t.shape.join()}]`).join();
    const known = tf.getBackend() === 'tensorflow' ? this.shapes.get(key) : 'eager';
    const seedTensor = tf.scalar(seed, 'int32');
    try {
      const all = [...inputs, seedTensor];
      if (typeof known === 'object') return this.play(known, all);
      if (known === 'seen') return this.record(key, all);
      if (!known) this.shapes.set(key, 'seen');
      return this.eager(all);
    } finally {
      seedTensor.dispose();
    }
  }

  private eager(all: tfjs.Tensor[]): tfjs.Tensor[] {
    return tf.tidy(() => withSeed(all[all.length - 1] as tfjs.Scalar, () => this.step(...all.slice(0, -1))));
  }

  private record(key: string, all: tfjs.Tensor[]): tfjs.Tensor[] {
    const { backend } = this;
    const { binding } = backend;
    const variables = Object.values(tf.engine().state.registeredVariables);
    const given = backend.getInputTensorIds(all);
    const before = backend.getInputTensorIds(variables);
    let results!: tfjs.Tensor[];
    const recording = binding.record(() => (results = this.eager(all)));
    try {
      if (recording.obstacle) throw new ComputeError('op', recording.obstacle);
      const played = this.plan(recording, given, variables, before, backend.getInputTensorIds(results));
      this.shapes.set(key, played);
    } catch (error) {
      if (!(error instanceof ComputeError)) throw error;
      this.shapes.set(key, 'eager');
      this.options.onEager?.(error.message);
    } finally {
      binding.forget(recording);
    }
    return results;
  }

  private plan(
    recording: ReturnType<Binding['record']>,
    given: number[],
    variables: tfjs.Variable[],
    before: number[],
    results: number[],
  ): Played {
    const { backend } = this;
    const after = backend.getInputTensorIds(variables);
    const produced = new Map(recording.ops.flatMap((op) => op.outputs.map(({ id }) => [id, op] as const)));
    const reads = new Map<number, number>();
    const changed: Changed[] = [];
    const values: number[] = [];
    variables.forEach((variable, i) => {
      if (after[i] === before[i]) return;
      const source = produced.get(after[i]);
      const resource = source?.name === 'ReadVariableOp' ? source.inputs[0] : undefined;
      if (resource !== undefined && recording.dtypes.has(before[i])) reads.set(before[i], resource);
      changed.push({ variable, resource });
      values.push(after[i]);
    });
    // what comes from outside: the step's inputs, then whatever else was used and not made on the way
    const inputs = [...given];
    const sources: Source[] = given.map((_, input) => ({ input }));
    const place = new Map(before.map((id, i) => [id, variables[i]]));
    for (const op of recording.ops)
      for (const id of op.inputs) {
        if (produced.has(id) || recording.constants.has(id) || reads.has(id) || inputs.includes(id)) continue;
        inputs.push(id);
        const variable = place.get(id);
        sources.push(variable ? { variable } : { held: id });
      }
    for (const id of inputs)
      if (!recording.dtypes.has(id)) recording.dtypes.set(id, backend.binding.dtype(id));
    const name = `cellgrad_step_${counter++}`;
    addFunction(backend.binding.graphs, {
      name,
      recording,
      inputs,
      dtypes: inputs.map((id) => recording.dtypes.get(id)!),
      outputs: [...results, ...values],
      reads,
    });
    this.names.push(name);
    return { name, sources, changed, results: results.length };
  }

  private play(played: Played, all: tfjs.Tensor[]): tfjs.Tensor[] {
    const { backend } = this;
    const { binding } = backend;
    const data = (v: tfjs.Variable): TensorData => backend.tensorMap.get(v.dataId);
    for (const { variable, resource } of played.changed) {
      if (resource === undefined) continue;
      const [now] = backend.getInputTensorIds([variable]);
      if (now !== shown.get(resource))
        binding.executeOp('AssignVariableOp', [{ name: 'dtype', type: 4, value: 1 }], [resource, now], 0);
      // the variable lets go of its value: one that is held twice would be copied by the update
      if (data(variable).refCount === 1) binding.deleteTensor(now);
    }
    let out: ReturnType<Binding['executeOp']>;
    try {
      const inputs = played.sources.map((s) =>
        'held' in s ? s.held : backend.getInputTensorIds(['input' in s ? all[s.input] : s.variable])[0],
      );
      out = binding.executeOp(played.name, [], inputs, played.results + played.changed.length);
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
      const attrs = [{ name: 'dtype', type: 4, value: 1 }];
      const [{ id }] = this.backend.binding.executeOp('ReadVariableOp', attrs, [resource], 1);
      info.id = id;
      shown.set(resource, id);
    }
  }

  dispose(): void {
    this.shapes.clear();
    remove(this.names);
  }
}
let counter = 0;
