// Weights in more than one file: an index of shards, and which file of a folder is meant.

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from './refuse.js';
import type { Stored, WeightsFile } from './stored.js';

/** Whether a name is that of a file in the folder itself, or below it. */
export const isLocal = (name: string): boolean =>
  name !== '' && !/^[\\/]|^[a-z]+:|\0/i.test(name) && !name.split(/[\\/]/).includes('..');

/**
 * Opens the shards that an index lists.
 * @param path the index
 * @param map its `weight_map`: names of tensors and the files that hold them
 * @param open opens one of the files
 */
export async function openShards(
  path: string,
  map: unknown,
  open: (path: string) => Promise<WeightsFile>,
): Promise<WeightsFile> {
  const entries = Object.entries((map ?? {}) as Record<string, unknown>);
  const shards = new Map<string, WeightsFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((s) => s.close()));
  };
  try {
    const tensors = new Map<string, Stored>();
    for (const [name, shard] of entries) {
      if (typeof shard !== 'string' || !isLocal(shard))
        return refuse(`its shard ${String(shard)} is not in its folder`);
      if (!shards.has(shard)) shards.set(shard, await open(join(dirname(path), shard)));
      tensors.set(name, shards.get(shard)!.tensors.get(name) ?? refuse(`${shard} holds no ${name}`));
    }
    const opened = [...shards.values()];
    if (!opened.length) return refuse('its index lists no tensors');
    return {
      ...opened[0],
      tensors,
      bytes: opened.reduce((sum, s) => sum + s.bytes, 0),
      checked: opened.every((s) => s.checked),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Names that programs give to weights, those of a whole model first. */
const usual = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'model.json',
];
const endings = /\.(safetensors|index\.json|pth|pt|bin|h5|keras)$/;

/** The file of weights in a folder. */
export function fileIn(folder: string): string {
  const found = usual.find((name) => existsSync(join(folder, name)));
  if (found) return join(folder, found);
  const files = readdirSync(folder).filter((name) => endings.test(name));
  const index = files.filter((name) => name.endsWith('.index.json'));
  const [only, ...more] = index.length ? index : files;
  if (only === undefined) return refuse('the folder holds no file of weights');
  if (more.length) refuse(`the folder holds ${[only, ...more].sort().join(', ')}; name one of them`);
  return join(folder, only);
}
