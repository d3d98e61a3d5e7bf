// Class activation maps over the film they explain, the lesion outlined.

import { palette, TURBO } from './colors.js';
import { scaleStrip } from './activations.js';
import { PlotError } from '../plotly/errors.js';
import type { Figure } from './figure.js';
import { positive } from './frame.js';
import { checkFilm, edgeOf, greyAt, grid, paint, resample, sizeWithin, type Film } from './picture.js';
import { pngUrl } from '../png.js';

/** A film and its map, `cam[camHeight, camWidth]` in 0…1, of any resolution. */
export interface CamFilm extends Film {
  cam: Float32Array;
  camWidth: number;
  camHeight: number;
}

const COLORS = palette(TURBO);
const BETWEEN = 4;

/**
 * Films in pairs: as it is, and under its heat map; both with the lesion's outline where there is one.
 * The heat covers the film the more, the higher its value.
 * @param options.columns pairs in a row (2, or fewer films)
 * @throws PlotError when there is no film or lists don't fit their sizes
 */
export function cam(
  films: readonly CamFilm[],
  {
    columns = Math.min(2, films.length),
    title = 'What the network looked at (class activation maps)',
  }: { columns?: number; title?: string } = {},
): Figure {
  if (!films.length) throw new PlotError('empty', 'cam: there are no films to show');
  positive('cam: columns', columns);
  films.forEach((film, i) => {
    checkFilm(film, `cam: film ${i}`);
    if (film.cam.length !== film.camWidth * film.camHeight)
      throw new PlotError(
        'shape',
        `cam: film ${i}: the map has ${film.cam.length} values, but ${film.camWidth}×${film.camHeight} needs ${film.camWidth * film.camHeight}`,
      );
  });
  const tile = Math.max(160, Math.min(440, Math.floor(820 / columns) - 12));
  return grid(
    films.map((film) => {
      const half = (tile - BETWEEN) / 2;
      const [w, h] = sizeWithin(film.width, film.height, half, Math.round(half * 1.5));
      const wide = 2 * w + BETWEEN;
      const rgb = new Uint8Array(wide * h * 3).fill(255);
      const grey = greyAt(film, w, h);
      const heat = resample(film.cam, film.camWidth, film.camHeight, w, h);
      const edge = film.outline && edgeOf(film.outline, film.width, film.height, w, h);
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
          const i = y * w + x;
          const left = (y * wide + x) * 3;
          const right = left + (w + BETWEEN) * 3;
          const t = Number.isFinite(heat[i]) ? Math.min(1, Math.max(0, heat[i])) : 0;
          const cover = 0.6 * Math.min(1, 2.5 * t);
          for (let c = 0; c < 3; c++) {
            rgb[left + c] = grey[i];
            rgb[right + c] = grey[i] * (1 - cover) + COLORS[Math.round(t * 255)][c] * cover;
          }
        }
      if (edge) {
        // White with a dark rim is seen on every colour of the heat.
        const at = (i: number): number => {
          const x = i % wide;
          return x < w || x >= w + BETWEEN ? edge[Math.floor(i / wide) * w + (x % (w + BETWEEN))] : 0;
        };
        paint(rgb, [0, 0, 0], (i) => at(i) === 2);
        paint(rgb, [255, 255, 255], (i) => at(i) === 1);
      }
      return { source: pngUrl(rgb, wide, h), width: wide, height: h, caption: film.caption };
    }),
    {
      title,
      columns: Math.min(columns, films.length),
      tile,
      scale: scaleStrip(COLORS, 'weak', 'strong'),
      summary: `${films.length} film${films.length > 1 ? 's' : ''}: ${films.map((f) => f.caption ?? '–').join(', ')}`,
    },
  );
}
