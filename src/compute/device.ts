// Which device computes: what the user asked for, what is there, and a word when the two differ.

import { availableParallelism } from 'node:os';
import { ComputeError } from './errors.js';
import { hasCudaBuild, thisPlatform, type Platform } from './library.js';
import { findNvidia, misfit, type Nvidia } from './nvidia.js';

export const deviceNames = ['auto', 'cpu', 'cuda', 'webgpu', 'js'] as const;
export type DeviceName = (typeof deviceNames)[number];
export type Device = Exclude<DeviceName, 'auto'>;

export interface Choice {
  device: Device;
  /** `auto`: another device may take its place. */
  free: boolean;
  /** Why a GPU that is there is not used. */
  note?: string;
}

/** What CELLGRAD_DEVICE asks for. `gpu` is another word for cuda. */
export function askedDevice(env: NodeJS.ProcessEnv = process.env): DeviceName {
  const asked = env.CELLGRAD_DEVICE || 'auto';
  if (asked === 'gpu') return 'cuda';
  if (!deviceNames.includes(asked as DeviceName))
    throw new ComputeError(
      'device',
      `CELLGRAD_DEVICE is ${asked}; it can be ${deviceNames.join(', ')}, and gpu for cuda.`,
    );
  return asked as DeviceName;
}

/**
 * The device to use.
 * @throws ComputeError `device` when what is asked for isn't there
 */
export function chooseDevice(
  env: NodeJS.ProcessEnv = process.env,
  look: () => Nvidia | undefined = findNvidia,
  platform: Platform = thisPlatform(),
): Choice {
  const asked = askedDevice(env);
  if (asked !== 'auto' && asked !== 'cuda') return { device: asked, free: false };
  if (!hasCudaBuild(platform)) {
    if (asked === 'auto') return { device: 'cpu', free: true };
    throw new ComputeError(
      'device',
      `CELLGRAD_DEVICE=cuda: TensorFlow computes on NVIDIA's GPUs on Linux x64 with glibc, and this is ${platform.os} ${platform.arch}. Set CELLGRAD_DEVICE=cpu or auto; webgpu uses other GPUs.`,
    );
  }
  const nvidia = look();
  const why = misfit(nvidia);
  if (!why) return { device: 'cuda', free: asked === 'auto' };
  if (asked === 'cuda')
    throw new ComputeError('device', `CELLGRAD_DEVICE=cuda: ${why}. Set CELLGRAD_DEVICE=cpu or auto.`);
  return { device: 'cpu', free: true, note: nvidia && why };
}

/** Threads within an op: `CELLGRAD_THREADS`, or what this process may use. */
export function threads(env: NodeJS.ProcessEnv = process.env): number {
  const n = Number(env.CELLGRAD_THREADS || availableParallelism());
  if (!Number.isInteger(n) || n < 1)
    throw new ComputeError(
      'device',
      `CELLGRAD_THREADS is ${env.CELLGRAD_THREADS}; it must be a whole number from 1 on.`,
    );
  return Math.min(n, 127);
}
