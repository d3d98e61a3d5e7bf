// tfjs's WebGPU backend on Dawn (npm `webgpu`), with the reads that wait which a program outside of a browser may make.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as tfjs from '@tensorflow/tfjs';
import { ComputeError } from './errors.js';
import { tf } from './tfjs.js';

/** The parts of WebGPU and of tfjs's backend that are used here. */
interface Buffer_ {
  size: number;
  mapState: 'unmapped' | 'pending' | 'mapped';
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}
interface Adapter {
  info: { vendor: string; architecture: string; description: string; isFallbackAdapter?: boolean };
  isFallbackAdapter?: boolean;
  features: Set<string>;
  limits: Record<string, number>;
  requestDevice(options: object): Promise<Device>;
}
interface Device {
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(event: 'uncapturederror', listener: (e: { error: Error }) => void): void;
}
interface Gpu {
  requestAdapter(options: object): Promise<Adapter | null>;
}
interface Dawn {
  create(options: string[]): Gpu;
  globals: object;
}
type Read = ReturnType<tfjs.KernelBackend['readSync']>;
interface Backend extends tfjs.KernelBackend {
  tensorMap: {
    get(dataId: object): { values: unknown; dtype: tfjs.DataType; resource: Buffer_ };
  };
  bufferManager: {
    acquireBuffer(size: number, usage: number): Buffer_;
    releaseBuffer(buffer: Buffer_): void;
  };
  commandEncoder: {
    copyBufferToBuffer(from: Buffer_, at: number, to: Buffer_, toAt: number, size: number): void;
  };
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  convertAndCacheOnCPU(dataId: object, values: Read): Read;
}

/** The GPU that WebGPU computes on. */
export interface WebGpu {
  backend: tfjs.KernelBackend;
  /** What it calls itself. */
  name: string;
  /** It is a program on the CPU. */
  software: boolean;
}

/** Collected, it would take all that it made with it, though that is in use. */
const held: Gpu[] = [];

const instead = 'or set CELLGRAD_DEVICE=cpu or auto';
const require = createRequire(import.meta.url);

/** Where npm's `webgpu` lies, beside cellgrad or in the folder the program runs in. */
export function findDawn(cwd = process.cwd()): string | undefined {
  for (const from of [require, createRequire(join(cwd, 'any.js'))])
    try {
      return from.resolve('webgpu');
    } catch {
      // not there
    }
  return undefined;
}

/**
 * Opens the GPU.
 * @throws ComputeError `device` where the package or a GPU is missing
 */
export async function openWebGpu(): Promise<WebGpu> {
  const path = findDawn();
  if (!path)
    throw new ComputeError(
      'device',
      `CELLGRAD_DEVICE=webgpu needs the npm package webgpu (Dawn, 130 MB), which is not installed. Run \`npm install --ignore-scripts webgpu\`, ${instead}.`,
    );
  letTicksRun();
  let gpu: Gpu;
  try {
    const dawn = (await import(pathToFileURL(path).href)) as Dawn;
    Object.assign(globalThis, dawn.globals);
    gpu = dawn.create([]);
    held.push(gpu);
  } catch (error) {
    throw new ComputeError(
      'device',
      `CELLGRAD_DEVICE=webgpu: the npm package webgpu can't be loaded: ${(error as Error).message.split('\n')[0]}. Install it again on this machine, ${instead}.`,
      { cause: error },
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new ComputeError('device', `CELLGRAD_DEVICE=webgpu: ${missingAdapter()}, ${instead}.`);
  const device = await adapter.requestDevice(needs(adapter));
  device.addEventListener('uncapturederror', ({ error }) => {
    process.stderr.write(`WebGPU: ${error.message.split('\n')[0]}\n`);
  });
  const { info } = adapter;
  const backend = makeBackend(gpu, device, info);
  const software = info.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  if (software) {
    // the kernels whose threads seldom wait for each other: a training step of mobilenet_v2 took 33 s instead of 124 s on SwiftShader
    tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', 2);
    tf.env().set('WEBGPU_CONV_SEPARATE_IM2COL_SHADER', true);
  }
  return { backend, name: info.description || info.architecture || info.vendor || 'unnamed', software };
}

function missingAdapter(): string {
  const drivers: Partial<Record<NodeJS.Platform, string>> = {
    linux:
      'no GPU with a Vulkan driver was found. Install the loader and a driver (on Debian and Ubuntu: libvulkan1 and mesa-vulkan-drivers, or NVIDIA’s)',
    darwin: 'no GPU that Metal can use was found. Update macOS',
    win32: 'no GPU that Direct3D 12 can use was found. Update its driver',
  };
  return drivers[process.platform] ?? 'no GPU was found. Install its driver';
}

/** What tfjs's backend asks of the device: all that the adapter has of a few limits. */
function needs({ features, limits }: Adapter): object {
  const wanted = [
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxComputeWorkgroupSizeX',
    'maxComputeInvocationsPerWorkgroup',
  ];
  return {
    requiredFeatures: ['timestamp-query'].filter((f) => features.has(f)),
    requiredLimits: Object.fromEntries(wanted.map((name) => [name, limits[name]])),
  };
}

function makeBackend(gpu: Gpu, device: Device, info: Adapter['info']): Backend {
  const bundle = require('./tfjs-webgpu.cjs') as {
    WebGPUBackend: new (device: Device, info: Adapter['info']) => Backend;
  };
  // the backend looks for a browser's `navigator.gpu` once
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  let backend: Backend;
  try {
    backend = new bundle.WebGPUBackend(device, info);
  } finally {
    if (own) Object.defineProperty(globalThis, 'navigator', own);
    else delete (globalThis as { navigator?: unknown }).navigator;
  }
  const browserRead = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    const { values, dtype, resource } = backend.tensorMap.get(dataId);
    if (values || dtype === 'string' || dtype === 'complex64') return browserRead(dataId);
    return backend.convertAndCacheOnCPU(
      dataId,
      tf.util.convertBackendValuesAndArrayBuffer(read(backend, resource), dtype),
    );
  };
  return backend;
}

// WebGPU's own constants
const MAP_READ = 1;
const COPY_DST = 8;

/** The bytes of a buffer, after all that was asked of the GPU before. */
function read(backend: Backend, buffer: Buffer_): ArrayBuffer {
  const staging = backend.bufferManager.acquireBuffer(buffer.size, COPY_DST | MAP_READ);
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.commandEncoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  backend.submitQueue();
  staging.mapAsync(MAP_READ).catch(() => {});
  while (staging.mapState === 'pending' && ticks.size) for (const tick of [...ticks]) tick();
  if (staging.mapState !== 'mapped')
    throw new ComputeError('device', 'The GPU was lost while a tensor was read. Restart the kernel.');
  const bytes = staging.getMappedRange().slice(0);
  staging.unmap();
  backend.bufferManager.releaseBuffer(staging);
  return bytes;
}

const ticks = new Set<() => void>();

/**
 * Dawn looks whether the GPU is done in a callback that it gives to `setImmediate`. A read that waits has to call it itself,
 * so native callbacks are kept until they have run.
 */
function letTicksRun(): void {
  const original = globalThis.setImmediate;
  const kept = (callback: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate => {
    if (!Function.prototype.toString.call(callback).includes('[native code]'))
      return original(callback, ...args);
    const tick = (): void => {
      if (ticks.delete(tick)) callback(...args);
    };
    ticks.add(tick);
    return original(tick);
  };
  // with what util.promisify looks for
  globalThis.setImmediate = Object.defineProperties(
    kept,
    Object.getOwnPropertyDescriptors(original),
  ) as typeof setImmediate;
}
