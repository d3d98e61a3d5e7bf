// Activation maps of a layer as small multiples, the strongest channels first.

import { palette, VIRIDIS } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import type { Figure } from './figure.js';
import { positive } from './frame.js';
import { grid } from './picture.js';
import { pngUrl } from '../png.js';

/** Output of a layer for one film, channels last: `data[(y · width + x) · channels + channel]`. */
export interface ActivationMaps {
  data: Float32Array;
  height: number;
  width: number;
  channels: number;
}

const COLORS = palette(VIRIDIS);

/**
 * A layer's activation maps. Each map has its own scale from its least to its greatest value, which the
 * caption names; maps are ordered by their mean absolute activation.
 * @param options.channels how many maps, or which channels
 * @param options.columns maps in a row
 * @param options.layer the layer's name, for the title
 * @throws PlotError when the data don't fit the shape or a channel doesn't exist
 */
export function activations(
  maps: ActivationMaps,
  {
    columns = 8,
    channels = 16,
    layer,
    title = layer ? `Activation maps of ${layer}` : 'Activation maps',
  }: { columns?: number; channels?: number | readonly number[]; layer?: string; title?: string } = {},
): Figure {
  const { data, height, width, channels: all } = maps;
  for (const [name, v] of Object.entries({ height, width, channels: all }))
    positive(`activations: ${name}`, v);
  if (data.length !== height * width * all)
    throw new PlotError(
      'shape',
      `activations: data has ${data.length} values, but ${height}×${width}×${all} needs ${height * width * all}; give the maps of one film`,
    );
  positive('activations: columns', columns);
  const strength = new Float64Array(all);
  for (let i = 0; i < data.length; i++) strength[i % all] += Math.abs(data[i]) / (width * height);
  let shown: number[];
  if (typeof channels === 'number') {
    positive('activations: channels', channels);
    const rank = (c: number): number => (Number.isNaN(strength[c]) ? -1 : strength[c]);
    shown = Array.from({ length: all }, (_, c) => c)
      .sort((a, b) => rank(b) - rank(a))
      .slice(0, channels);
  } else shown = [...channels];
  if (!shown.length) throw new PlotError('empty', 'activations: the list of channels is empty');
  for (const c of shown)
    if (!(Number.isInteger(c) && c >= 0 && c < all))
      throw new PlotError('option', `activations: channel ${c} is outside 0…${all - 1}`);

  const across = Math.min(columns, shown.length);
  const tile = Math.max(64, Math.min(150, Math.floor(880 / across) - 12));
  return grid(
    shown.map((c) => {
      let lo = Infinity;
      let hi = -Infinity;
      for (let i = c; i < data.length; i += all)
        if (Number.isFinite(data[i])) [lo, hi] = [Math.min(lo, data[i]), Math.max(hi, data[i])];
      // Whole multiples, so that the cells of a coarse map stay sharp squares.
      const k = Math.max(1, Math.round((tile * 1.5) / Math.max(width, height)));
      const pixels = new Uint8Array(width * k * height * k);
      for (let y = 0; y < height * k; y++)
        for (let x = 0; x < width * k; x++) {
          const v = data[(Math.floor(y / k) * width + Math.floor(x / k)) * all + c];
          pixels[y * width * k + x] =
            hi > lo && Number.isFinite(v) ? Math.round(((v - lo) / (hi - lo)) * 255) : 0;
        }
      return {
        source: pngUrl(pixels, width * k, height * k, { palette: COLORS }),
        width: width * k,
        height: height * k,
        caption: `channel ${c}\n${lo > hi ? 'no number' : `${brief(lo)} … ${brief(hi)}`}`,
      };
    }),
    {
      title,
      columns: across,
      tile,
      scale: scaleStrip(COLORS, 'min', 'max'),
      summary: `${shown.length} of ${all} channels, ${height}×${width}: ${shown.join(', ')}`,
    },
  );
}

/** A vertical strip of a palette, the highest value on top. */
export function scaleStrip(
  colors: typeof COLORS,
  low: string,
  high: string,
): { source: string; low: string; high: string } {
  return {
    source: pngUrl(
      Uint8Array.from({ length: 256 }, (_, i) => 255 - i),
      1,
      256,
      { palette: colors },
    ),
    low,
    high,
  };
}

function brief(v: number): string {
  const size = Math.abs(v);
  return (
    size !== 0 && (size < 0.005 || size >= 10000) ? v.toExponential(0) : v.toFixed(size < 10 ? 2 : 0)
  ).replace('-', '−');
}
