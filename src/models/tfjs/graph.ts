// TensorFlow's ops of a network as the graph of a model that plain TensorFlow.js loads.

import type { OpAttr, RecordedOp, RecordedTensor, Recording } from '../../compute/index.js';
import { ModelError } from '../errors.js';

export type Values = Float32Array | Int32Array | Uint8Array;

/** Values of the graph, read when they are written. */
export interface Weight {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  /** Whether it is a parameter, not a number of the computation. */
  parameter: boolean;
  read: () => Values;
}

/** A node of TensorFlow's GraphDef, as its JSON has it. */
export interface NodeDef {
  name: string;
  op: string;
  input?: string[];
  attr: Record<string, object>;
}

/** The ops that layers are made of and that TensorFlow.js has too. */
const allowed = new Set(
  (
    'Add AddV2 AvgPool AvgPool3D BatchMatMul BatchMatMulV2 BiasAdd Cast ClipByValue ConcatV2 Conv2D Conv3D ' +
    'DepthwiseConv2dNative Div Elu EnsureShape Erf Exp ExpandDims FusedBatchNormV3 GatherV2 Greater Identity ' +
    'LeakyRelu Less MatMul Max Maximum MaxPool MaxPool3D Mean Min Minimum MirrorPad Mul Neg Pack Pad PadV2 Pow ' +
    'RealDiv Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Rsqrt SelectV2 Selu Sigmoid Slice ' +
    'Softmax Softplus Split SplitV Sqrt Square SquaredDifference Squeeze StridedSlice Sub Sum Tanh Tile Transpose Unpack'
  ).split(' '),
);
/** Ops that take −1 in a shape for whatever is left. */
const takesRest = new Set(['Reshape', 'Slice']);
/** By TF_DataType. */
const types: Record<number, string> = { 1: 'DT_FLOAT', 3: 'DT_INT32', 9: 'DT_INT64', 10: 'DT_BOOL' };

const type = (name: string): object => ({ type: name });
const FLOAT = { T: type('DT_FLOAT') };
const integers = (list: number[]): object => ({ list: { i: list.map(String) } });
const dims = (shape: number[]): object => ({ dim: shape.map((n) => ({ size: String(n) })) });

/** An attribute as a GraphDef's JSON has it; ATTR numbers the kinds. */
function attribute({ name, type: kind, value }: OpAttr): [string, object] {
  const list = Array.isArray(value) ? (value as number[]) : undefined;
  switch (kind) {
    case 0:
      return [name, { s: Buffer.from(value as string).toString('base64') }];
    case 1:
      return [name, list ? integers(list) : { i: String(value) }];
    case 2:
      return [name, { f: value }];
    case 3:
      return [name, { b: !!value }];
    case 4:
      return [name, list ? { list: { type: list.map((t) => types[t]) } } : type(types[value as number])];
    default:
      return [name, { shape: dims(list ?? []) }];
  }
}

/** What a recording was made of: the same network on a batch of this size. */
export interface Recorded {
  recording: Recording;
  batch: number;
}

/** A shape without −1: it can stand for one number only, and that is the batch's. */
const known = (values: Values, { name, outputs }: RecordedOp): Values =>
  name === 'Reshape' ? values.map((v, i) => (v === -1 ? outputs[0].shape[i] : v)) : values;

export class Graph {
  readonly nodes: NodeDef[] = [];
  readonly weights: Weight[] = [];
  /** Names of tensors by their numbers in the first recording. */
  private readonly tensors = new Map<number, string>();
  private readonly names = new Set<string>();
  private readonly constants = new Map<string, string>();

  /**
   * @param parameters what the weights are, by the numbers of their tensors
   * @param first the network on a batch
   * @param second the network on a batch of another size: what differs is the batch's, and the graph takes any
   */
  constructor(
    private readonly parameters: Map<number, Weight>,
    private readonly first: Recorded,
    private readonly second?: Recorded,
  ) {}

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }
  private node(name: string, op: string, input: string[], attr: Record<string, object>): string {
    const free = this.unique(name);
    this.nodes.push({ name: free, op, input, attr });
    return free;
  }

  /**
   * Adds the ops.
   * @param input name and shape of the input, without the batch
   * @param output name of the result
   * @throws ModelError `export` for an op that TensorFlow.js doesn't have
   */
  build(input: { name: string; shape: number[] }, output: string): void {
    const { recording, batch } = this.first;
    const shape = dims([this.second ? -1 : batch, ...input.shape]);
    this.names.add(output);
    this.tensors.set(
      recording.input,
      this.node(input.name, 'Placeholder', [], { dtype: type('DT_FLOAT'), shape: { shape } }),
    );
    const needed = new Set([recording.output]);
    for (const op of [...recording.ops].reverse())
      if (op.outputs.some(({ id }) => needed.has(id))) for (const { id } of op.inputs) needed.add(id);
    recording.ops.forEach((op, i) => {
      if (op.outputs.some(({ id }) => needed.has(id))) this.add(op, this.second?.recording.ops[i]);
    });
    this.nodes.push({
      name: output,
      op: 'Identity',
      input: [this.tensors.get(recording.output)!],
      attr: FLOAT,
    });
  }

  private add(op: RecordedOp, again?: RecordedOp): void {
    if (!allowed.has(op.name))
      throw new ModelError(
        'export',
        `The layer "${op.part}" uses TensorFlow's ${op.name}, which TensorFlow.js models can't.`,
      );
    if (again && (again.name !== op.name || JSON.stringify(again.attrs) !== JSON.stringify(op.attrs)))
      throw new ModelError(
        'export',
        `The layer "${op.part}" computes otherwise on another batch; give the batch that the model is for.`,
      );
    const inputs = op.inputs.map((t, i) => this.tensor(t, op, again && [again.inputs[i], again]));
    const attr = Object.fromEntries(op.attrs.map(attribute));
    const name = `${op.part}/${op.name}`;
    const groups = op.name === 'Conv2D' ? op.inputs[0].shape[3] / op.inputs[1].shape[2] : 1;
    const node =
      groups > 1 ? this.grouped(name, op, inputs, attr, groups) : this.node(name, op.name, inputs, attr);
    op.outputs.forEach(({ id }, i) => this.tensors.set(id, i ? `${node}:${i}` : node));
  }

  /** A grouped convolution, which TensorFlow.js doesn't have: a depthwise one, or one for each group. */
  private grouped(
    name: string,
    op: RecordedOp,
    [x, w]: string[],
    attr: Record<string, object>,
    groups: number,
  ): string {
    const [height, width, channels, filters] = op.inputs[1].shape;
    if (channels === 1) {
      const shape = this.constant(Int32Array.of(height, width, groups, filters / groups), [4]);
      const filter = this.node(`${name}/filter`, 'Reshape', [w, shape], FLOAT);
      return this.node(name, 'DepthwiseConv2dNative', [x, filter], attr);
    }
    const axis = this.constant(Int32Array.of(3), []);
    const many = { ...FLOAT, num_split: { i: String(groups) } };
    const part = (node: string, i: number): string => (i ? `${node}:${i}` : node);
    const xs = this.node(`${name}/split`, 'Split', [axis, x], many);
    const ws = this.node(`${name}/filters`, 'Split', [axis, w], many);
    const parts = Array.from({ length: groups }, (_, i) =>
      this.node(`${name}/group`, 'Conv2D', [part(xs, i), part(ws, i)], attr),
    );
    const all = { ...FLOAT, N: { i: String(groups) }, Tidx: type('DT_INT32') };
    return this.node(name, 'ConcatV2', [...parts, axis], all);
  }

  /** @param again the same tensor of the same op on the other batch */
  private tensor(t: RecordedTensor, op: RecordedOp, again?: [t: RecordedTensor, op: RecordedOp]): string {
    const name = this.tensors.get(t.id);
    if (name) return name;
    const weight = this.parameters.get(t.id);
    const values = this.first.recording.constants.get(t.id);
    if (weight) this.tensors.set(t.id, this.weight(weight));
    else if (!values)
      throw new ModelError('export', `The layer "${op.part}" uses a tensor that is none of its parameters.`);
    const others = again && this.second!.recording.constants.get(again[0].id);
    if (values && others && values.some((v, i) => v !== others[i]))
      return this.sized(known(values, op), known(others, again[1]), op);
    return this.tensors.get(t.id) ?? this.constant(values!, t.shape);
  }

  private weight(weight: Weight): string {
    const name = this.unique(weight.name);
    const dtype = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' }[weight.dtype];
    const value = { tensor: { dtype, tensorShape: dims(weight.shape) } };
    this.nodes.push({ name, op: 'Const', attr: { dtype: type(dtype), value } });
    this.weights.push({ ...weight, name });
    return name;
  }
  private constant(values: Values, shape: number[]): string {
    const key = `${values.constructor.name}[${shape.join()}]${Buffer.from(values.buffer).toString('base64')}`;
    const dtype =
      values instanceof Float32Array ? 'float32' : values instanceof Int32Array ? 'int32' : 'bool';
    const name =
      this.constants.get(key) ??
      this.weight({ name: 'const', shape, dtype, parameter: false, read: () => values });
    this.constants.set(key, name);
    return name;
  }

  /** Whole numbers of which some are so many times the batch, given for either batch. */
  private sized(values: Values, others: Values, op: RecordedOp): string {
    const times = Array.from(values, (v, i) => (v === others[i] ? 0 : v / this.first.batch));
    if (!(values instanceof Int32Array) || times.some((n, i) => n && n * this.second!.batch !== others[i]))
      throw new ModelError(
        'export',
        `The layer "${op.part}" computes otherwise on another batch; give the batch that the model is for.`,
      );
    if (takesRest.has(op.name) && times.filter(Boolean).length === 1)
      return this.constant(
        values.map((v, i) => (times[i] ? -1 : v)),
        [values.length],
      );
    const scalars = Array.from(values, (v, i) =>
      times[i] ? this.batch(times[i]) : this.constant(Int32Array.of(v), []),
    );
    const attr = { T: type('DT_INT32'), N: { i: String(scalars.length) }, axis: { i: '0' } };
    return this.node(`${op.part}/size`, 'Pack', scalars, attr);
  }
  /** The size of the batch, so many times. */
  private batch(times: number): string {
    const input = this.tensors.get(this.first.recording.input)!;
    const at = (n: number): string => this.constant(Int32Array.of(n), [1]);
    const shape = this.node('batch/shape', 'Shape', [input], { ...FLOAT, out_type: type('DT_INT32') });
    const size = this.node('batch', 'StridedSlice', [shape, at(0), at(1), at(1)], {
      T: type('DT_INT32'),
      shrink_axis_mask: { i: '1' },
    });
    if (times === 1) return size;
    return this.node('batch/times', 'Mul', [size, this.constant(Int32Array.of(times), [])], {
      T: type('DT_INT32'),
    });
  }
}
