// Writes the ops of a step into a TensorFlow graph.

import koffi from 'koffi';
import type { OpAttr } from './binding.js';
import { ComputeError } from './errors.js';
import { inputKinds, type GraphContext, type InputKind, type Output } from './graph.js';

let definitions: Map<string, InputKind[]> | undefined;

export class GraphWriter {
  private count = 0;

  constructor(
    protected readonly g: GraphContext,
    protected readonly graph: unknown,
  ) {}

  /** What comes from outside: a tensor of this TF_DataType and, where it is given, of this shape. */
  placeholder(name: string, dtype: number, shape?: number[]): Output {
    const d = this.begin('Placeholder', name);
    this.g.api.type(d, 'dtype', dtype);
    if (shape) this.g.api.shape(d, 'shape', BigInt64Array.from(shape, BigInt), shape.length);
    return { oper: this.finish(d, 'Placeholder'), index: 0 };
  }

  /** A TF_Tensor as part of the graph, which copies it. */
  constant(name: string, tensor: unknown, dtype: number): Output {
    const d = this.begin('Const', name);
    this.g.api.tensor(d, 'value', tensor, this.g.status);
    this.g.check('Const');
    this.g.api.type(d, 'dtype', dtype);
    return { oper: this.finish(d, 'Const'), index: 0 };
  }

  /** An op on `inputs`, run after the ops `after`. */
  op(name: string, attrs: OpAttr[], inputs: Output[], after: Iterable<unknown> = []): unknown {
    const { api } = this.g;
    const d = this.begin(name, `op${this.count++}`);
    const inferred = new Set<string>();
    let at = 0;
    for (const { list } of this.kinds(name)) {
      if (!list) {
        if (at < inputs.length) api.input(d, inputs[at]);
        at++;
        continue;
      }
      const given = attrs.find((a) => a.name === list)?.value;
      const n = Array.isArray(given) ? given.length : Number(given);
      api.inputs(d, inputs.slice(at, at + n), n);
      at += n;
      inferred.add(list);
    }
    for (const a of attrs) if (!inferred.has(a.name)) this.attribute(d, a);
    for (const before of after) api.after(d, before);
    const oper = this.finish(d, name);
    if (at !== inputs.length)
      throw new ComputeError('op', `${name}: it takes ${at} inputs and got ${inputs.length}`);
    return oper;
  }

  private begin(op: string, name: string): unknown {
    return this.g.api.operation(this.graph, op, name);
  }
  private finish(description: unknown, where: string): unknown {
    const oper = this.g.api.finish(description, this.g.status);
    this.g.check(where);
    return oper;
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
        if (list && !(value instanceof Uint8Array))
          throw new ComputeError(
            'op',
            `attribute ${name} is a list of texts, which can't be part of a function`,
          );
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
}
