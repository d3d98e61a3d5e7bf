// TensorFlow's C API: how its libraries are loaded, and the signatures of what the binding calls.

import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, dirname } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { ComputeError } from './errors.js';
import { graphSignatures } from './graph.js';
import type { LibraryFiles } from './library.js';

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
export function setEnvironment(): void {
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

/** A TensorFlow library in this process that does not lie in `folder`. */
function otherTensorFlow(folder: string): string | undefined {
  const at = realpathSync(folder);
  return loadedLibraries().find((file) => /^libtensorflow/.test(basename(file)) && dirname(file) !== at);
}

function loadedLibraries(): string[] {
  if (process.platform === 'linux')
    return readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .map((line) => line.slice(line.indexOf('/')));
  const report = process.report.getReport() as unknown as { sharedObjects: string[] };
  return report.sharedObjects;
}

let refusing = false;

/** tfjs-node's add-on would bring a TensorFlow of its own. */
function refuseAddOn(): void {
  if (refusing) return;
  refusing = true;
  const open = process.dlopen;
  process.dlopen = function (this: unknown, module: object, path: string, ...flags: number[]) {
    if (basename(path) === 'tfjs_binding.node')
      throw new ComputeError(
        'library',
        `${path} brings a TensorFlow of its own, and cellgrad's is loaded already: two cannot live in one process. Use cellgrad's tf in its place: import { tf } from 'cellgrad/tf'.`,
      );
    return Reflect.apply(open, this, [module, path, ...flags]);
  } as typeof process.dlopen;
}

export type CApi = ReturnType<typeof openLibrary>;

/**
 * Loads TensorFlow.
 * @throws ComputeError `library` where that fails, or where another TensorFlow is loaded
 */
export function openLibrary(files: LibraryFiles) {
  const other = otherTensorFlow(files.folder);
  if (other)
    throw new ComputeError(
      'library',
      `Another TensorFlow is loaded in this process already: ${other}. Two cannot live in one process. Import cellgrad before, or instead of, what brings it (@tensorflow/tfjs-node resolves to cellgrad's own in a notebook).`,
    );
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
  refuseAddOn();
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
    setStatus: f('void TF_SetStatus(void*, int, str)'),
    newContextOptions: f('void* TFE_NewContextOptions()'),
    setConfig: f('void TFE_ContextOptionsSetConfig(void*, void*, size_t, void*)'),
    deleteContextOptions: f('void TFE_DeleteContextOptions(void*)'),
    newContext: f('void* TFE_NewContext(void*, void*)'),
    listDevices: f('void* TFE_ContextListDevices(void*, void*)'),
    deviceCount: f('int TF_DeviceListCount(void*)'),
    deviceType: f('str TF_DeviceListType(void*, int, void*)'),
    deleteDevices: f('void TF_DeleteDeviceList(void*)'),
    eagerAsFunction: f('void TFE_ContextSetRunEagerOpAsFunction(void*, uchar, void*)'),
    newOp: f('void* TFE_NewOp(void*, str, void*)'),
    resetOp: f('void TFE_OpReset(void*, str, str, void*)'),
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
    sessions: {
      newOptions: f('void* TF_NewSessionOptions()'),
      deleteOptions: f('void TF_DeleteSessionOptions(void*)'),
      load: f('void* TF_LoadSessionFromSavedModel(void*, void*, str, str*, int, void*, void*, void*)'),
      run: f(
        'void TF_SessionRun(void*, void*, TF_Output*, void*, int, TF_Output*, void*, int, void*, int, void*, void*)',
      ),
      close: f('void TF_CloseSession(void*, void*)'),
      dispose: f('void TF_DeleteSession(void*, void*)'),
      operation: f('void* TF_GraphOperationByName(void*, str)'),
      outputs: f('int TF_OperationNumOutputs(void*)'),
    },
    graph: graphSignatures(f),
  };
}
