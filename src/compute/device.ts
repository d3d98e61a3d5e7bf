// Which device computes: what the user asked for, what is there, and a word when the two differ.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ComputeError } from './errors.js';

export const deviceNames = ['auto', 'cpu', 'cuda', 'webgpu', 'js'] as const;
export type DeviceName = (typeof deviceNames)[number];
/** What this version computes on. */
export type Device = 'cpu' | 'js';

/**
 * The device to use.
 * @throws ComputeError `device` when what is asked for isn't there
 */
export function chooseDevice(env: NodeJS.ProcessEnv = process.env): Device {
  const asked = (env.CELLGRAD_DEVICE || 'auto') as DeviceName;
  if (!deviceNames.includes(asked))
    throw new ComputeError('device', `CELLGRAD_DEVICE is ${asked}; it can be ${deviceNames.join(', ')}.`);
  if (asked === 'cuda')
    throw new ComputeError(
      'device',
      nvidiaDriver()
        ? 'CELLGRAD_DEVICE=cuda: an NVIDIA driver is there, but this version of cellgrad computes on the CPU only. Set CELLGRAD_DEVICE=cpu or auto.'
        : 'CELLGRAD_DEVICE=cuda: no NVIDIA driver was found on this machine. Set CELLGRAD_DEVICE=cpu or auto.',
    );
  if (asked === 'webgpu')
    throw new ComputeError(
      'device',
      'CELLGRAD_DEVICE=webgpu: this version of cellgrad does not compute on WebGPU. Set CELLGRAD_DEVICE=cpu or auto.',
    );
  return asked === 'js' ? 'js' : 'cpu';
}

export const nvidiaDriver = (): boolean =>
  existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl');

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
