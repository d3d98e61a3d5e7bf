// NVIDIA's driver on this machine: what it says of itself and of its cards, and whether TensorFlow's CUDA build fits them.

import { readFileSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';

export interface Card {
  name: string;
  /** Compute capability, major · 10 + minor. */
  capability: number;
  /** Bytes in all. */
  memory: number;
}

export interface Nvidia {
  /** As NVIDIA counts its releases; undefined where the system does not tell. */
  version?: string;
  /** The newest CUDA that the driver knows, as it counts: 12040 is CUDA 12.4. */
  cuda: number;
  cards: Card[];
  /** Why the driver shows no card. */
  error?: string;
}

const libraries = ['libcuda.so.1', '/usr/lib/wsl/lib/libcuda.so.1'];
export const lookedFor = libraries[0];

/** Asks the driver, which also heeds CUDA_VISIBLE_DEVICES; undefined where there is none. */
export function findNvidia(): Nvidia | undefined {
  if (process.platform !== 'linux') return undefined;
  let driver: LibraryHandle | undefined;
  for (const path of libraries)
    try {
      driver ??= koffi.load(path);
    } catch {
      // not there
    }
  if (!driver) return undefined;
  const f = (signature: string): ReturnType<LibraryHandle['func']> => driver.func(signature);
  const number = (call: (out: Int32Array) => unknown): number => {
    const out = new Int32Array(1);
    return call(out) === 0 ? out[0] : 0;
  };
  const cuda = number((out) => f('int cuDriverGetVersion(void*)')(out));
  const found: Nvidia = { version: driverVersion(), cuda, cards: [] };
  const started = f('int cuInit(uint)')(0) as number;
  if (started !== 0) return { ...found, error: `cuInit answers ${started}` };
  const getName = f('int cuDeviceGetName(void*, int, int)');
  const getMemory = f('int cuDeviceTotalMem_v2(void*, int)');
  const getAttribute = f('int cuDeviceGetAttribute(void*, int, int)');
  const count = number((out) => f('int cuDeviceGetCount(void*)')(out));
  for (let card = 0; card < count; card++) {
    const name = Buffer.alloc(100);
    getName(name, name.length, card);
    const memory = new BigUint64Array(1);
    getMemory(memory, card);
    const attribute = (which: number): number => number((out) => getAttribute(out, which, card));
    found.cards.push({
      name: name.toString('utf8').split('\0')[0],
      capability: attribute(75) * 10 + attribute(76),
      memory: Number(memory[0]),
    });
  }
  return found;
}

function driverVersion(): string | undefined {
  try {
    return /\b\d{3,}\.\d+(\.\d+)?\b/.exec(readFileSync('/proc/driver/nvidia/version', 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}

const dotted = (cuda: number): string => `${Math.floor(cuda / 1000)}.${Math.floor((cuda % 1000) / 10)}`;
const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** What TensorFlow 2.21's CUDA build and the cuDNN beside it ask for, as their kernels say. */
const needed = {
  // TensorFlow's are compiled for 6.0, 7.0, 8.0 and 8.9, cuDNN's from 7.5 on; cards from 9.0 on get TensorFlow's as PTX of CUDA 12.5,
  // which the driver compiles
  capability: 75,
  compiled: 90,
  cuda: { code: 12000, driver: '525.60' },
  ptx: { code: 12050, driver: '555.42' },
  // its own working space, cuDNN's and a small network
  memory: 2e9,
};

/** Why TensorFlow can't compute on the first card, in a sentence without its full stop; undefined where it can. */
export function misfit(nvidia: Nvidia | undefined): string | undefined {
  if (!nvidia) return `no NVIDIA driver was found (${lookedFor})`;
  const { version, cuda, cards, error } = nvidia;
  const driver = `the NVIDIA driver${version ? ` ${version}` : ''} (CUDA ${dotted(cuda)})`;
  const [card] = cards;
  const limit = card?.capability >= needed.compiled ? needed.ptx : needed.cuda;
  if (cuda < limit.code)
    return `${driver} is too old${card ? ` for ${card.name}` : ''}: TensorFlow needs driver ${limit.driver} or newer (CUDA ${dotted(limit.code)})`;
  if (error) return `${driver} is there, but does not start (${error})`;
  if (!card)
    return `${driver} is there, but shows no card${process.env.CUDA_VISIBLE_DEVICES === undefined ? '' : ` (CUDA_VISIBLE_DEVICES is ${process.env.CUDA_VISIBLE_DEVICES})`}`;
  if (card.capability < needed.capability)
    return `${card.name} is too old (compute capability ${(card.capability / 10).toFixed(1)}; TensorFlow needs ${(needed.capability / 10).toFixed(1)})`;
  if (card.memory < needed.memory)
    return `${card.name} has ${gb(card.memory)} of memory; TensorFlow needs ${gb(needed.memory)}`;
  return undefined;
}
