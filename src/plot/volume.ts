// A viewer of volumes: three planes, a slice and a window to choose, in one piece of HTML; and its still picture.

import { gzipSync } from 'node:zlib';
import { hexToRgb } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import type { Figure } from './figure.js';
import { grid } from './picture.js';
import { pngUrl } from '../png.js';
import { plain } from './text.js';
import { viewerHtml, type Packed } from './volume-viewer.js';
import { shrink, type Box3 } from './volume-shrink.js';

/** A scan as `data.readVolume` gives it; slices from the feet up, rows from front to back. */
export interface Scan {
  /** [depth, height, width]. */
  data: ArrayLike<number>;
  shape: readonly [depth: number, height: number, width: number];
  /** Millimetres from voxel to voxel, in the order of `shape`. */
  spacing: readonly [depth: number, height: number, width: number];
  /** 'HU' or ''. */
  unit?: string;
  /** [depth, height, width]; what isn't 0 is outlined. */
  mask?: ArrayLike<number>;
}

export interface VolumeOptions {
  /** Shown first. Default: lung for Hounsfield units, else from the 1st to the 99th hundredth of the values. */
  window?: { center: number; width: number };
  /** Most voxels on a side that the page gets; larger volumes are shrunk. Default 160. */
  size?: number;
  title?: string;
}

const LUNG = { center: -600, width: 1500 };
const OUTLINE = hexToRgb('#FFB000');

/**
 * A volume to scroll through: axial, coronal and sagittal planes of one point, with sliders for the slices, the window's centre and width.
 * The page gets it in 8 bits, shrunk to `size`, packed: a CT takes one to three megabytes.
 * @throws PlotError when the volume's lengths don't fit its shape
 */
export function volume(scan: Scan, { window, size = 160, title = 'Volume' }: VolumeOptions = {}): Figure {
  const { shape, spacing, data, mask } = scan;
  const count = shape[0] * shape[1] * shape[2];
  for (const [name, list] of [
    ['data', data],
    ['mask', mask],
  ] as const)
    if (list && list.length !== count)
      throw new PlotError(
        'shape',
        `volume: ${name} has ${list.length} values, but ${shape.join('×')} needs ${count}`,
      );
  if (!count) throw new PlotError('empty', 'volume: there are no voxels to show');
  if (!(Number.isInteger(size) && size >= 8 && size <= 512))
    throw new PlotError('option', `volume: size is ${size}, but it must be a whole number from 8 to 512`);
  const small = shrink(data, shape, spacing, size);
  const levels = levelsOf(small.data);
  const first = window ?? (scan.unit === 'HU' ? LUNG : middle(levels));
  if (!(first.width > 0) || !Number.isFinite(first.center))
    throw new PlotError(
      'option',
      `volume: window is ${JSON.stringify(first)}, but it must have a center and a width above 0`,
    );
  const outline = mask && shrink(mask, shape, spacing, size, 'most').data;
  const voxels = coded(small.data, levels);
  const still = stillOf({ voxels, levels, box: small, outline, window: first, title });
  const packed: Packed = {
    data: pack(voxels),
    ...(outline ? { mask: pack(Uint8Array.from(outline, (v) => (v ? 1 : 0))) } : {}),
    shape: small.shape,
    spacing: small.spacing,
    levels: levels.map((v) => Number(v.toPrecision(6))),
    window: first,
    whole: shape,
    unit: scan.unit ?? '',
  };
  const html = (): string => viewerHtml(packed, { title, still: still.svg() });
  return {
    ...still,
    html,
    [Symbol.for('Jupyter.display')]: () => ({
      'text/html': html(),
      'image/svg+xml': still.svg(),
      'text/plain': `${title}: ${still.summary}`,
    }),
  } as Figure;
}

/**
 * 256 values that stand for all: half of them evenly between the least and the greatest, half where most voxels are, so that a narrow window
 * has its greys too.
 */
function levelsOf(data: Float32Array): number[] {
  const step = Math.max(1, Math.floor(data.length / 100_000));
  const sample = Float32Array.from({ length: Math.ceil(data.length / step) }, (_, i) => data[i * step])
    .filter(Number.isFinite)
    .sort();
  if (!sample.length) return [0, 1];
  let [least, most] = [Infinity, -Infinity];
  for (const v of data) {
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const even = Array.from({ length: 128 }, (_, i) => least + ((most - least) * i) / 127);
  const often = Array.from({ length: 128 }, (_, i) => sample[Math.floor((i * (sample.length - 1)) / 127)]);
  return [...new Set([...even, ...often])].sort((a, b) => a - b);
}

function middle(levels: number[]): { center: number; width: number } {
  const [low, high] = [levels[Math.floor(levels.length * 0.01)], levels[Math.ceil(levels.length * 0.99) - 1]];
  return { center: (low + high) / 2, width: Math.max(high - low, 1e-6) };
}

/** Each value's nearest level. */
function coded(data: Float32Array, levels: number[]): Uint8Array {
  const least = levels[0];
  const range = levels[levels.length - 1] - least;
  if (!(range > 0)) return new Uint8Array(data.length);
  // a fine table from value to level
  const table = new Uint8Array(65536);
  let level = 0;
  for (let i = 0; i < table.length; i++) {
    const v = least + (range * i) / 65535;
    while (level + 1 < levels.length && levels[level + 1] - v <= v - levels[level]) level++;
    table[i] = level;
  }
  return Uint8Array.from(
    data,
    (v) => table[Math.max(0, Math.min(65535, Math.round(((v - least) / range) * 65535)))],
  );
}

const pack = (bytes: Uint8Array): string => gzipSync(bytes, { level: 9 }).toString('base64');

function stillOf({
  voxels,
  levels,
  box,
  outline,
  window: { center, width },
  title,
}: {
  voxels: Uint8Array;
  levels: number[];
  box: Box3;
  outline?: Float32Array;
  window: { center: number; width: number };
  title: string;
}): Figure {
  const [depth, height, across] = box.shape;
  const grey = Uint8Array.from(levels, (v) =>
    Math.max(0, Math.min(255, Math.round(((v - center) / width + 0.5) * 255))),
  );
  const middle = [depth >> 1, height >> 1, across >> 1];
  const [dz, dy, dx] = box.spacing;
  const planes = [
    {
      name: 'axial',
      h: height,
      w: across,
      tall: height * dy,
      wide: across * dx,
      at: (y: number, x: number) => (middle[0] * height + y) * across + x,
    },
    {
      name: 'coronal',
      h: depth,
      w: across,
      tall: depth * dz,
      wide: across * dx,
      at: (y: number, x: number) => ((depth - 1 - y) * height + middle[1]) * across + x,
    },
    {
      name: 'sagittal',
      h: depth,
      w: height,
      tall: depth * dz,
      wide: height * dy,
      at: (y: number, x: number) => ((depth - 1 - y) * height + x) * across + middle[2],
    },
  ];
  const tile = 280;
  return grid(
    planes.map(({ name, h, w, tall, wide, at }) => {
      const k = tile / Math.max(tall, wide);
      const [W, H] = [Math.max(1, Math.round(wide * k)), Math.max(1, Math.round(tall * k))];
      const rgb = new Uint8Array(W * H * 3);
      for (let y = 0; y < H; y++)
        for (let x = 0; x < W; x++) {
          const from = at(Math.floor((y * h) / H), Math.floor((x * w) / W));
          const v = grey[voxels[from]];
          rgb.set(outline?.[from] ? OUTLINE.map((c) => (c + v) >> 1) : [v, v, v], (y * W + x) * 3);
        }
      return { source: pngUrl(rgb, W, H), width: W, height: H, caption: name };
    }),
    {
      title,
      columns: 3,
      tile,
      summary: `${box.whole.join(' × ')} voxels, window ${plain(`${center} ± ${width / 2}`)}`,
    },
  );
}
