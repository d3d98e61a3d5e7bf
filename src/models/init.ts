// Initial weights by PyTorch's rules, from a seed, the same on every machine.

/** Values for a parameter of this shape (PyTorch's layout). */
export type Initial = (shape: number[]) => Float32Array;

/** mulberry32: a uniform number in [0, 1) at each call. */
export function random(seed: number): () => number {
  let s = seed | 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seed of its own for each parameter, from the model's seed and the parameter's name (FNV-1a). */
export function seedFor(seed: number, name: string): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

const product = (a: number[]): number => a.reduce((x, y) => x * y, 1);

export const normal =
  (std: number | ((shape: number[]) => number), seed: number): Initial =>
  (shape) => {
    const next = random(seed);
    const s = typeof std === 'number' ? std : std(shape);
    const out = new Float32Array(product(shape));
    for (let i = 0; i < out.length; i += 2) {
      // Box-Muller gives two at a time
      const r = s * Math.sqrt(-2 * Math.log(1 - next()));
      const a = 2 * Math.PI * next();
      out[i] = r * Math.cos(a);
      if (i + 1 < out.length) out[i + 1] = r * Math.sin(a);
    }
    return out;
  };

export const uniform =
  (bound: (shape: number[]) => number, seed: number): Initial =>
  (shape) => {
    const next = random(seed);
    const b = bound(shape);
    return Float32Array.from({ length: product(shape) }, () => (2 * next() - 1) * b);
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
