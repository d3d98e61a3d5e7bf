// TFJSBinding, the small interface under tfjs's kernels, over TensorFlow's C API through FFI.

import { closeSync, openSync } from 'node:fs';
import { totalmem } from 'node:os';
import koffi, { type LibraryHandle } from 'koffi';
import { ComputeError } from './errors.js';
import { graphSignatures, type GraphContext } from './graph.js';
import type { LibraryFiles } from './library.js';

export interface OpAttr {
  name: string;
  type: number;
  value: unknown;
}
/** What one op did while it was recorded. */
export interface RecordedOp {
  name: string;
  attrs: OpAttr[];
  inputs: number[];
  outputs: TensorMetadata[];
}

/** The ops between two moments, and the values that came from JavaScript in between. */
export class Recording {
  readonly ops: RecordedOp[] = [];
  /** TF_Tensors by the numbers of the tensors made of them. */
  readonly constants = new Map<number, { tensor: Pointer; dtype: number }>();
  /** TF_DataType of each tensor that was used. */
  readonly dtypes = new Map<number, number>();
  /** Why it can't be played again. */
  obstacle?: string;
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

// TF_DataType
const TF = {
  FLOAT: 1,
  INT32: 3,
  UINT8: 4,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  RESOURCE: 20,
} as const;
// bytes of an element; strings are TF_TString cells
const width: Record<number, number> = {
  [TF.FLOAT]: 4,
  [TF.INT32]: 4,
  [TF.UINT8]: 1,
  [TF.STRING]: 24,
  [TF.COMPLEX64]: 8,
  [TF.INT64]: 8,
  [TF.BOOL]: 1,
};
const typeName = (dtype: number): string =>
  Object.entries(TF)
    .find(([, v]) => v === dtype)?.[0]
    .toLowerCase() ?? String(dtype);
const ATTR = { STRING: 0, INT: 1, FLOAT: 2, BOOL: 3, TYPE: 4, SHAPE: 5, RESOURCE: 6 } as const;

const RESOURCE_EXHAUSTED = 8; // TF_Code

type Pointer = unknown;
type Values = Float32Array | Int32Array | Uint8Array | Uint8Array[];

export interface BindingOptions {
  /** Threads within one op. */
  threads: number;
  /** Ops at once, within a TensorFlow function. */
  interThreads: number;
}

let made: Binding | undefined;

/** The binding of this process; TensorFlow can be loaded only once. */
export function openBinding(files: LibraryFiles, options: BindingOptions): Binding {
  made ??= new Binding(files, options);
  return made;
}

/** Opens a library so that it is never unloaded: at exit its threads still run. */
function stayLoaded(path: string): void {
  if (process.platform === 'win32') return;
  const open = koffi.load(null).func('void* dlopen(str, int)');
  const flags = process.platform === 'darwin' ? 0x80 | 0x8 | 0x1 : 0x1000 | 0x100 | 0x1; // NODELETE | GLOBAL | LAZY
  open(path, flags);
}

/** Without what the library writes to standard error by itself: it says which kernels it chose, whatever TF_CPP_MIN_LOG_LEVEL is. */
function quietly(load: () => void): void {
  if (process.platform === 'win32' || Number(process.env.TF_CPP_MIN_LOG_LEVEL) === 0) return load();
  const c = koffi.load(null);
  const [dup, dup2, close] = ['dup(int)', 'dup2(int, int)', 'close(int)'].map((f) => c.func(`int ${f}`));
  const kept = dup(2) as number;
  const nowhere = openSync('/dev/null', 'w');
  dup2(nowhere, 2);
  try {
    load();
  } finally {
    dup2(kept, 2);
    close(kept);
    closeSync(nowhere);
  }
}

/** What TensorFlow reads from the environment when it starts. */
function setEnvironment(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // oneDNN's kernels, which TensorFlow leaves off on processors without AVX-512: on one with AVX2 all of our networks but ResNet-18 trained faster
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // TensorFlow's own allocator. glibc's leaves a hole behind almost every aligned block: training grew by 100 MB a step.
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= '1';
  // more than this is an error of one op, not the end of the process
  const allowed = Number(process.constrainedMemory()) || Infinity;
  process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB ??= String(
    Math.floor((0.9 * Math.min(totalmem(), allowed)) / 2 ** 20),
  );
}

function signatures(files: LibraryFiles) {
  let framework: LibraryHandle;
  let cc: LibraryHandle;
  try {
    // the C API is spread over both; global, so that they see each other's symbols
    quietly(() => [files.framework, files.cc].forEach(stayLoaded));
    framework = koffi.load(files.framework, { global: true, lazy: true });
    cc = koffi.load(files.cc, { global: true, lazy: true });
  } catch (error) {
    throw new ComputeError(
      'library',
      `TensorFlow's library in ${files.folder} can't be loaded: ${(error as Error).message}. Remove that folder to have it fetched again, or see \`cellgrad doctor\`.`,
      { cause: error },
    );
  }
  const f = (signature: string): ReturnType<LibraryHandle['func']> => {
    try {
      return cc.func(signature);
    } catch {
      return framework.func(signature);
    }
  };
  return {
    version: f('str TF_Version()'),
    newStatus: f('void* TF_NewStatus()'),
    code: f('int TF_GetCode(void*)'),
    message: f('str TF_Message(void*)'),
    newContextOptions: f('void* TFE_NewContextOptions()'),
    setConfig: f('void TFE_ContextOptionsSetConfig(void*, void*, size_t, void*)'),
    deleteContextOptions: f('void TFE_DeleteContextOptions(void*)'),
    newContext: f('void* TFE_NewContext(void*, void*)'),
    newOp: f('void* TFE_NewOp(void*, str, void*)'),
    deleteOp: f('void TFE_DeleteOp(void*)'),
    addInput: f('void TFE_OpAddInput(void*, void*, void*)'),
    execute: f('void TFE_Execute(void*, void*, void*, void*)'),
    attrString: f('void TFE_OpSetAttrString(void*, str, void*, size_t)'),
    attrInt: f('void TFE_OpSetAttrInt(void*, str, int64)'),
    attrFloat: f('void TFE_OpSetAttrFloat(void*, str, float)'),
    attrBool: f('void TFE_OpSetAttrBool(void*, str, uchar)'),
    attrType: f('void TFE_OpSetAttrType(void*, str, int)'),
    attrShape: f('void TFE_OpSetAttrShape(void*, str, void*, int, void*)'),
    attrIntList: f('void TFE_OpSetAttrIntList(void*, str, void*, int)'),
    attrFloatList: f('void TFE_OpSetAttrFloatList(void*, str, void*, int)'),
    attrStringList: f('void TFE_OpSetAttrStringList(void*, str, void**, void*, int)'),
    attrTypeList: f('void TFE_OpSetAttrTypeList(void*, str, void*, int)'),
    newHandle: f('void* TFE_NewTensorHandle(void*, void*)'),
    deleteHandle: f('void TFE_DeleteTensorHandle(void*)'),
    handleRank: f('int TFE_TensorHandleNumDims(void*, void*)'),
    handleDim: f('int64 TFE_TensorHandleDim(void*, int, void*)'),
    handleType: f('int TFE_TensorHandleDataType(void*)'),
    resolve: f('void* TFE_TensorHandleResolve(void*, void*)'),
    allocate: f('void* TF_AllocateTensor(int, void*, int, size_t)'),
    data: f('void* TF_TensorData(void*)'),
    byteSize: f('size_t TF_TensorByteSize(void*)'),
    type: f('int TF_TensorType(void*)'),
    deleteTensor: f('void TF_DeleteTensor(void*)'),
    stringInit: f('void TF_StringInit(void*)'),
    stringCopy: f('void TF_StringCopy(void*, void*, size_t)'),
    stringData: f('void* TF_StringGetDataPointer(void*)'),
    stringSize: f('size_t TF_StringGetSize(void*)'),
    stringFree: f('void TF_StringDealloc(void*)'),
    graph: graphSignatures(f),
  };
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

  private readonly c: ReturnType<typeof signatures>;
  private readonly status: Pointer;
  private readonly context: Pointer;
  private readonly handles = new Map<number, Pointer>();
  private next = 1;
  private recording?: Recording;

  constructor(files: LibraryFiles, { threads, interThreads }: BindingOptions) {
    setEnvironment();
    this.c = signatures(files);
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
  }

  private check(where: string, inputs?: number[]): void {
    if (this.c.code(this.status) === 0) return;
    const shapes = inputs?.length ? ` (inputs ${inputs.map((id) => this.describe(id)).join(', ')})` : '';
    const message = this.c.message(this.status) as string;
    if (this.c.code(this.status) === RESOURCE_EXHAUSTED)
      throw new ComputeError(
        'memory',
        `Out of memory in ${where}${shapes}: ${message.replace(/ on \/job.*$/s, '')}. Use smaller batches or pictures, or dispose of tensors (tf.memory() counts them).`,
      );
    throw new ComputeError('op', `${where}${shapes}: ${message}`, { cause: message });
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
    const size = shape.reduce((a, b) => a * b, 1);
    if (width[dtype] === undefined)
      throw new ComputeError('op', `A tensor of type ${dtype} can't be made from values.`);
    const given = (values as ArrayLike<unknown>).length / (dtype === TF.COMPLEX64 ? 2 : 1);
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
      if (this.recording) {
        this.recording.constants.set(id, { tensor, dtype });
        kept = true;
      }
      return id;
    } finally {
      if (!kept) c.deleteTensor(tensor);
    }
  }

  private fillStrings(base: bigint, values: ArrayLike<string | Uint8Array>): void {
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      const b = typeof v === 'string' ? Buffer.from(v) : v;
      const cell = base + BigInt(24 * i);
      this.c.stringInit(cell);
      this.c.stringCopy(cell, b, b.length);
    }
  }

  deleteTensor(id: number): void {
    const h = this.handles.get(id);
    if (h === undefined) throw new ComputeError('disposed', `Tensor ${id} has been disposed already.`);
    this.handles.delete(id);
    this.c.deleteHandle(h);
  }

  tensorDataSync(id: number): Values {
    const { c } = this;
    if (this.recording) this.recording.obstacle ??= 'its values are read on the way';
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

  executeOp(name: string, attrs: OpAttr[], inputs: number[], outputs: number): TensorMetadata[] {
    const { c, status } = this;
    const op = c.newOp(this.context, name, status) as Pointer;
    this.check(name);
    const results = new BigUint64Array(Math.max(outputs, 1));
    const count = Int32Array.of(outputs);
    try {
      for (const id of inputs) c.addInput(op, this.handle(id, name), status);
      this.check(name, inputs);
      for (const a of attrs) this.setAttr(op, name, a);
      c.execute(op, results, count, status);
      this.check(name, inputs);
    } finally {
      c.deleteOp(op);
    }
    const out: TensorMetadata[] = [];
    for (let i = 0; i < count[0]; i++) out.push(this.metadata(results[i]));
    if (this.recording) this.note({ name, attrs, inputs, outputs: out });
    return out;
  }

  private note(op: RecordedOp): void {
    const { dtypes, ops } = this.recording!;
    for (const id of op.inputs)
      if (!dtypes.has(id)) dtypes.set(id, this.c.handleType(this.handles.get(id)) as number);
    ops.push({ ...op, inputs: [...op.inputs] });
  }

  /** Notes the ops of `work` while they are executed. */
  record(work: () => void): Recording {
    const recording = (this.recording = new Recording());
    try {
      work();
      return recording;
    } catch (error) {
      this.forget(recording);
      throw error;
    } finally {
      this.recording = undefined;
    }
  }

  /** TF_DataType of a tensor. */
  dtype(id: number): number {
    return this.c.handleType(this.handle(id, 'reading a type')) as number;
  }

  /** Frees what a recording holds. */
  forget({ constants }: Recording): void {
    for (const { tensor } of constants.values()) this.c.deleteTensor(tensor);
    constants.clear();
  }

  /** TensorFlow's C API for graphs, and what it works on. */
  get graphs(): GraphContext {
    const { c, status, context } = this;
    return { api: c.graph, status, context, check: (where) => this.check(where) };
  }

  private metadata(handle: Pointer): TensorMetadata {
    const { c, status } = this;
    const rank = c.handleRank(handle, status) as number;
    this.check('reading the shape of a result');
    const shape: number[] = [];
    for (let i = 0; i < rank; i++) shape.push(Number(c.handleDim(handle, i, status)));
    return new TensorMetadata(this.adopt(handle), shape, c.handleType(handle) as number);
  }

  private setAttr(op: Pointer, opName: string, { name, type, value: v }: OpAttr): void {
    const { c } = this;
    const list = Array.isArray(v) || ArrayBuffer.isView(v) ? Array.from(v as unknown as number[]) : undefined;
    const bad = (): never => {
      throw new ComputeError(
        'op',
        `${opName}: attribute ${name} (kind ${type}) can't be ${JSON.stringify(v)}`,
      );
    };
    if (list && type !== ATTR.STRING && !list.every((x) => typeof x === 'number' && !Number.isNaN(x))) bad();
    if (!list && (type === ATTR.INT || type === ATTR.FLOAT || type === ATTR.TYPE) && typeof v !== 'number')
      bad();
    const integers = (): BigInt64Array =>
      BigInt64Array.from(list!, (x) => (Number.isInteger(x) ? BigInt(x) : bad()));
    switch (type) {
      case ATTR.STRING: {
        if (Array.isArray(v)) {
          this.setTexts(op, name, v as string[]);
          break;
        }
        const b = typeof v === 'string' ? Buffer.from(v) : v instanceof Uint8Array ? v : bad();
        c.attrString(op, name, b, b.length);
        break;
      }
      case ATTR.INT:
        if (list) c.attrIntList(op, name, integers(), list.length);
        else c.attrInt(op, name, Math.trunc(v as number));
        break;
      case ATTR.FLOAT:
        if (list) c.attrFloatList(op, name, Float32Array.from(list), list.length);
        else c.attrFloat(op, name, v as number);
        break;
      case ATTR.BOOL:
        c.attrBool(op, name, v ? 1 : 0);
        break;
      case ATTR.TYPE:
        if (list) c.attrTypeList(op, name, Int32Array.from(list), list.length);
        else c.attrType(op, name, v as number);
        break;
      case ATTR.SHAPE:
        if (!list) bad();
        c.attrShape(op, name, integers(), list!.length, this.status);
        this.check(`${opName}: attribute ${name}`);
        break;
      default:
        bad();
    }
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
    if (this.recording) this.recording.obstacle ??= `the attribute ${name} is a list of texts`;
  }

  loadSavedModel(): never {
    throw new ComputeError('op', 'SavedModels cannot be loaded by this version of cellgrad.');
  }
  deleteSavedModel = this.loadSavedModel;
  runSavedModel = this.loadSavedModel;
  getNumOfSavedModels(): number {
    return 0;
  }
  /** Number of live TensorFlow handles. */
  getNumOfTensors(): number {
    return this.handles.size;
  }
  isUsingGpuDevice(): boolean {
    return false;
  }
}

function bytesOf(values: unknown, dtype: number): Uint8Array {
  let a: ArrayBufferView;
  if (dtype === TF.FLOAT || dtype === TF.COMPLEX64)
    a = values instanceof Float32Array ? values : Float32Array.from(values as number[]);
  else if (dtype === TF.INT32)
    a = values instanceof Int32Array ? values : Int32Array.from(values as number[]);
  else if (dtype === TF.INT64)
    a =
      values instanceof BigInt64Array
        ? values
        : BigInt64Array.from(values as number[], (v) => BigInt(Math.trunc(v)));
  else a = values instanceof Uint8Array ? values : Uint8Array.from(values as number[], Number);
  return new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
}
