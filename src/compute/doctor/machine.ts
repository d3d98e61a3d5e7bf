// What the machine offers: memory, processor, disk.

import { accessSync, constants, existsSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { instructions } from '../processor.js';

/** Bytes; `limit` where a container allows less than the machine has. */
export interface Memory {
  total: number;
  free: number;
  limit?: number;
}

export function memory(): Memory {
  const total = totalmem();
  const limit = Number(process.constrainedMemory());
  const limited = limit > 0 && limit < total;
  const available = (process as { availableMemory?(): number }).availableMemory?.();
  return { total, free: Math.min(freemem(), available ?? Infinity), ...(limited ? { limit } : {}) };
}

/** The instruction sets that TensorFlow's library asks for or profits from, as far as the system tells. */
export function instructionSets(): string[] | undefined {
  const known = instructions();
  if (!known.size) return undefined;
  return ['avx', 'avx2', 'fma', 'avx512f', 'avx512_bf16', 'amx_bf16'].filter((f) => known.has(f));
}

export const processor = (): string => cpus()[0]?.model.trim() || process.arch;

/** The cache folder: its size, the room left on its disk, and whether it can be written (or made). */
export async function cacheState(
  folder: string,
): Promise<{ folder: string; bytes: number; free?: number; writable: boolean }> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  let writable = true;
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
    // what exists but is no folder
    if (!(await stat(there)).isDirectory()) writable = false;
  } catch {
    writable = false;
  }
  const free = await statfs(there).then(
    (s) => s.bavail * s.bsize,
    () => undefined,
  );
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
    // `parentPath` from Node 20.12 on, `path` before
    if (entry.isFile())
      bytes += await stat(join(entry.parentPath ?? entry.path, entry.name)).then(
        (s) => s.size,
        () => 0,
      );
  return { folder, bytes, free, writable };
}
