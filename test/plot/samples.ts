// Made-up data, and one figure of every kind drawn from it.

import * as plot from '../../src/plot/index.js';

/** Repeatable random numbers 0…1 (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const history = {
  epochs: Array.from({ length: 12 }, (_, i) => i + 1),
  train: {
    loss: Array.from({ length: 12 }, (_, i) => 1.1 * Math.exp(-i / 4) + 0.05),
    accuracy: Array.from({ length: 12 }, (_, i) => 0.97 - 0.5 * Math.exp(-i / 3)),
    macroF1: Array.from({ length: 12 }, (_, i) => 0.96 - 0.55 * Math.exp(-i / 3)),
  },
  val: {
    loss: Array.from({ length: 12 }, (_, i) => 0.9 * Math.exp(-i / 3) + 0.2 + i * 0.012),
    accuracy: Array.from({ length: 12 }, (_, i) => 0.9 - 0.45 * Math.exp(-i / 3) + 0.01 * Math.sin(i * 2)),
    macroF1: Array.from({ length: 12 }, (_, i) => 0.88 - 0.48 * Math.exp(-i / 3) + 0.015 * Math.sin(i * 2)),
  },
  best: 8,
};

export const classes = ['normal', 'consolidation', 'ground glass'];

export function judged(
  n = 200,
  k = 3,
  seed = 1,
): { truth: Int32Array; scores: number[][]; matrix: number[][] } {
  const next = random(seed);
  const truth = Int32Array.from({ length: n }, () => Math.floor(next() * k));
  const scores = Array.from(truth, (t) => {
    const e = Array.from({ length: k }, (_, c) => Math.exp((c === t ? 1.6 : 0) + 2 * next()));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  });
  const matrix = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  scores.forEach((s, i) => matrix[truth[i]][s.indexOf(Math.max(...s))]++);
  return { truth, scores, matrix };
}

/** Something like a chest film with a blob in a lung, and the blob's mask. */
export function film(
  seed: number,
  size = 96,
): { pixels: Float32Array; width: number; height: number; outline: Uint8Array; centre: [number, number] } {
  const next = random(seed);
  const cx = next() < 0.5 ? 0.3 : 0.7;
  const cy = 0.4 + 0.3 * next();
  const pixels = new Float32Array(size * size);
  const outline = new Uint8Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const [u, v] = [x / size, y / size];
      const lung = (c: number): number => Math.exp(-(((u - c) / 0.16) ** 4 + ((v - 0.5) / 0.36) ** 4));
      const d = Math.hypot((u - cx) / 0.1, (v - cy) / (0.08 + 0.06 * Math.sin(u * 20) ** 2));
      const ribs = 0.06 * Math.sin(v * 50 + Math.abs(u - 0.5) * 12);
      pixels[y * size + x] =
        0.72 - 0.5 * (lung(0.3) + lung(0.7)) + ribs + 0.35 * Math.exp(-d * d) + 0.06 * (next() - 0.5);
      outline[y * size + x] = d < 1 ? 1 : 0;
    }
  return { pixels, width: size, height: size, outline, centre: [cx, cy] };
}

export function heat(centre: [number, number], size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [(i % size) + 0.5, Math.floor(i / size) + 0.5];
    return Math.exp(-(Math.hypot(x / size - centre[0], y / size - centre[1]) ** 2) / 0.04);
  });
}

export function maps(
  size = 12,
  channels = 40,
): { data: Float32Array; height: number; width: number; channels: number } {
  const next = random(9);
  const data = new Float32Array(size * size * channels);
  for (let c = 0; c < channels; c++) {
    const [cx, cy, gain] = [next() * size, next() * size, next() ** 3 * 6];
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        data[(y * size + x) * channels + c] = Math.max(
          0,
          gain * (Math.exp(-Math.hypot(x - cx, y - cy) / 3) - 0.1 * next()),
        );
  }
  return { data, height: size, width: size, channels };
}

/** Fourteen classes with long names. */
export const many = [
  'Atelectasis', 'Cardiomegaly', 'Effusion', 'Infiltration', 'Mass', 'Nodule', 'Pneumonia', 'Pneumothorax',
  'Consolidation', 'Edema', 'Emphysema', 'Fibrosis', 'Pleural thickening', 'Hernia of the diaphragm',
]; // prettier-ignore

export function everyFigure(): Record<string, plot.Figure> {
  const three = judged();
  const fourteen = judged(900, 14, 5);
  const films = Array.from({ length: 8 }, (_, i) => ({
    ...film(i),
    caption: `patient ${i + 1}, ${classes[i % 3]}${i === 2 ? ', hospital B, with a caption that goes on and on and never ends' : ''}`,
  }));
  return {
    curves: plot.curves(history),
    curvesOne: plot.curves(
      { epochs: [1], train: { loss: [0.7] }, val: { loss: [0.9] } },
      { title: 'One epoch, loss only' },
    ),
    confusion: plot.confusion({ matrix: three.matrix, classes }),
    confusionMany: plot.confusion(
      { matrix: fourteen.matrix, classes: many },
      { title: 'Fourteen findings', normalize: 'none' },
    ),
    roc: plot.roc(three.truth, three.scores, { classes }),
    rocMany: plot.roc(fourteen.truth, fourteen.scores, { classes: many }),
    bars: plot.bars({
      train: { normal: 320, consolidation: 210, 'ground glass': 190 },
      val: { normal: 80, consolidation: 52, 'ground glass': 44 },
      test: { normal: 81, consolidation: 55 },
    }),
    barsMany: plot.bars({
      train: Object.fromEntries(many.map((c, i) => [c, 900 - 60 * i])),
      test: Object.fromEntries(many.map((c, i) => [c, 200 - 13 * i])),
    }),
    gallery: plot.gallery(films, { title: 'Films of the training part' }),
    galleryOne: plot.gallery([{ ...film(3, 320), outline: undefined }], {
      title: '<b>One</b> film & "no" caption',
    }),
    activations: plot.activations(maps(), { layer: 'block_6_expand' }),
    cam: plot.cam(
      films.slice(0, 4).map((f) => ({ ...f, cam: heat(f.centre, 7), camWidth: 7, camHeight: 7 })),
      { title: 'Grad-CAM of four held-out films' },
    ),
  };
}
