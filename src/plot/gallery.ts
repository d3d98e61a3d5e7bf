// A grid of grey films with captions, lesions outlined.

import { hexToRgb, type Rgb } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import type { Figure } from './figure.js';
import { positive } from './frame.js';
import { checkFilm, edgeOf, greyAt, grid, sizeWithin, type Film } from './picture.js';
import { pngUrl } from '../png.js';

const OUTLINE = hexToRgb('#FFB000');

/** Grey values 0…254, then the colour of the outline: a film stays one byte a pixel. */
const FILM_PALETTE: Rgb[] = Array.from({ length: 256 }, (_, i) => (i === 255 ? OUTLINE : [i, i, i]));

/**
 * Films side by side.
 * @param films grey films with captions; an `outline` mask is drawn as a coloured line
 * @param options.columns films in a row (4, or fewer films)
 * @throws PlotError when there is no film or a film's pixels don't fit its size
 */
export function gallery(
  films: readonly Film[],
  { columns = Math.min(4, films.length), title = 'Films' }: { columns?: number; title?: string } = {},
): Figure {
  if (!films.length) throw new PlotError('empty', 'gallery: there are no films to show');
  positive('gallery: columns', columns);
  films.forEach((film, i) => checkFilm(film, `gallery: film ${i}`));
  const across = Math.min(columns, films.length);
  const tile = Math.max(72, Math.min(220, Math.floor(880 / columns) - 12));
  return grid(
    films.map((film) => {
      const [w, h] = sizeWithin(film.width, film.height, tile, Math.round(tile * 1.5));
      const grey = greyAt(film, w, h);
      const edge = film.outline && edgeOf(film.outline, film.width, film.height, w, h);
      const source = edge
        ? pngUrl(
            grey.map((v, i) => (edge[i] === 1 ? 255 : Math.min(254, v))),
            w,
            h,
            { palette: FILM_PALETTE },
          )
        : pngUrl(grey, w, h);
      return { source, width: w, height: h, caption: film.caption };
    }),
    {
      title,
      columns: across,
      tile,
      summary: `${films.length} film${films.length > 1 ? 's' : ''}: ${films.map((f) => f.caption ?? '–').join(', ')}`,
    },
  );
}
