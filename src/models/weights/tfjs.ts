// TensorFlow.js's model.json: a manifest of weights, whose values lie in files beside it, one after the other, some quantised.

import { dirname, join } from 'node:path';
import { FileBytes } from './file-bytes.js';
import { isLocal } from './folder.js';
import { kerasName } from './keras.js';
import { refuse } from './refuse.js';
import { isShape, sizeOf, type Stored, type WeightsFile } from './stored.js';
import { decode, widths, type Dtype, type Scratch } from './values.js';

interface Weight {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: string; scale?: number; min?: number };
}
interface Group {
  paths: string[];
  weights: Weight[];
}

const dtypes: Record<string, Dtype> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
};

/** The shards of a group as one file. */
class Shards {
  private constructor(
    private readonly files: FileBytes[],
    readonly size: number,
  ) {}
  static async open(paths: string[]): Promise<Shards> {
    const files: FileBytes[] = [];
    try {
      for (const path of paths) files.push(await FileBytes.open(path));
    } catch (error) {
      await closeAll(files);
      throw error;
    }
    return new Shards(
      files,
      files.reduce((sum, f) => sum + f.size, 0),
    );
  }
  async read(into: Uint8Array, position: number): Promise<void> {
    let start = 0;
    let done = 0;
    for (const file of this.files) {
      const from = position + done - start;
      const n = Math.min(into.length - done, file.size - from);
      if (from >= 0 && n > 0) {
        await file.read(into.subarray(done, done + n), from);
        done += n;
      }
      start += file.size;
    }
    if (done < into.length) refuse('its shards end in the middle');
  }
  close(): Promise<void> {
    return closeAll(this.files);
  }
}
const closeAll = async (files: Array<{ close(): Promise<void> }>): Promise<void> => {
  await Promise.all(files.map((f) => f.close()));
};

/**
 * Opens the weights of a model.json; whole numbers, which a graph model computes shapes with, are left out.
 * @param groups its `weightsManifest`
 */
export async function openTfjs(path: string, groups: unknown): Promise<WeightsFile> {
  if (!Array.isArray(groups) || !groups.every(isGroup)) return refuse('its weightsManifest is malformed');
  const tensors = new Map<string, Stored>();
  const open: Shards[] = [];
  try {
    for (const { paths, weights } of groups) {
      const far = paths.find((p) => !isLocal(p));
      if (far !== undefined) refuse(`its shard ${far} is not in its folder`);
      const shards = await Shards.open(paths.map((p) => join(dirname(path), p)));
      open.push(shards);
      let at = 0;
      for (const weight of weights) {
        const stored = storedWeight(weight, shards, at);
        at += stored.bytes;
        if (weight.dtype !== 'float32') continue;
        const name = kerasName(weight.name);
        if (tensors.has(name)) refuse(`it holds two tensors named ${name}`);
        tensors.set(name, stored);
      }
      if (at !== shards.size)
        refuse(
          `its tensors need ${at} bytes, and ${paths.join(', ')} ${paths.length > 1 ? 'have' : 'has'} ${shards.size}`,
        );
    }
    if (!tensors.size) refuse('it holds no weights');
    return {
      format: 'tfjs',
      layout: 'keras',
      tensors,
      metadata: {},
      bytes: open.reduce((sum, s) => sum + s.size, 0),
      checked: true,
      close: () => closeAll(open),
    };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
}

const isText = (v: unknown): v is string => typeof v === 'string';
function isGroup(v: unknown): v is Group {
  const { paths, weights } = (v ?? {}) as Partial<Group>;
  return (
    Array.isArray(paths) &&
    paths.every(isText) &&
    Array.isArray(weights) &&
    weights.every((w) => isText(w?.name) && isText(w.dtype) && isShape(w.shape))
  );
}

function storedWeight(weight: Weight, shards: Shards, at: number): Stored & { bytes: number } {
  const { name, shape, quantization } = weight;
  const kind = quantization?.dtype ?? weight.dtype;
  const dtype = Object.hasOwn(dtypes, kind) ? dtypes[kind] : undefined;
  if (!dtype) return refuse(`${name} is of type ${kind}; it can be ${Object.keys(dtypes).join(', ')}`);
  const { scale = 1, min = 0 } = quantization ?? {};
  if (!Number.isFinite(scale) || !Number.isFinite(min)) refuse(`the quantisation of ${name} is malformed`);
  const affine = quantization !== undefined && dtype !== 'F16';
  const bytes = widths[dtype] * sizeOf(shape);
  return {
    shape,
    bytes,
    async read(scratch: Scratch) {
      const raw = scratch.bytes(bytes);
      await shards.read(raw, at);
      const values = decode(dtype, raw, scratch);
      if (affine) for (let i = 0; i < values.length; i++) values[i] = values[i] * scale + min;
      return values;
    },
  };
}
