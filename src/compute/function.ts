// A traced step as one TensorFlow function.

import koffi from 'koffi';
import { attr } from './attributes.js';
import { ComputeError } from './errors.js';
import type { GraphContext, Output } from './graph.js';
import { GraphWriter } from './graph-writer.js';
import type { Trace, TracedOp } from './trace.js';
import { TF } from './types.js';

const RESOURCE_READ = 'ReadVariableOp';

export interface FunctionPlan {
  name: string;
  trace: Trace;
  /** Numbers of the tensors that a call gives, in order. */
  inputs: number[];
  /** TF_DataType of each input. */
  dtypes: number[];
  /** Numbers of the tensors that a call returns, in order. */
  outputs: number[];
  /** Tensors that are to be read from a resource (a number among the inputs) before it is changed. */
  reads: Map<number, number>;
}

/** Adds a function to TensorFlow's context, where it is an op of that name. */
export function addFunction(g: GraphContext, plan: FunctionPlan): void {
  const graph = g.api.create();
  try {
    const builder = new Builder(g, graph, plan);
    builder.build();
    const fn = builder.toFunction();
    try {
      g.api.addFunction(g.context, fn, g.status);
      g.check(`adding the function ${plan.name}`);
    } finally {
      g.api.deleteFunction(fn);
    }
  } finally {
    g.api.dispose(graph);
  }
}

export function removeFunction(g: GraphContext, name: string): void {
  g.api.removeFunction(g.context, name, g.status);
  g.check(`removing the function ${name}`);
}

/** Who used a resource since it was last changed, so that reads and changes keep their order. */
interface Use {
  changed?: unknown;
  readers: unknown[];
}

class Builder extends GraphWriter {
  private readonly values = new Map<number, Output>();
  /** By the resource's number. */
  private readonly uses = new Map<number, Use>();
  /** Reads by the number of what they gave, with the resource. */
  private readonly readOf = new Map<number, number>();
  private readonly changes: unknown[] = [];

  constructor(
    g: GraphContext,
    graph: unknown,
    private readonly plan: FunctionPlan,
  ) {
    super(g, graph);
  }

  build(): void {
    const { inputs, dtypes, reads, trace } = this.plan;
    inputs.forEach((id, i) => this.values.set(id, this.placeholder(`in${i}`, dtypes[i])));
    for (const [id, resource] of reads) {
      const dtype = attr.type('dtype', trace.dtypes.get(id)!);
      const oper = this.op(RESOURCE_READ, [dtype], [this.values.get(resource)!]);
      this.values.set(id, { oper, index: 0 });
      this.use(resource).readers.push(oper);
      this.readOf.set(id, resource);
    }
    for (const op of trace.ops) this.add(op);
  }

  private use(resource: number): Use {
    let use = this.uses.get(resource);
    if (!use) this.uses.set(resource, (use = { readers: [] }));
    return use;
  }

  private value(id: number, op: string): Output {
    const known = this.values.get(id);
    if (known) return known;
    const constant = this.plan.trace.constants.get(id);
    if (!constant) throw new ComputeError('op', `${op}: an input of the step is unknown`);
    const made = this.constant(`const${id}`, constant.tensor, constant.dtype);
    this.values.set(id, made);
    return made;
  }

  private add(op: TracedOp): void {
    const inputs = op.inputs.map((id) => this.value(id, op.name));
    const resources = op.inputs.filter((id) => this.plan.trace.dtypes.get(id) === TF.RESOURCE);
    const reads = op.name === RESOURCE_READ;
    const after = new Set<unknown>(op.after?.map((id) => this.value(id, op.name).oper));
    for (const id of resources) {
      const use = this.use(id);
      if (use.changed) after.add(use.changed);
      if (!reads) for (const reader of use.readers) after.add(reader);
    }
    const oper = this.op(op.name, op.attrs, inputs, after);
    for (const id of resources) {
      const use = this.use(id);
      if (reads) use.readers.push(oper);
      else {
        use.changed = oper;
        use.readers = [];
      }
    }
    if (reads) this.readOf.set(op.outputs[0].id, op.inputs[0]);
    else if (resources.length || !op.outputs.length) this.changes.push(oper);
    // who uses a value that was read must have done so before it changes, or the change would copy it
    for (const id of op.inputs) {
      const resource = this.readOf.get(id);
      if (resource !== undefined && !resources.includes(resource)) this.use(resource).readers.push(oper);
    }
    op.outputs.forEach(({ id }, index) => this.values.set(id, { oper, index }));
  }

  toFunction(): unknown {
    const { api, status } = this.g;
    const { name, inputs, outputs } = this.plan;
    const of = (ids: number[]): Output[] => ids.map((id) => this.value(id, name));
    const changes = BigUint64Array.from(this.changes.map((oper) => BigInt(koffi.address(oper as never))));
    const fn = api.toFunction(
      ...[this.graph, name, 0, -1, null, inputs.length, of(inputs), outputs.length, of(outputs), null],
      ...[changes.length, changes.length ? changes : null, null, null, null, status],
    );
    this.g.check(`making the function ${name}`);
    return fn;
  }
}
