// A confusion matrix as a picture: counts and shares of the true class, in cells whose colour tells the share.

import { BLUES, onScale, textOn } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import { figure, titleHeight, type Figure } from './figure.js';
import { axis } from './frame.js';
import type { Annotation } from './spec.js';
import { plain, shorten, textWidth } from './text.js';

/**
 * Confusion matrix, true classes in rows, predicted ones in columns. Each cell says how many samples and
 * which share of the true class.
 * @param source a report of `metrics.report`, or `{ matrix, classes }`, `matrix[true][predicted]`
 * @param options.normalize what the colour means: `rows` the share of the true class, `none` the count
 * @throws PlotError when the matrix isn't square or doesn't fit the classes
 */
export function confusion(
  source: { confusion: number[][]; classes: string[] } | { matrix: number[][]; classes: string[] },
  { normalize = 'rows', title = 'Confusion matrix' }: { normalize?: 'rows' | 'none'; title?: string } = {},
): Figure {
  const { classes } = source;
  const matrix = 'matrix' in source ? source.matrix : source.confusion;
  const k = classes.length;
  if (!k) throw new PlotError('empty', 'confusion: there are no classes to show');
  if (normalize !== 'rows' && normalize !== 'none')
    throw new PlotError('option', `confusion: normalize is '${normalize}', but it must be 'rows' or 'none'`);
  if (matrix.length !== k || matrix.some((row) => row.length !== k))
    throw new PlotError(
      'shape',
      `confusion: the matrix is ${matrix.length}×${matrix[0]?.length ?? 0} but there are ${k} classes; it must be ${k}×${k}`,
    );
  for (const v of matrix.flat())
    if (!(v >= 0 && Number.isFinite(v)))
      throw new PlotError('value', `confusion: a cell holds ${v}; counts are finite and not negative`);

  const sums = matrix.map((row) => row.reduce((a, b) => a + b, 0));
  const share = matrix.map((row, i) => row.map((v) => (sums[i] ? v / sums[i] : 0)));
  const z = normalize === 'rows' ? share : matrix;
  const zmax = normalize === 'rows' ? 1 : Math.max(1, ...matrix.flat());
  const cell = Math.min(120, Math.max(46, 540 / k));
  const size = cell < 60 ? 11 : 14;
  const annotations: Annotation[] = matrix.flatMap((row, i) =>
    row.map((v, j) => ({
      text: `${v}<br>${sums[i] ? percent(share[i][j]) : '–'}`,
      x: j,
      y: i,
      xref: 'x',
      yref: 'y',
      xanchor: 'center' as const,
      yanchor: 'middle' as const,
      showarrow: false as const,
      font: { size, color: textOn(onScale(BLUES, z[i][j] / zmax)) },
    })),
  );
  const short = classes.map((c) => shorten(c, 12, 170));
  const widest = Math.max(...short.map((c) => textWidth(c, 12)));
  const angle = widest > cell - 6 ? -40 : 0;
  const margin = {
    l: Math.max(70, (angle ? widest * 0.2 : 0) + widest + 46),
    r: 24,
    t: titleHeight(title, 400) + 10,
    b: 54 + (angle ? widest * 0.66 : 0),
  };
  const width = Math.max(360, margin.l + margin.r + cell * k);
  margin.t = titleHeight(title, width) + 10;
  margin.r = width - margin.l - cell * k;
  const all = sums.reduce((a, b) => a + b, 0);
  const right = matrix.reduce((a, row, i) => a + row[i], 0);
  const ticks = {
    tickmode: 'array' as const,
    tickvals: classes.map((_, i) => i),
    ticktext: short.map(plain),
  };
  return figure({
    title,
    summary: `${right} of ${all} right (${all ? percent(right / all) : '–'}), ${k} classes: ${classes.join(', ')}`,
    data: [
      {
        type: 'heatmap',
        z,
        x: ticks.tickvals,
        y: ticks.tickvals,
        zmin: 0,
        zmax,
        colorscale: BLUES,
        showscale: false,
        xgap: 2,
        ygap: 2,
        text: matrix.map((row, i) =>
          row.map((v, j) => plain(`true ${classes[i]}, predicted ${classes[j]}: ${v}`)),
        ),
        hovertemplate: '%{text}<extra></extra>',
      },
    ],
    layout: {
      margin,
      annotations,
      xaxis: axis('predicted', {
        ...ticks,
        range: [-0.5, k - 0.5],
        tickangle: angle,
        showgrid: false,
        showline: false,
      }),
      yaxis: axis('true', { ...ticks, range: [k - 0.5, -0.5], showgrid: false, showline: false }),
      hovermode: 'closest',
    },
    width: Math.round(width),
    height: Math.round(margin.t + margin.b + cell * k),
  });
}

function percent(share: number): string {
  const p = share * 100;
  return `${p > 0 && p < 10 ? p.toFixed(1) : p.toFixed(0)} %`;
}
