// Published files as the networks name their tensors: what torchvision and timm mend when they load them.

import type { StateDict } from '../stored.js';
import type { PublishedWeights } from './registry.js';
import { fromTimm } from './timm-names.js';

/** torchvision's DenseNets and vision transformers were published before their modules were renamed. */
const renamed: ReadonlyArray<[RegExp, string]> = [
  [/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/, '$1$2'],
  [/^(.*\.mlp)\.linear_1\./, '$1.0.'],
  [/^(.*\.mlp)\.linear_2\./, '$1.3.'],
];

/** Counts of batches and of operations, and masks, which networks here compute anew or not at all. */
const derived = /(^|\.)(num_batches_tracked|total_ops|total_params|attn_mask)$/;

/** TensorFlow's heads for ImageNet's 1,000 classes have one more before them, for the background, which is left out. */
const WITH_BACKGROUND = 1001;

/** A file's tensors under the network's own names. */
export function mended(given: StateDict, weights: PublishedWeights): StateDict {
  const { model, classes, names } = weights;
  const state = names === 'timm' ? fromTimm(model, given) : given;
  const out: StateDict = new Map();
  for (const [name, tensor] of state) {
    if (derived.test(name)) continue;
    const own = renamed.reduce((text, [pattern, by]) => text.replace(pattern, by), name);
    const { shape, data } = tensor;
    out.set(
      own,
      classes === WITH_BACKGROUND - 1 && shape[0] === WITH_BACKGROUND
        ? { shape: [classes, ...shape.slice(1)], data: data.slice(data.length / shape[0]) }
        : tensor,
    );
  }
  return out;
}
