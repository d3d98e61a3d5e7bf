// Published files as the networks name their tensors: what torchvision and timm mend when they load them.

import type { StateDict } from '../stored.js';

/** torchvision's DenseNets and vision transformers were published before their modules were renamed. */
const renamed: ReadonlyArray<[RegExp, string]> = [
  [/^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/, '$1$2'],
  [/^(.*\.mlp)\.linear_1\./, '$1.0.'],
  [/^(.*\.mlp)\.linear_2\./, '$1.3.'],
];

/** Counts of batches and of operations, which nothing computes with. */
const counts = /(^|\.)(num_batches_tracked|total_ops|total_params)$/;

/** @param classes of the network; TensorFlow's heads have one more before them, for the background, which is left out */
export function mended(state: StateDict, classes: number): StateDict {
  const out: StateDict = new Map();
  for (const [name, tensor] of state) {
    if (counts.test(name)) continue;
    const own = renamed.reduce((text, [pattern, by]) => text.replace(pattern, by), name);
    const { shape, data } = tensor;
    out.set(
      own,
      shape[0] === classes + 1
        ? { shape: [classes, ...shape.slice(1)], data: data.slice(data.length / shape[0]) }
        : tensor,
    );
  }
  return out;
}
