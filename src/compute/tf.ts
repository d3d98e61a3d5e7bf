// The one `tf` of a process: TensorFlow.js on the chosen device. Importing it fetches TensorFlow's library on first use.

import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';
import { ComputeError } from './errors.js';
import type { NodeBackend } from './backend.js';
import { openBinding, type Binding } from './binding.js';
import { chooseDevice, threads, type Device } from './device.js';
import { registerGradients } from './gradients.js';
import { summariseTensors } from './inspect.js';
import { registerKernels } from './kernels/index.js';
import { registerNativeGradients } from './ops.js';
import { provision, type LibraryFiles } from './library.js';
import { giveBackSavedModels, giveBackTensors, tidySummaries } from './lost.js';
import type { NodeIo, NodeNamespace } from './node-namespace.js';
import { importOneTf, requireOneTf } from './one-tf.js';
import { tf } from './tfjs.js';
import { openWebGpu } from './webgpu.js';
import { progressPrinter } from './wheel.js';

const require = createRequire(import.meta.url);

/** What scripts/build.mjs makes of tfjs-node.cjs. */
interface Bundle {
  NodeJSKernelBackend: new (binding: Binding, name: string) => tfjs.KernelBackend & NodeBackend;
  nodeFileSystemRouter: Parameters<typeof tfjs.io.registerLoadRouter>[0];
  node: NodeNamespace;
  io: NodeIo;
  ProgbarLogger: Parameters<typeof tfjs.registerCallbackConstructor>[1];
  version: string;
}

const choice = chooseDevice();

/** The device this process computes on. */
export let device: Device = choice.device;

export { tf };

/** The binding under the kernels; undefined on `webgpu` and `js`. */
export const binding: Binding | undefined = await start();

async function start(): Promise<Binding | undefined> {
  requireOneTf();
  importOneTf();
  const bundle = require('./tfjs-node.cjs') as Bundle;
  addFiles(bundle);
  summariseTensors();
  registerGradients();
  // before anything is awaited: a module imported beside this one is evaluated then
  if (device === 'cpu' || device === 'cuda') Object.assign(tf, { node: bundle.node });
  if (device === 'js') {
    process.stderr.write(
      'cellgrad computes in plain JavaScript (CELLGRAD_DEVICE=js): some 100 times slower than TensorFlow.\n',
    );
    await tf.setBackend('cpu');
    return undefined;
  }
  if (device === 'webgpu') {
    const { backend, name, software } = await openWebGpu();
    if (software)
      process.stderr.write(
        `cellgrad computes on ${name}, a GPU in software (CELLGRAD_DEVICE=webgpu): slower than the CPU.\n`,
      );
    tf.registerBackend('webgpu', () => backend, 3);
    await tf.setBackend('webgpu');
    nameDisposed();
    return undefined;
  }
  const b = openBinding(await libraries(), { threads: threads(), interThreads: Math.min(2, threads()) });
  if (b.isUsingGpuDevice()) device = 'cuda';
  else if (device === 'cuda')
    withoutGpu('TensorFlow found no GPU that it can use; TF_CPP_MIN_LOG_LEVEL=0 shows why');
  const make = (): tfjs.KernelBackend => {
    const backend = new bundle.NodeJSKernelBackend(b, '@tensorflow/tfjs-node');
    giveBackTensors(backend, b);
    tidySummaries(backend);
    return backend;
  };
  tf.registerBackend('tensorflow', make, 3);
  await tf.setBackend('tensorflow');
  giveBackSavedModels(bundle.node);
  registerKernels();
  registerNativeGradients();
  nameDisposed();
  return b;
}

/** What tfjs-node adds on every device: models in files, and a line an epoch from `model.fit`. */
function addFiles({ nodeFileSystemRouter, io, ProgbarLogger, version }: Bundle): void {
  tf.io.registerLoadRouter(nodeFileSystemRouter);
  tf.io.registerSaveRouter(nodeFileSystemRouter);
  Object.assign(tf.io, io);
  tf.registerCallbackConstructor(1, ProgbarLogger);
  Object.assign(tf.version, { 'tfjs-node': version });
}

function say(text: string): void {
  process.stderr.write(`cellgrad: ${text}\n`);
}

/** TensorFlow's libraries for the device; where the user left the choice to cellgrad, the CPU's instead of the GPU's. */
async function libraries(): Promise<LibraryFiles> {
  const options = { onProgress: progressPrinter(), onNotice: say };
  if (choice.note) say(`computing on the CPU: ${choice.note}.`);
  if (device === 'cuda')
    try {
      return await provision({ ...options, build: 'cuda' });
    } catch (error) {
      if (!(error instanceof ComputeError)) throw error;
      withoutGpu(error.message.replace(/\.$/, ''), error);
    }
  return provision(options);
}

function withoutGpu(why: string, cause?: ComputeError): void {
  if (!choice.free)
    throw (
      cause ?? new ComputeError('device', `CELLGRAD_DEVICE=cuda: ${why}. Set CELLGRAD_DEVICE=cpu or auto.`)
    );
  device = 'cpu';
  say(`computing on the CPU: ${why}.`);
}

/** tfjs takes a tensor that it doesn't know for one of another backend; most often it was disposed. */
function nameDisposed(): void {
  const engine = tf.engine();
  const move = engine.moveData;
  engine.moveData = (backend, id) => {
    if (!engine.state.tensorInfo.has(id))
      throw new ComputeError(
        'disposed',
        'A tensor was used after it had been disposed. Return it from tf.tidy, or hold it with tf.keep.',
      );
    move.call(engine, backend, id);
  };
}
