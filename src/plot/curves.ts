// Training curves: the loss at the left, the metrics at the right, training against validation.

import { AXIS, MUTED, series } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import { figure, titleHeight, type Figure } from './figure.js';
import { axis, LEGEND_ABOVE } from './frame.js';
import type { Annotation, Layout, LineShape, Trace } from './spec.js';
import { legendRows } from './static.js';
import { plain } from './text.js';
import { niceStep } from './ticks.js';

/** Values by epoch; `train` and `val` hold a list for each name, `loss` among them. */
export interface CurvesHistory {
  epochs: readonly number[];
  train: Readonly<Record<string, readonly number[]>>;
  val?: Readonly<Record<string, readonly number[]>>;
  /** The epoch whose weights were kept. */
  best?: number;
}

const WIDE = 900;

/**
 * Loss and metrics over the epochs in two panels; validation solid, training dotted.
 * @param options.title above the figure
 * @throws PlotError when there is no epoch, or a list is not as long as `epochs`
 */
export function curves(
  history: CurvesHistory,
  { title = 'Training curves' }: { title?: string } = {},
): Figure {
  const { epochs, train, val = {}, best } = history;
  if (!epochs.length)
    throw new PlotError('empty', 'curves: the history has no epoch yet; train at least one');
  const names = [...new Set([...Object.keys(train), ...Object.keys(val)])];
  for (const [part, lists] of Object.entries({ train, val }))
    for (const [name, list] of Object.entries(lists))
      if (list.length !== epochs.length)
        throw new PlotError(
          'shape',
          `curves: ${part}.${name} has ${list.length} values for ${epochs.length} epochs; give one value an epoch`,
        );
  if (!names.length) throw new PlotError('empty', 'curves: the history has neither a loss nor a metric');

  const metrics = names.filter((name) => name !== 'loss');
  const panels = [names.includes('loss') ? ['loss'] : [], metrics].filter((p) => p.length);
  const width = panels.length > 1 ? WIDE : 560;
  const data: Trace[] = [];
  const shapes: LineShape[] = [];
  const annotations: Annotation[] = [];
  const axes: Partial<Layout> = {};
  const lo = epochs[0];
  const hi = epochs[epochs.length - 1];
  const pad = hi > lo ? (hi - lo) * 0.04 : 1;
  panels.forEach((members, p) => {
    const s = p ? '2' : '';
    const domain: [number, number] = panels.length === 1 ? [0, 1] : p ? [0.56, 1] : [0, 0.44];
    axes[`xaxis${s}`] = axis('epoch', {
      domain,
      anchor: `y${s}`,
      range: [lo - pad, hi + pad],
      tick0: 0,
      dtick: Math.max(1, Math.round(niceStep(hi - lo || 1, 6))),
      showgrid: false,
    });
    axes[`yaxis${s}`] = axis(members.length === 1 ? members[0] : 'metrics', { anchor: `x${s}` });
    for (const name of members) {
      const { color } = series(names.indexOf(name));
      for (const [part, lists] of [
        ['val', val],
        ['train', train],
      ] as const) {
        const list = lists[name];
        if (!list) continue;
        data.push({
          type: 'scatter',
          mode: 'lines+markers',
          x: [...epochs],
          y: list.map((v) => (Number.isFinite(v) ? v : null)),
          name: plain(`${name}, ${part === 'val' ? 'validation' : 'training'}`),
          line: { color, width: part === 'val' ? 2.5 : 1.5, dash: part === 'val' ? 'solid' : 'dot' },
          marker: { color, size: part === 'val' ? 6 : 4 },
          xaxis: `x${s}`,
          yaxis: `y${s}`,
          hovertemplate: '%{y:.4f}',
        });
      }
    }
    if (best === undefined) return;
    shapes.push({
      type: 'line',
      x0: best,
      x1: best,
      y0: 0,
      y1: 1,
      xref: `x${s}`,
      yref: `y${s} domain`,
      line: { color: AXIS, width: 1.5, dash: 'dash' },
    });
    const late = best > (lo + hi) / 2;
    annotations.push({
      text: late ? `best: epoch ${best}\u00a0` : `\u00a0best: epoch ${best}`,
      x: best,
      y: p || members[0] !== 'loss' ? 0.02 : 0.98,
      xref: `x${s}`,
      yref: `y${s} domain`,
      xanchor: late ? 'right' : 'left',
      yanchor: p || members[0] !== 'loss' ? 'bottom' : 'top',
      showarrow: false,
      font: { size: 12, color: MUTED },
    });
  });
  const margin = { l: 76, r: 24, t: 0, b: 56 };
  const rows = legendRows(
    data.map((t) => t.name!),
    12,
    width - margin.l - margin.r,
  ).count;
  margin.t = titleHeight(title, width) + 14 + 20 * rows;
  const last = (lists: typeof train, name: string): string => {
    const v = lists[name]?.[epochs.length - 1];
    return v === undefined ? '' : `${name} ${v.toFixed(4)}`;
  };
  const end = (lists: typeof train): string =>
    names
      .map((name) => last(lists, name))
      .filter(Boolean)
      .join(', ');
  return figure({
    title,
    summary:
      `${epochs.length} epoch${epochs.length > 1 ? 's' : ''}; at the end training ${end(train) || '–'}` +
      (end(val) ? `; validation ${end(val)}` : '') +
      (best === undefined ? '' : `; best epoch ${best}`),
    data,
    layout: {
      ...axes,
      margin,
      shapes,
      annotations,
      showlegend: true,
      legend: LEGEND_ABOVE,
      hovermode: 'x unified',
    },
    width,
    height: 300 + margin.t,
  });
}
