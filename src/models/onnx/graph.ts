// An ONNX graph as it grows: nodes, weights, and tensors whose channels come first, as ONNX has them, or last, as here.

import type * as tfjs from '@tensorflow/tfjs';
import { torchValues, type Parameter, type Shape, type TorchLayer } from '../layers.js';
import { Message, type Lazy } from './protobuf.js';

/** ONNX's types of tensors and of attributes, by number. */
const TENSOR = { float: 1, int64: 7 } as const;
const ATTRIBUTE = { float: 1, int: 2, text: 3, ints: 7 } as const;

/** A tensor of the graph. */
export interface Value {
  name: string;
  /** In cellgrad's order: batch (null), height, width, channels; or batch, tokens, channels. */
  shape: Shape;
  /** Where the channels are in the graph; `last` for what has no height and width. */
  channels: 'first' | 'last';
}

/** Whole numbers become INT or INTS, `{ float }` FLOAT, texts STRING. */
type Attribute = number | number[] | string | { float: number };
export type Attributes = Record<string, Attribute>;

const product = (shape: number[]): number => shape.reduce((a, n) => a * n, 1);
/** Axes of a tensor with channels last, in the order that puts them first, and back. */
const toFirst = (rank: number): number[] => [0, rank - 1, ...range(1, rank - 1)];
const toLast = (rank: number): number[] => [0, ...range(2, rank), 1];
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

interface Node {
  name: string;
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: Attributes;
}

export class OnnxGraph {
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, Message>();
  private readonly turned = new Map<string, string>();
  private readonly names = new Set<string>();
  /** The layer whose nodes are added. */
  layer = '';
  /** Bytes of the weights. */
  weightBytes = 0;

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }

  /** Adds a node of one result, whose name it returns. */
  node(op: string, inputs: string[], attributes: Attributes = {}): string {
    return this.nodeOf(op, inputs, 1, attributes)[0];
  }
  /** Adds a node of several results. */
  nodeOf(op: string, inputs: string[], results: number, attributes: Attributes = {}): string[] {
    const name = this.unique(`${this.layer}/${op}`);
    const outputs = range(0, results).map((i) => `${name}_output_${i}`);
    this.nodes.push({ name, op, inputs, outputs, attributes });
    return outputs;
  }
  /** Gives the result of a node another name, which a user of the graph sees. */
  rename(from: string, to: string): void {
    const other = (name: string): string => (name === from ? to : name);
    for (const node of this.nodes) {
      node.inputs = node.inputs.map(other);
      node.outputs = node.outputs.map(other);
    }
  }

  private initializer(name: string, type: number, shape: number[], data: Lazy): string {
    if (this.initializers.has(name)) return name;
    const message = new Message()
      .int(1, ...shape)
      .int(2, type)
      .text(8, name)
      .data(9, data);
    this.initializers.set(name, message);
    this.weightBytes += data.bytes;
    return name;
  }
  /** Weights, read when the file is written. */
  weight(name: string, shape: number[], read: () => Float32Array): string {
    const bytes = 4 * product(shape);
    const view = (): Uint8Array => {
      const values = read();
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    };
    return this.initializer(name, TENSOR.float, shape, { bytes, read: view });
  }
  /**
   * A parameter of the layer by the last part of its PyTorch name, in PyTorch's layout.
   * @param layout.transposed turns a matrix, and its name says so
   * @param layout.shape another shape of the same size
   */
  parameter(
    layer: tfjs.layers.Layer,
    name: string,
    layout: { transposed?: boolean; shape?: number[] } = {},
  ): string {
    const p = (layer as TorchLayer).parameters().find((p) => p.name === name)!;
    const full = p.name ? `${layer.name}.${p.name}` : layer.name;
    if (!layout.transposed) return this.weight(full, layout.shape ?? p.shape, () => torchValues(p));
    const own: Parameter = { ...p, shape: [...p.shape].reverse(), toTorch: undefined };
    return this.weight(`${full}.T`, own.shape, () => torchValues(own));
  }
  /** Whole numbers, as shapes, axes and places are given. */
  ints(...values: number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.initializer(`ints[${values.join()}]`, TENSOR.int64, [values.length], {
      bytes: data.byteLength,
      read: () => new Uint8Array(data.buffer),
    });
  }
  /** One whole number, without axes. */
  int(value: number): string {
    const data = BigInt64Array.of(BigInt(value));
    const lazy = { bytes: 8, read: () => new Uint8Array(data.buffer) };
    return this.initializer(`int ${value}`, TENSOR.int64, [], lazy);
  }
  /** One number, without axes. */
  scalar(value: number): string {
    const data = Float32Array.of(value);
    const lazy = { bytes: 4, read: () => new Uint8Array(data.buffer) };
    return this.initializer(`float ${value}`, TENSOR.float, [], lazy);
  }

  /** Numbers along one axis. */
  floats(...values: number[]): string {
    return this.weight(`floats[${values.join()}]`, [values.length], () => Float32Array.from(values));
  }

  /** The tensor with channels first. */
  first(x: Value): string {
    return x.channels === 'first' ? x.name : this.turn(x, toFirst(x.shape.length));
  }
  /** The tensor with channels last. */
  last(x: Value): string {
    return x.channels === 'last' ? x.name : this.turn(x, toLast(x.shape.length));
  }
  private turn(x: Value, perm: number[]): string {
    const known = this.turned.get(x.name);
    if (known || perm.length < 3) return known ?? x.name;
    const name = this.node('Transpose', [x.name], { perm });
    this.turned.set(x.name, name);
    this.turned.set(name, x.name);
    return name;
  }

  reshape(x: string, ...shape: number[]): string {
    return this.node('Reshape', [x, this.ints(...shape)]);
  }
  transpose(x: string, ...perm: number[]): string {
    return this.node('Transpose', [x], { perm });
  }
  /** A part of an axis, from `start` to before `end`. */
  slice(x: string, axis: number, start: number, end: number): string {
    return this.node('Slice', [x, this.ints(start), this.ints(end), this.ints(axis)]);
  }

  /**
   * The graph as a GraphProto.
   * @param batch the name of a batch of any size, or its size
   */
  message(name: string, inputs: GraphTensor[], outputs: GraphTensor[], batch: string | number): Message {
    const info = ({ name, shape }: GraphTensor): Message => {
      const dims = shape.map((n) =>
        n === null && typeof batch === 'string' ? dim().text(2, batch) : dim().int(1, n ?? Number(batch)),
      );
      const tensor = new Message().int(1, TENSOR.float).message(2, new Message().message(1, ...dims));
      return new Message().text(1, name).message(2, new Message().message(1, tensor));
    };
    return new Message()
      .message(1, ...this.nodes.map(nodeMessage))
      .text(2, name)
      .message(5, ...this.initializers.values())
      .message(11, ...inputs.map(info))
      .message(12, ...outputs.map(info));
  }
}

/** An input or output of the graph, in ONNX's order of axes. */
export interface GraphTensor {
  name: string;
  shape: Shape;
}
const dim = (): Message => new Message();

const nodeMessage = ({ name, op, inputs, outputs, attributes }: Node): Message =>
  new Message()
    .text(1, ...inputs)
    .text(2, ...outputs)
    .text(3, name)
    .text(4, op)
    .message(5, ...Object.entries(attributes).map(([key, value]) => attribute(key, value)));

function attribute(name: string, value: Attribute): Message {
  const out = new Message().text(1, name);
  if (Array.isArray(value)) return out.int(8, ...value).int(20, ATTRIBUTE.ints);
  if (typeof value === 'string') return out.text(4, value).int(20, ATTRIBUTE.text);
  if (typeof value === 'number') return out.int(3, value).int(20, ATTRIBUTE.int);
  return out.float(2, value.float).int(20, ATTRIBUTE.float);
}
