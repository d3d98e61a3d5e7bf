// A recording of eager ops as one TensorFlow function.

import koffi from 'koffi';
import type { OpAttr, Recording, RecordedOp } from './binding.js';
import { ComputeError } from './errors.js';
import { inputKinds, type GraphContext, type InputKind, type Output } from './graph.js';

const RESOURCE = 20;
const RESOURCE_READ = 'ReadVariableOp';

export interface FunctionPlan {
  name: string;
  recording: Recording;
  /** Numbers of the tensors that a call gives, in order. */
  inputs: number[];
  /** TF_DataType of each input. */
  dtypes: number[];
  /** Numbers of the tensors that a call returns, in order. */
  outputs: number[];
  /** Tensors that are to be read from a resource (a number among the inputs) before it is changed. */
  reads: Map<number, number>;
}

let definitions: Map<string, InputKind[]> | undefined;

/** Adds a function to TensorFlow's context, where it is an op of that name. */
export function addFunction(g: GraphContext, plan: FunctionPlan): void {
  const graph = g.api.create();
  try {
    const builder = new Builder(g, graph, plan);
    builder.build();
    const fn = builder.finish();
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

class Builder {
  private readonly values = new Map<number, Output>();
  /** By the resource's number. */
  private readonly uses = new Map<number, Use>();
  /** Reads by the number of what they gave, with the resource. */
  private readonly readOf = new Map<number, number>();
  private readonly changes: unknown[] = [];
  private count = 0;

  constructor(
    private readonly g: GraphContext,
    private readonly graph: unknown,
    private readonly plan: FunctionPlan,
  ) {}

  build(): void {
    const { inputs, dtypes, reads, recording } = this.plan;
    inputs.forEach((id, i) => {
      const d = this.operation('Placeholder', `in${i}`);
      this.g.api.type(d, 'dtype', dtypes[i]);
      this.values.set(id, { oper: this.done(d, 'Placeholder'), index: 0 });
    });
    for (const [id, resource] of reads) {
      const d = this.operation(RESOURCE_READ, `read${id}`);
      this.g.api.type(d, 'dtype', recording.dtypes.get(id));
      this.g.api.input(d, this.values.get(resource));
      const oper = this.done(d, RESOURCE_READ);
      this.values.set(id, { oper, index: 0 });
      this.use(resource).readers.push(oper);
      this.readOf.set(id, resource);
    }
    for (const op of recording.ops) this.add(op);
  }

  private operation(op: string, name: string): unknown {
    return this.g.api.operation(this.graph, op, name);
  }
  private done(description: unknown, where: string): unknown {
    const oper = this.g.api.finish(description, this.g.status);
    this.g.check(where);
    return oper;
  }
  private use(resource: number): Use {
    let use = this.uses.get(resource);
    if (!use) this.uses.set(resource, (use = { readers: [] }));
    return use;
  }

  private value(id: number, op: string): Output {
    const known = this.values.get(id);
    if (known) return known;
    const constant = this.plan.recording.constants.get(id);
    if (!constant) throw new ComputeError('op', `${op}: an input of the recording is unknown`);
    const d = this.operation('Const', `const${id}`);
    this.g.api.tensor(d, 'value', constant.tensor, this.g.status);
    this.g.check('Const');
    this.g.api.type(d, 'dtype', constant.dtype);
    const made = { oper: this.done(d, 'Const'), index: 0 };
    this.values.set(id, made);
    return made;
  }

  private add(op: RecordedOp): void {
    const { api } = this.g;
    const inputs = op.inputs.map((id) => this.value(id, op.name));
    const d = this.operation(op.name, `op${this.count++}`);
    const inferred = new Set<string>();
    let at = 0;
    for (const { list } of this.kinds(op.name)) {
      if (!list) {
        api.input(d, inputs[at++]);
        continue;
      }
      const given = op.attrs.find((a) => a.name === list)?.value;
      const n = Array.isArray(given) ? given.length : Number(given);
      api.inputs(d, inputs.slice(at, at + n), n);
      at += n;
      inferred.add(list);
    }
    if (at !== inputs.length)
      throw new ComputeError('op', `${op.name}: ${inputs.length} inputs were recorded, ${at} are defined`);
    for (const a of op.attrs) if (!inferred.has(a.name)) this.attribute(d, a);

    const resources = op.inputs.filter((id) => this.plan.recording.dtypes.get(id) === RESOURCE);
    const reads = op.name === RESOURCE_READ;
    for (const id of resources) {
      const use = this.use(id);
      if (use.changed) api.after(d, use.changed);
      if (!reads) for (const reader of new Set(use.readers)) api.after(d, reader);
    }
    const oper = this.done(d, op.name);
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

  private kinds(op: string): InputKind[] {
    definitions ??= new Map();
    let kinds = definitions.get(op);
    if (!kinds) {
      const { api, status } = this.g;
      const buffer = api.newBuffer();
      api.definition(this.graph, op, buffer, status);
      this.g.check(op);
      const { data, length } = koffi.decode(buffer, 'TF_Buffer') as { data: unknown; length: number };
      kinds = inputKinds(new Uint8Array(koffi.view(data, Number(length)).slice(0)));
      api.deleteBuffer(buffer);
      definitions.set(op, kinds);
    }
    return kinds;
  }

  private attribute(d: unknown, { name, type, value }: OpAttr): void {
    const { api } = this.g;
    const list =
      Array.isArray(value) || ArrayBuffer.isView(value)
        ? Array.from(value as unknown as number[])
        : undefined;
    switch (type) {
      case 0: {
        const bytes = Buffer.from(value as string);
        return void api.string(d, name, bytes, bytes.length);
      }
      case 1:
        if (list) api.ints(d, name, BigInt64Array.from(list, BigInt), list.length);
        else api.int(d, name, Math.trunc(value as number));
        return;
      case 2:
        if (list) api.floats(d, name, Float32Array.from(list), list.length);
        else api.float(d, name, value);
        return;
      case 3:
        return void api.bool(d, name, value ? 1 : 0);
      case 4:
        if (list) api.types(d, name, Int32Array.from(list), list.length);
        else api.type(d, name, value);
        return;
      case 5:
        return void api.shape(d, name, BigInt64Array.from(list!, BigInt), list!.length);
      default:
        throw new ComputeError('op', `attribute ${name} of kind ${type} can't be part of a function`);
    }
  }

  finish(): unknown {
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
