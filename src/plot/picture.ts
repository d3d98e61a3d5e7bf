// Grey pictures: to a size, outlines of masks, and a grid of pictures with captions as one figure.

import type { Rgb } from './colors.js';
import { MUTED } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import { figure, titleHeight, type Figure } from './figure.js';
import { positive } from './frame.js';
import type { Annotation, LayoutImage } from './spec.js';
import { plain, wrap } from './text.js';

/** A grey film. Floats are 0…1, or 0…255 where a value above 1 occurs; bytes are 0…255. */
export interface Film {
  pixels: Uint8Array | Uint8ClampedArray | Float32Array;
  width: number;
  height: number;
  caption?: string;
  /** Lesion mask `[height, width]`; what isn't 0 lies inside. */
  outline?: ArrayLike<number>;
}

/** Throws unless the film's lists fit its size. */
export function checkFilm(film: Film, where: string): void {
  const { width, height, pixels, outline } = film;
  positive(`${where}: width`, width);
  positive(`${where}: height`, height);
  for (const [name, list] of [
    ['pixels', pixels],
    ['outline', outline],
  ] as const)
    if (list && list.length !== width * height)
      throw new PlotError(
        'shape',
        `${where}: ${name} has ${list.length} values, but ${width}×${height} needs ${width * height} (one grey value a pixel)`,
      );
}

/** Size to show a film at: its own, but within `[least, most]` on the longer side. */
export function sizeWithin(width: number, height: number, least: number, most: number): [number, number] {
  const long = Math.max(width, height);
  const k = Math.min(most, Math.max(least, long)) / long;
  return [Math.max(1, Math.round(width * k)), Math.max(1, Math.round(height * k))];
}

/** The film's grey values 0…255 at another size. */
export function greyAt(film: Film, width: number, height: number): Uint8Array {
  let gain = 1;
  if (film.pixels instanceof Float32Array) {
    let top = 0;
    for (const v of film.pixels) if (v > top) top = v;
    gain = top > 1.0001 ? 1 : 255;
  }
  const out = resample(film.pixels, film.width, film.height, width, height);
  return Uint8Array.from(out, (v) => Math.min(255, Math.max(0, Math.round(v * gain))));
}

/** Resizes: bilinear, its triangle as wide as the step when shrinking; pixel centres aligned. */
export function resample(
  source: ArrayLike<number>,
  w: number,
  h: number,
  width: number,
  height: number,
): Float32Array {
  const across = weights(w, width);
  const down = weights(h, height);
  const rows = new Float32Array(h * width);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [i, f] of across[x]) sum += f * source[y * w + i];
      rows[y * width + x] = sum;
    }
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++)
    for (const [i, f] of down[y])
      for (let x = 0; x < width; x++) out[y * width + x] += f * rows[i * width + x];
  return out;
}

function weights(from: number, to: number): Array<Array<[number, number]>> {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, o) => {
    const centre = (o + 0.5) * scale - 0.5;
    const parts = new Map<number, number>();
    let sum = 0;
    for (let i = Math.ceil(centre - reach); i <= Math.floor(centre + reach); i++) {
      const f = 1 - Math.abs(i - centre) / reach;
      if (f <= 0) continue;
      const at = Math.min(from - 1, Math.max(0, i));
      parts.set(at, (parts.get(at) ?? 0) + f);
      sum += f;
    }
    return [...parts].map(([i, f]) => [i, f / sum]);
  });
}

/**
 * Pixels of a mask's edge at another size: 1 on the line (2 pixels wide, inside the mask), 2 on the
 * pixel around it, else 0.
 */
export function edgeOf(
  mask: ArrayLike<number>,
  w: number,
  h: number,
  width: number,
  height: number,
): Uint8Array {
  const soft = resample(
    Float32Array.from(mask as ArrayLike<number>, (v) => (v ? 1 : 0)),
    w,
    h,
    width,
    height,
  );
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && soft[y * width + x] >= 0.5;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const me = inside(x, y);
      let near = 9;
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++)
          if (inside(x + dx, y + dy) !== me) near = Math.min(near, Math.hypot(dx, dy));
      if (me ? near <= 2 : near <= 1) out[y * width + x] = me ? 1 : 2;
    }
  return out;
}

/** Paints RGB pixels where a test says so. */
export function paint(rgb: Uint8Array, color: Rgb, where: (i: number) => boolean): void {
  for (let i = 0; i * 3 < rgb.length; i++) if (where(i)) rgb.set(color, i * 3);
}

export interface Tile {
  source: string;
  width: number;
  height: number;
  caption?: string;
}

export interface GridOptions {
  title: string;
  summary: string;
  columns: number;
  /** Width of a tile in pixels. */
  tile: number;
  /** A strip at the right that explains the colours, its ends named. */
  scale?: { source: string; low: string; high: string };
}

const GAP = 12;
const CAPTION = 12;

/** Tiles in a grid, captions below them, as one figure whose axes are pixels. */
export function grid(tiles: Tile[], { title, summary, columns, tile, scale }: GridOptions): Figure {
  const texts = tiles.map((t) => (t.caption ? wrap(t.caption, CAPTION, tile, 2) : []));
  const lines = Math.max(...texts.map((t) => t.length));
  const tall = Math.round(tile * Math.max(...tiles.map((t) => t.height / t.width)));
  const rowHeight = tall + GAP + (lines ? 4 + lines * CAPTION * 1.3 : 0);
  const rows = Math.ceil(tiles.length / columns);
  const inner = columns * (tile + GAP) - GAP + (scale ? 64 : 0);
  const margin = { l: 16, r: 16, t: titleHeight(title, Math.max(320, inner + 32)) + 6, b: 8 };
  const width = Math.max(320, inner + margin.l + margin.r);
  const w = width - margin.l - margin.r;
  const h = Math.ceil(rows * rowHeight);
  const images: LayoutImage[] = [];
  const annotations: Annotation[] = [];
  const on = { xref: 'x', yref: 'y' };
  const put = (
    source: string,
    x: number,
    y: number,
    sizex: number,
    sizey: number,
    fit: LayoutImage['sizing'],
  ): void =>
    void images.push({
      source,
      x,
      y,
      sizex,
      sizey,
      ...on,
      xanchor: 'left',
      yanchor: 'top',
      sizing: fit,
      layer: 'above',
    });
  const say = (text: string, x: number, y: number, more: Partial<Annotation>): void =>
    void annotations.push({
      text,
      x,
      y,
      ...on,
      xanchor: 'center',
      yanchor: 'top',
      showarrow: false,
      font: { size: CAPTION },
      ...more,
    });
  tiles.forEach((t, i) => {
    const x = (i % columns) * (tile + GAP);
    const y = Math.floor(i / columns) * rowHeight;
    put(t.source, x, y, tile, tall, 'contain');
    if (texts[i].length)
      say(texts[i].map(plain).join('<br>'), x + tile / 2, y + tall, {
        ...(texts[i].join('').includes('…') ? { hovertext: plain(t.caption!), captureevents: true } : {}),
      });
  });
  if (scale) {
    const x = columns * (tile + GAP) + 4;
    put(scale.source, x, 0, 12, tall, 'stretch');
    const font = { size: 11, color: MUTED };
    say(plain(scale.high), x + 16, 0, { xanchor: 'left', font });
    say(plain(scale.low), x + 16, tall, { xanchor: 'left', yanchor: 'bottom', font });
  }
  const hidden = { visible: false, fixedrange: false };
  return figure({
    title,
    summary,
    data: [{ type: 'scatter', mode: 'markers', x: [null], y: [null], hoverinfo: 'skip', showlegend: false }],
    layout: {
      margin,
      images,
      annotations,
      hovermode: 'closest',
      dragmode: 'zoom',
      xaxis: { ...hidden, range: [0, w] },
      yaxis: { ...hidden, range: [h, 0], scaleanchor: 'x', constrain: 'domain' },
    },
    width,
    height: h + margin.t + margin.b,
    pictures: true,
  });
}
