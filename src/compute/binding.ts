// TFJSBinding, the small interface under tfjs's kernels, over TensorFlow's C API through FFI.

import { inspect } from 'node:util';
import koffi from 'koffi';
import { openLibrary, setEnvironment, type CApi } from './c-api.js';
import { ComputeError } from './errors.js';
import { checkCall, definition, type Definition } from './definition.js';
import type { GraphContext } from './graph.js';
import type { LibraryFiles } from './library.js';
import { SavedModels } from './saved-model.js';
import { Trace, TraceError, type Facts } from './trace.js';
import { ATTR, bytesOf, TF, typeName, width } from './types.js';

export interface OpAttr {
  name: string;
  type: number;
  value: unknown;
}
export class TensorMetadata {
  constructor(
    public id: number,
    public shape: number[],
    public dtype: number,
  ) {}
}
class TFEOpAttr {
  name!: string;
  type!: number;
  value!: unknown;
}

const RESOURCE_EXHAUSTED = 8; // TF_Code
const MOST_DIMENSIONS = 254;
const MOST_DESCRIBED = 8;
const MOST_OUTPUTS = 65536;
const FEW = 16; // results that need no array of their own

type Pointer = unknown;
type Values = Float32Array | Int32Array | Uint8Array | Uint8Array[];

export interface BindingOptions {
  /** Threads within one op. */
  threads: number;
  /** Ops at once, within a TensorFlow function. */
  interThreads: number;
}

let made: Binding | undefined;

/** The binding of this thread; TensorFlow can be loaded only once. */
export function openBinding(files: LibraryFiles, options: BindingOptions): Binding {
  made ??= new Binding(files, options);
  return made;
}

/** What tfjs's kernels call. Tensors are known to them by number. */
export class Binding {
  readonly TensorMetadata = TensorMetadata;
  readonly TFEOpAttr = TFEOpAttr;
  readonly TF_FLOAT = TF.FLOAT;
  readonly TF_INT32 = TF.INT32;
  readonly TF_INT64 = TF.INT64;
  readonly TF_BOOL = TF.BOOL;
  readonly TF_COMPLEX64 = TF.COMPLEX64;
  readonly TF_STRING = TF.STRING;
  readonly TF_RESOURCE = TF.RESOURCE;
  readonly TF_UINT8 = TF.UINT8;
  readonly TF_ATTR_STRING = ATTR.STRING;
  readonly TF_ATTR_INT = ATTR.INT;
  readonly TF_ATTR_FLOAT = ATTR.FLOAT;
  readonly TF_ATTR_BOOL = ATTR.BOOL;
  readonly TF_ATTR_TYPE = ATTR.TYPE;
  readonly TF_ATTR_SHAPE = ATTR.SHAPE;
  readonly TF_ATTR_RESOURCE = ATTR.RESOURCE;
  readonly TF_Version: string;

  private readonly c: CApi;
  private readonly status: Pointer;
  private readonly context: Pointer;
  /** What each op is put together in: cheaper than a new one. TensorFlow empties it when it has run. */
  private readonly op: Pointer;
  private readonly savedModels: SavedModels;
  private readonly handles = new Map<number, Pointer>();
  private readonly definitions = new Map<string, Definition | null>();
  private readonly results = new BigUint64Array(FEW);
  /** Handles of the inputs of the op that is put together. */
  private readonly given: Pointer[] = [];
  private readonly count = new Int32Array(1);
  /** Numbers of tensors that a trace left, which have never been there. */
  private readonly unmade = new Set<number>();
  private next = 1;
  private trace?: Trace;

  constructor(files: LibraryFiles, { threads, interThreads }: BindingOptions) {
    setEnvironment();
    this.c = openLibrary(files);
    const { c } = this;
    this.TF_Version = c.version() as string;
    this.status = c.newStatus() as Pointer;
    const options = c.newContextOptions() as Pointer;
    // ConfigProto: field 2 intra_op_parallelism_threads, field 5 inter_op_parallelism_threads
    const config = Uint8Array.of(0x10, Math.min(127, threads), 0x28, Math.min(127, interThreads));
    c.setConfig(options, config, config.length, this.status);
    this.check('configuring TensorFlow');
    this.context = c.newContext(options, this.status) as Pointer;
    this.check('starting TensorFlow');
    c.deleteContextOptions(options);
    c.eagerAsFunction(this.context, 0, this.status); // a function around each op would cost more than the op
    this.op = c.newOp(this.context, 'NoOp', this.status) as Pointer;
    this.savedModels = new SavedModels({ c, status: this.status, check: (where) => this.check(where) });
  }

  private check(where: string, inputs?: number[]): void {
    const code = this.c.code(this.status) as number;
    if (code === 0) return;
    const shapes = inputs?.length ? ` (inputs ${this.describeAll(inputs)})` : '';
    const message = this.c.message(this.status) as string;
    this.c.setStatus(this.status, 0, ''); // some calls leave it as it is
    if (code === RESOURCE_EXHAUSTED)
      throw new ComputeError(
        'memory',
        `Out of memory in ${where}${shapes}: ${message.replace(/ on \/job.*$/s, '')}. Use smaller batches or pictures, or dispose of tensors (tf.memory() counts them).`,
      );
    throw new ComputeError('op', `${where}${shapes}: ${message}`, { cause: message });
  }

  private describeAll(ids: number[]): string {
    const first = ids.slice(0, MOST_DESCRIBED).map((id) => this.describe(id));
    return first.join(', ') + (ids.length > MOST_DESCRIBED ? ` and ${ids.length - MOST_DESCRIBED} more` : '');
  }

  private describe(id: number): string {
    const h = this.handles.get(id);
    if (!h) return `#${id} disposed`;
    const scratch = this.c.newStatus() as Pointer;
    const n = this.c.handleRank(h, scratch) as number;
    const dims = Array.from({ length: Math.max(n, 0) }, (_, i) => Number(this.c.handleDim(h, i, scratch)));
    return `${typeName(this.c.handleType(h) as number)}[${dims.join(',')}]`;
  }

  private handle(id: number, where: string): Pointer {
    const h = this.handles.get(id);
    if (h === undefined) throw new ComputeError('disposed', `${where}: an input tensor has been disposed`);
    return h;
  }

  private adopt(handle: Pointer): number {
    this.handles.set(this.next, handle);
    return this.next++;
  }

  createTensor(shape: number[], dtype: number, values: unknown): number {
    const { c } = this;
    checkShape(shape);
    const size = shape.reduce((a, b) => a * b, 1);
    if (width[dtype] === undefined)
      throw new ComputeError('op', `A tensor of type ${dtype} can't be made from values.`);
    const parts = dtype === TF.COMPLEX64 || (dtype === TF.INT64 && values instanceof Int32Array) ? 2 : 1;
    const given = ((values as ArrayLike<unknown> | null)?.length ?? NaN) / parts;
    if (given !== size)
      throw new ComputeError(
        'op',
        `A tensor of shape [${shape.join(', ')}] needs ${size} values, got ${given}.`,
      );
    const bytes = size * width[dtype];
    const tensor = c.allocate(dtype, BigInt64Array.from(shape, BigInt), shape.length, bytes) as Pointer;
    if (!tensor)
      throw new ComputeError('memory', `Out of memory for a tensor of shape [${shape.join(', ')}].`);
    let kept = false;
    try {
      if (bytes) {
        if (dtype === TF.STRING)
          this.fillStrings(c.data(tensor) as bigint, values as ArrayLike<string | Uint8Array>);
        else new Uint8Array(koffi.view(c.data(tensor), bytes)).set(bytesOf(values, dtype));
      }
      const h = c.newHandle(tensor, this.status) as Pointer;
      this.check(`making a tensor of shape [${shape.join(', ')}]`);
      const id = this.adopt(h);
      if (this.trace) {
        // there for real too: it may belong to a tensor from outside that is used for the first time
        this.trace.constant(id, tensor, dtype);
        kept = true;
      }
      return id;
    } finally {
      if (!kept) c.deleteTensor(tensor);
    }
  }

  private fillStrings(base: bigint, values: ArrayLike<string | Uint8Array>): void {
    const cell = (i: number): bigint => base + BigInt(24 * i);
    // all of them, or freeing the tensor after an error would free what was in the memory before
    for (let i = 0; i < values.length; i++) this.c.stringInit(cell(i));
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      const b = typeof v === 'string' ? Buffer.from(v) : v;
      if (!(b instanceof Uint8Array))
        throw new ComputeError('op', `A tensor of strings can't hold ${inspect(v)}.`);
      this.c.stringCopy(cell(i), b, b.length);
    }
  }

  /** Whether a tensor is there. */
  has(id: number): boolean {
    return this.handles.has(id) || !!this.trace?.has(id);
  }

  deleteTensor(id: number): void {
    if (this.trace) {
      if (this.handles.has(id)) this.trace.disposed.add(id);
      else this.trace.made.delete(id);
      return;
    }
    const h = this.handles.get(id);
    if (h === undefined && this.unmade.delete(id)) return;
    if (h === undefined) throw new ComputeError('disposed', `Tensor ${id} has been disposed already.`);
    this.handles.delete(id);
    this.c.deleteHandle(h);
  }

  tensorDataSync(id: number): Values {
    const { c } = this;
    if (this.trace) throw new TraceError('its values are read on the way');
    const tensor = c.resolve(this.handle(id, 'reading a tensor'), this.status) as Pointer;
    this.check('reading a tensor');
    try {
      const bytes = Number(c.byteSize(tensor));
      const dtype = c.type(tensor) as number;
      if (dtype === TF.STRING) {
        const base = c.data(tensor) as bigint;
        return Array.from({ length: bytes / 24 }, (_, i) => {
          const cell = base + BigInt(24 * i);
          const n = Number(c.stringSize(cell));
          return n ? new Uint8Array(koffi.view(c.stringData(cell), n).slice(0)) : new Uint8Array(0);
        });
      }
      const copy = bytes ? koffi.view(c.data(tensor), bytes).slice(0) : new ArrayBuffer(0);
      if (dtype === TF.FLOAT || dtype === TF.COMPLEX64) return new Float32Array(copy);
      if (dtype === TF.INT32) return new Int32Array(copy);
      if (dtype === TF.INT64) return Int32Array.from(new BigInt64Array(copy), Number);
      if (dtype === TF.BOOL || dtype === TF.UINT8) return new Uint8Array(copy);
      throw new ComputeError('op', `Values of type ${dtype} can't be read.`);
    } finally {
      c.deleteTensor(tensor);
    }
  }

  /** @param after tensors that are to be there before a traced op is run */
  executeOp(
    name: string,
    attrs: OpAttr[],
    inputs: number[],
    outputs: number,
    after?: number[],
  ): TensorMetadata[] {
    const { c, status, op } = this;
    if (typeof name !== 'string') throw new ComputeError('op', `${String(name)} is not the name of an op.`);
    if (!(outputs >= 0 && outputs <= MOST_OUTPUTS))
      throw new ComputeError('op', `${name}: it can't have ${outputs} results.`);
    if (this.trace) {
      this.checkCall(name, attrs, inputs);
      return this.trace.run(name, attrs, inputs, after);
    }
    const known = this.checkCall(name, attrs, inputs);
    const { given } = this;
    for (let i = 0; i < inputs.length; i++) given[i] = this.handle(inputs[i], name);
    c.resetOp(op, name, null, status);
    if (!known && c.code(status) !== 0) this.check(name);
    for (let i = 0; i < inputs.length; i++) c.addInput(op, given[i], status);
    if (inputs.length && c.code(status) !== 0) this.check(name, inputs);
    for (const a of attrs) this.setAttr(op, name, a);
    const results = outputs <= FEW ? this.results : new BigUint64Array(outputs);
    const { count } = this;
    count[0] = outputs;
    c.execute(op, results, count, status);
    if (c.code(status) !== 0) this.check(name, inputs);
    const out: TensorMetadata[] = [];
    for (let i = 0; i < count[0]; i++) out.push(this.metadata(results[i]));
    return out;
  }

  /** Whether TensorFlow has an op of this name; else it may be a function, or none. */
  private checkCall(name: string, attrs: OpAttr[], inputs: number[]): boolean {
    if (!Array.isArray(attrs) || !Array.isArray(inputs) || !attrs.every(hasName))
      throw new ComputeError(
        'op',
        `${name}: its attributes and its inputs are lists, attributes have names.`,
      );
    let known = this.definitions.get(name);
    if (known === undefined) this.definitions.set(name, (known = definition(this.graphs, name) ?? null));
    if (known) checkCall(name, known, attrs, inputs);
    return known !== null;
  }

  /**
   * From here to `endTrace` ops are noted and not run. An op that needs a value throws TraceError, and tensors from
   * outside that are disposed of are only noted.
   */
  startTrace(): Trace {
    const make = ({ shape, dtype }: Facts): TensorMetadata => new TensorMetadata(this.next++, shape, dtype);
    return (this.trace = new Trace(this.graphs, (id, where) => this.facts(id, where), make));
  }

  get tracing(): boolean {
    return !!this.trace;
  }

  /** Runs ops for real in the middle of a trace: what is made once and outlives the step. */
  untraced<T>(work: () => T): T {
    const { trace } = this;
    this.trace = undefined;
    try {
      return work();
    } finally {
      this.trace = trace;
    }
  }

  endTrace(): void {
    this.trace = undefined;
  }

  /** What a tensor is. */
  facts(id: number, where: string): Facts {
    const { c, status } = this;
    const handle = this.handle(id, where);
    const rank = c.handleRank(handle, status) as number;
    const shape = Array.from({ length: Math.max(0, rank) }, (_, i) => Number(c.handleDim(handle, i, status)));
    this.check(where);
    return { shape, dtype: c.handleType(handle) as number };
  }

  /** TF_DataType of a tensor. */
  dtype(id: number): number {
    return this.c.handleType(this.handle(id, 'reading a type')) as number;
  }

  /** Frees what a trace holds. */
  forget(trace: Trace): void {
    for (const id of trace.made) this.unmade.add(id);
    trace.dispose((tensor) => this.c.deleteTensor(tensor));
  }

  /** TensorFlow's C API for graphs, and what it works on. */
  get graphs(): GraphContext {
    const { c, status, context } = this;
    return { api: c.graph, status, context, check: (where) => this.check(where) };
  }

  private metadata(handle: Pointer): TensorMetadata {
    const { c, status } = this;
    const rank = c.handleRank(handle, status) as number;
    if (rank < 0) this.check('reading the shape of a result');
    const shape: number[] = [];
    for (let i = 0; i < rank; i++) shape.push(Number(c.handleDim(handle, i, status)));
    return new TensorMetadata(this.adopt(handle), shape, c.handleType(handle) as number);
  }

  private setAttr(op: Pointer, opName: string, attr: OpAttr): void {
    const { c } = this;
    const { name, type, value: v } = attr;
    if (typeof v === 'number' && !Number.isNaN(v)) {
      if (type === ATTR.TYPE) c.attrType(op, name, v);
      else if (type === ATTR.INT) c.attrInt(op, name, Math.trunc(v));
      else if (type === ATTR.FLOAT) c.attrFloat(op, name, v);
      else if (type === ATTR.BOOL) c.attrBool(op, name, v ? 1 : 0);
      else badAttr(opName, attr);
    } else if (type === ATTR.BOOL && (typeof v === 'boolean' || v === null || v === undefined)) {
      c.attrBool(op, name, v ? 1 : 0);
    } else if (type === ATTR.STRING) {
      if (Array.isArray(v) && v.every((text) => typeof text === 'string')) return this.setTexts(op, name, v);
      const b = typeof v === 'string' ? Buffer.from(v) : v instanceof Uint8Array ? v : badAttr(opName, attr);
      c.attrString(op, name, b, b.length);
    } else {
      const list = Array.isArray(v) || ArrayBuffer.isView(v) ? Array.from(v as unknown as number[]) : [NaN];
      if (!list.every((x) => typeof x === 'number' && !Number.isNaN(x))) badAttr(opName, attr);
      this.setList(op, opName, attr, list);
    }
  }

  private setList(op: Pointer, opName: string, attr: OpAttr, list: number[]): void {
    const { c } = this;
    const { name, type } = attr;
    const integers = (): BigInt64Array =>
      BigInt64Array.from(list, (x) => (Number.isInteger(x) ? BigInt(x) : badAttr(opName, attr)));
    if (type === ATTR.INT) c.attrIntList(op, name, integers(), list.length);
    else if (type === ATTR.FLOAT) c.attrFloatList(op, name, Float32Array.from(list), list.length);
    else if (type === ATTR.TYPE) c.attrTypeList(op, name, Int32Array.from(list), list.length);
    else if (type === ATTR.SHAPE) {
      c.attrShape(op, name, integers(), list.length, this.status);
      this.check(`${opName}: attribute ${name}`);
    } else badAttr(opName, attr);
  }

  private setTexts(op: Pointer, name: string, texts: string[]): void {
    const cells = texts.map((text) => Buffer.from(text));
    this.c.attrStringList(
      op,
      name,
      cells,
      BigUint64Array.from(cells, (b) => BigInt(b.length)),
      cells.length,
    );
  }

  loadSavedModel(folder: string, tags: string): number {
    return this.savedModels.load(folder, tags);
  }
  deleteSavedModel(id: number): void {
    this.savedModels.delete(id);
  }
  /** Names are separated by commas, as tfjs-node gives them. */
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[] {
    const { c, status } = this;
    if (this.trace) throw new TraceError('a SavedModel is run on the way');
    if (!Array.isArray(inputs)) throw new ComputeError('op', 'The inputs of a SavedModel are a list.');
    const tensors: Pointer[] = [];
    try {
      for (const input of inputs) {
        tensors.push(c.resolve(this.handle(input, 'running a SavedModel'), status));
        this.check('reading an input of a SavedModel');
      }
      const names = (list: string): string[] => String(list).split(',').filter(Boolean);
      const results = this.savedModels.run(id, tensors, names(inputNames), names(outputNames));
      return results.map((tensor) => {
        const handle = c.newHandle(tensor, status) as Pointer;
        c.deleteTensor(tensor);
        this.check('reading a result of a SavedModel');
        const result = this.metadata(handle);
        return result.dtype === TF.INT64 ? this.narrowed(result) : result;
      });
    } finally {
      for (const tensor of tensors) if (tensor) c.deleteTensor(tensor);
    }
  }
  /** int64, which tfjs does not have, as int32. */
  private narrowed({ id }: TensorMetadata): TensorMetadata {
    const types = [
      { name: 'SrcT', type: ATTR.TYPE, value: TF.INT64 },
      { name: 'DstT', type: ATTR.TYPE, value: TF.INT32 },
    ];
    try {
      return this.executeOp('Cast', types, [id], 1)[0];
    } finally {
      this.deleteTensor(id);
    }
  }
  getNumOfSavedModels(): number {
    return this.savedModels.size;
  }
  /** Number of live TensorFlow handles. */
  getNumOfTensors(): number {
    return this.handles.size;
  }
  /** Whether TensorFlow computes on a GPU. */
  isUsingGpuDevice(): boolean {
    const { c, context, status } = this;
    const list = c.listDevices(context, status) as Pointer;
    this.check('listing the devices');
    try {
      const count = c.deviceCount(list) as number;
      return Array.from({ length: count }, (_, i) => c.deviceType(list, i, status) as string).includes('GPU');
    } finally {
      c.deleteDevices(list);
    }
  }
}

function badAttr(op: string, { name, type, value }: OpAttr): never {
  throw new ComputeError('op', `${op}: attribute ${name} (kind ${type}) can't be ${inspect(value)}`);
}

const hasName = (a: OpAttr | undefined): boolean => typeof a?.name === 'string';

function checkShape(shape: number[]): void {
  if (
    !Array.isArray(shape) ||
    shape.length > MOST_DIMENSIONS ||
    !shape.every((n) => Number.isSafeInteger(n) && n >= 0)
  )
    throw new ComputeError('op', `${inspect(shape)} is not the shape of a tensor.`);
}
