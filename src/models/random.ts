// Random numbers from a seed, the same on every machine, and quick: networks have up to 300 million parameters.

/** What mulberry32's state moves on by. */
const STEP = 0x6d2b79f5;
/** 32 bits from mulberry32's state. Loops that keep the state themselves are ten times quicker than calls of `random`. */
function bits(state: number): number {
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return t ^ (t >>> 14);
}

/** A uniform number in [0, 1) at each call. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + STEP) | 0;
    return (bits(state) >>> 0) / 2 ** 32;
  };
}

/** Uniform numbers from −bound up to bound. */
export function fillUniform(out: Float32Array, bound: number, seed: number): void {
  let state = seed | 0;
  for (let i = 0; i < out.length; i++) {
    state = (state + STEP) | 0;
    out[i] = ((bits(state) >>> 0) / 2 ** 31 - 1) * bound;
  }
}

/** Normal numbers, by the ziggurat of 128 layers of equal area (Marsaglia and Tsang 2000, bits used once as in Doornik 2005). */
export function fillNormal(out: Float32Array, std: number, seed: number): void {
  const next = random(~seed);
  let state = seed | 0;
  for (let i = 0; i < out.length; i++) {
    state = (state + STEP) | 0;
    const r = bits(state);
    const layer = r & 127;
    const z = ((r >> 7) + 0.5) * UNITS[layer];
    // 99 of 100 lie where the layer is wholly below the density
    out[i] = std * (Math.abs(z) < EDGES[layer + 1] ? z : uncertain(z, layer, next));
  }
}

const density = (x: number): number => Math.exp(-0.5 * x * x);
/** Where the tail begins, and the area of each layer. */
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;
/** Right edges of the layers, from the widest, which has the tail's area too, to the top. */
const EDGES = new Float64Array(129);
EDGES[0] = AREA / density(TAIL);
EDGES[1] = TAIL;
for (let i = 2; i < 128; i++)
  EDGES[i] = Math.sqrt(-2 * Math.log(AREA / EDGES[i - 1] + density(EDGES[i - 1])));

/** The density at the edges. */
const HEIGHTS = EDGES.map(density);
/** What the 24 bits of a number are in a layer. */
const UNITS = EDGES.map((edge) => edge * 2 ** -24);

/** A normal number where `z` fell beside the certain part of its layer: it, one of the tail, or another one. */
function uncertain(z: number, layer: number, next: () => number): number {
  while (Math.abs(z) >= EDGES[layer + 1]) {
    if (layer === 0) return Math.sign(z) * beyond(next);
    const low = HEIGHTS[layer];
    if (low + next() * (HEIGHTS[layer + 1] - low) < density(z)) return z;
    layer = Math.floor(128 * next());
    z = (2 * next() - 1) * EDGES[layer];
  }
  return z;
}

/** A number of the tail (Marsaglia 1964). */
function beyond(next: () => number): number {
  for (;;) {
    const x = -Math.log(1 - next()) / TAIL;
    if (-2 * Math.log(1 - next()) > x * x) return TAIL + x;
  }
}
