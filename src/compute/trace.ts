// The ops of a step, noted without being run: TensorFlow infers their shapes, and the values of tensors are never there.

import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpAttr, TensorMetadata } from './binding.js';
import { ComputeError } from './errors.js';
import type { GraphContext, Output } from './graph.js';
import { GraphWriter } from './graph-writer.js';
import { shapes } from './resources.js';

/** One op of a step. */
export interface TracedOp {
  name: string;
  attrs: OpAttr[];
  inputs: number[];
  outputs: TensorMetadata[];
  /** Tensors that are to be there before. */
  after?: number[];
}

/** What a tensor is. */
export interface Facts {
  shape: number[];
  dtype: number;
}

/** A step can't be traced; it can still run as it is. */
export class TraceError extends ComputeError {
  constructor(message: string) {
    super('op', message);
    const at = usersLine(this.stack ?? '');
    if (at) this.message += ` (${at})`;
  }
}

/** The first line of a stack that is neither ours nor a library's nor Node's. */
function usersLine(stack: string): string | undefined {
  const built = fileURLToPath(new URL('..', import.meta.url));
  const own = [built, resolve(built, '../../src') + sep]; // as it is, and as source maps show it
  const frames = [...stack.matchAll(/(?:\(|at )([^()\n]+:\d+):\d+\)?$/gm)].map((m) =>
    m[1].replace(/^(async )?(file:\/\/)?/, ''),
  );
  const others = /^node:|node_modules|\/tfjs-[a-z-]+\/src\//; // source maps show tfjs as it lies in its repository
  const foreign = (f: string): boolean => others.test(f) || own.some((folder) => f.startsWith(folder));
  return frames.find((f) => !foreign(f));
}

/** Shapes that TensorFlow does not infer. */
function beyondInference(op: string, index: number, inputs: number[]): number[] | undefined {
  // what a resource holds is not part of its type
  if (op === 'ReadVariableOp') return shapes.get(inputs[0]);
  // the space that a GPU keeps for the gradient
  return op === 'FusedBatchNormV3' && index === 5 ? [0] : undefined;
}

/** The ops of a step, and the values that came from JavaScript. */
export class Trace {
  readonly ops: TracedOp[] = [];
  /** TF_Tensors by the numbers of the tensors made of them. */
  readonly constants = new Map<number, { tensor: unknown; dtype: number }>();
  /** TF_DataType of each tensor that was used. */
  readonly dtypes = new Map<number, number>();
  /** Tensors that are there for real and that the step disposed of. */
  readonly disposed = new Set<number>();
  /** Results of ops that the step has not disposed of. */
  readonly made = new Set<number>();
  /** TF_Tensors of tensors from outside that were used for the first time. */
  private readonly outsiders: unknown[] = [];
  private readonly values = new Map<number, Output>();
  private readonly graph: unknown;
  private readonly writer: GraphWriter;

  /** @param outside says what a tensor is that the step was given */
  constructor(
    private readonly g: GraphContext,
    private readonly outside: (id: number, where: string) => Facts,
    private readonly make: (facts: Facts) => TensorMetadata,
  ) {
    this.graph = g.api.create();
    this.writer = new GraphWriter(g, this.graph);
  }

  /** Whether a tensor was made by the step. */
  has(id: number): boolean {
    return this.constants.has(id) || this.values.has(id);
  }

  constant(id: number, tensor: unknown, dtype: number): void {
    this.constants.set(id, { tensor, dtype });
    this.dtypes.set(id, dtype);
  }

  run(name: string, attrs: OpAttr[], inputs: number[], after?: number[]): TensorMetadata[] {
    const oper = this.writer.op(
      name,
      attrs,
      inputs.map((id) => this.value(id, name)),
    );
    const { api } = this.g;
    const outputs = Array.from({ length: api.outputs(oper) as number }, (_, index) => {
      const output = { oper, index };
      this.assume(output, beyondInference(name, index, inputs));
      const made = this.make({ shape: this.shape(output, name), dtype: api.outputType(output) as number });
      this.values.set(made.id, output);
      this.made.add(made.id);
      this.dtypes.set(made.id, made.dtype);
      return made;
    });
    this.ops.push({ name, attrs, inputs: [...inputs], outputs, after });
    return outputs;
  }

  private value(id: number, op: string): Output {
    let value = this.values.get(id);
    if (value) return value;
    const constant = this.constants.get(id);
    if (constant) value = this.writer.constant(`const${id}`, constant.tensor, constant.dtype);
    else {
      const { shape, dtype } = this.outside(id, op);
      this.dtypes.set(id, dtype);
      value = this.writer.placeholder(`in${id}`, dtype, shape);
    }
    this.values.set(id, value);
    return value;
  }

  /**
   * What came from JavaScript and is still there after the step belongs to somebody outside, who may dispose of it.
   * @param there whether a tensor is there for real, and no result of the step
   */
  holdOutside(there: (id: number) => boolean): void {
    for (const [id, { tensor }] of this.constants)
      if (there(id) && !this.disposed.has(id)) {
        this.outsiders.push(tensor);
        this.constants.delete(id);
      }
  }

  private assume(output: Output, shape?: number[]): void {
    const { api, status } = this.g;
    if (!shape) return;
    api.setShape(this.graph, output, BigInt64Array.from(shape, BigInt), shape.length, status);
    this.g.check('a shape');
  }

  private shape(output: Output, op: string): number[] {
    const { api, status } = this.g;
    const rank = api.rank(this.graph, output, status) as number;
    this.g.check(op);
    const dims = new BigInt64Array(Math.max(rank, 1));
    if (rank > 0) api.dims(this.graph, output, dims, rank, status);
    this.g.check(op);
    const shape = Array.from(dims.subarray(0, Math.max(rank, 0)), Number);
    if (rank < 0 || shape.some((n) => n < 0))
      throw new TraceError(`the shape that ${op} gives depends on values`);
    return shape;
  }

  /** Gives back what TensorFlow holds of it. */
  dispose(deleteTensor: (tensor: unknown) => void): void {
    for (const tensor of [...this.outsiders, ...[...this.constants.values()].map((c) => c.tensor)])
      deleteTensor(tensor);
    this.constants.clear();
    this.g.api.dispose(this.graph);
  }
}
