// Initial weights by PyTorch's rules, from a seed, the same on every machine.

import { fillNormal, fillUniform } from './random.js';

/** Values for a parameter of this shape (PyTorch's layout). */
export type Initial = (shape: number[]) => Float32Array;

const product = (a: number[]): number => a.reduce((x, y) => x * y, 1);

let drawing = true;
/** Parameters of layers that are built within `work` start as zeros: a state dict will overwrite them. */
export function undrawn<T>(work: () => T): T {
  drawing = false;
  try {
    return work();
  } finally {
    drawing = true;
  }
}
/** The values that a parameter starts with. */
export const drawn = (init: Initial, shape: number[]): Float32Array =>
  drawing ? init(shape) : new Float32Array(product(shape));

/** A seed of its own for each parameter, from the model's seed and the parameter's name (FNV-1a). */
export function seedFor(seed: number, name: string): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Normal values of this standard deviation, given as such or by the shape. */
export const normal =
  (std: number | ((shape: number[]) => number), seed: number): Initial =>
  (shape) => {
    const out = new Float32Array(product(shape));
    fillNormal(out, typeof std === 'number' ? std : std(shape), seed);
    return out;
  };

export const uniform =
  (bound: (shape: number[]) => number, seed: number): Initial =>
  (shape) => {
    const out = new Float32Array(product(shape));
    fillUniform(out, bound(shape), seed);
    return out;
  };

/** kaiming_normal_ for ReLU (He et al. 2015); `out` counts the outputs of a weight, `in` its inputs. */
export const kaiming = (fan: 'in' | 'out', seed: number): Initial =>
  normal((s) => Math.sqrt(2 / (product(s.slice(2)) * (fan === 'out' ? s[0] : s[1]))), seed);

/** torch.nn.Linear's own rule for its weight. */
export const linear = (seed: number): Initial => uniform((s) => 1 / Math.sqrt(s[1]), seed);

/** torch.nn.Linear's own rule for its bias, given the shape of its weight. */
export const linearBias =
  (seed: number): Initial =>
  ([units, inputs]) =>
    uniform(() => 1 / Math.sqrt(inputs), seed)([units]);

const fanIn = (s: number[]): number => product(s.slice(1));
/** torch.nn.Conv2d's own rule for its weight, and for its bias given the shape of the weight. */
export const torchConv = (seed: number): Initial => uniform((s) => 1 / Math.sqrt(fanIn(s)), seed);
export const torchConvBias =
  (seed: number): Initial =>
  (s) =>
    uniform(() => 1 / Math.sqrt(fanIn(s)), seed)([s[0]]);

/** xavier_uniform_ (Glorot and Bengio 2010) for a linear layer. */
export const xavier = (seed: number): Initial => uniform((s) => Math.sqrt(6 / (s[0] + s[1])), seed);

/** Normal values for the bias of a linear layer, given the shape of its weight. */
export const normalBias =
  (std: number, seed: number): Initial =>
  ([units]) =>
    normal(std, seed)([units]);
