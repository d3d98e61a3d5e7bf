// Seeded random numbers that are the same on every machine: mulberry32 over a hash of the keys.

/** A stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1), or in [low, high). */
  (low?: number, high?: number): number;
  /** Approximately normal, mean 0, standard deviation 1 (a sum of uniforms: no logarithm, no sine). */
  normal(): number;
  /** An integer in [0, n). */
  int(n: number): number;
  chance(p: number): boolean;
  /** Shuffles in place (Fisher-Yates) and returns the array. */
  shuffle<T extends unknown[] | Int32Array | Uint32Array>(array: T): T;
}

/** A generator for these keys: `random(seed, 'split', 3)` is a stream of its own, whatever else is drawn. */
export function random(...keys: (number | string)[]): Random {
  let state = hash(keys.join('\u0000'));
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const r = ((low = 0, high = 1) => low + (high - low) * next()) as Random;
  r.normal = () => (next() + next() + next() + next() - 2) * 1.7320508075688772;
  r.int = (n) => Math.floor(next() * n);
  r.chance = (p) => next() < p;
  r.shuffle = (array) => {
    for (let i = array.length - 1; i > 0; i--) {
      const j = r.int(i + 1);
      const kept = array[i];
      array[i] = array[j];
      array[j] = kept;
    }
    return array;
  };
  return r;
}

/** FNV-1a with a final mix, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
