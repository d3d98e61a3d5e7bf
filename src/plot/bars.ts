// Counts by class and split as grouped bars.

import { INK, series } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import { figure, titleHeight, type Figure } from './figure.js';
import { axis, LEGEND_ABOVE } from './frame.js';
import type { Trace } from './spec.js';
import { legendRows } from './static.js';
import { plain, shorten, textWidth } from './text.js';

/**
 * Class counts by split.
 * @param counts `{ train: { normal: 120, … }, val: { … } }`; a class that a split lacks counts 0
 * @param options.classes order of the classes; by default as they come
 * @param options.unit what is counted, the label of the axis
 * @throws PlotError when there is nothing to count or a count is negative or not finite
 */
export function bars(
  counts: Readonly<Record<string, Readonly<Record<string, number>>>>,
  {
    classes = [...new Set(Object.values(counts).flatMap((c) => Object.keys(c)))],
    title = 'Films by class and split',
    unit = 'films',
  }: { classes?: string[]; title?: string; unit?: string } = {},
): Figure {
  const splits = Object.keys(counts);
  if (!splits.length || !classes.length) throw new PlotError('empty', 'bars: there are no counts to show');
  for (const s of splits)
    for (const [c, v] of Object.entries(counts[s])) {
      if (!(v >= 0 && Number.isFinite(v))) throw new PlotError('value', `bars: ${s}, ${c} counts ${v}`);
      if (!classes.includes(c))
        throw new PlotError(
          'value',
          `bars: ${s} counts '${c}', which is not among the classes ${classes.join(', ')}`,
        );
    }
  const width = Math.min(1100, Math.max(560, 140 + classes.length * Math.max(70, splits.length * 34)));
  const each = (width - 100) / classes.length;
  const widest = Math.max(...classes.map((c) => textWidth(shorten(c, 12, 170), 12)));
  const angle = widest > each - 8 ? -40 : 0;
  const data: Trace[] = splits.map((s, i) => ({
    type: 'bar',
    x: classes.map((_, c) => c),
    y: classes.map((c) => counts[s][c] ?? 0),
    name: plain(s),
    marker: { color: series(i).color },
    text: classes.map((c) => String(counts[s][c] ?? 0)),
    textposition: 'outside',
    cliponaxis: false,
    textfont: { size: 11, color: INK },
    customdata: classes.map(plain),
    hovertemplate: '%{customdata}: %{y}',
  }));
  const top = Math.max(1, ...data.flatMap((t) => t.y as number[]));
  const margin = { l: 76, r: 24, t: 0, b: 34 + (angle ? widest * 0.66 : 0) };
  const rows = legendRows(splits, 12, width - margin.l - margin.r).count;
  margin.t = titleHeight(title, width) + 16 + 20 * rows;
  return figure({
    title,
    summary: splits
      .map((s) => `${s} ${classes.map((c) => `${c} ${counts[s][c] ?? 0}`).join(', ')}`)
      .join('; '),
    data,
    layout: {
      margin,
      barmode: 'group',
      bargap: 0.25,
      showlegend: true,
      legend: LEGEND_ABOVE,
      hovermode: 'closest',
      xaxis: axis('', {
        tickmode: 'array',
        tickvals: classes.map((_, i) => i),
        ticktext: classes.map((c) => plain(shorten(c, 12, 170))),
        range: [-0.5, classes.length - 0.5],
        tickangle: angle,
        showgrid: false,
      }),
      yaxis: axis(unit, { range: [0, top * 1.1] }),
    },
    width: Math.round(width),
    height: Math.round(260 + margin.t + margin.b),
  });
}
