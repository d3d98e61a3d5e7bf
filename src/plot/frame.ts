// The look of axes and legends that all charts share, and checks that several of them make.

import { AXIS, GRID } from './colors.js';
import { PlotError } from '../plotly/errors.js';
import type { Axis, Layout } from './spec.js';
import { plain } from './text.js';

export function axis(title: string, more: Axis = {}): Axis {
  return {
    ...(title ? { title: { text: plain(title), font: { size: 13 }, standoff: 10 } } : {}),
    gridcolor: GRID,
    linecolor: AXIS,
    showline: true,
    zeroline: false,
    // Unseen ticks keep the labels off the axis.
    ticks: 'outside',
    ticklen: 5,
    tickcolor: 'rgba(0,0,0,0)',
    ...more,
  };
}

/** A legend in rows above the chart. */
export const LEGEND_ABOVE: Layout['legend'] = {
  orientation: 'h',
  x: 0,
  xanchor: 'left',
  y: 1.02,
  yanchor: 'bottom',
  font: { size: 12 },
};

/** A legend in a column at the right of the chart. */
export const LEGEND_RIGHT: Layout['legend'] = {
  orientation: 'v',
  x: 1.02,
  xanchor: 'left',
  y: 1,
  yanchor: 'top',
  font: { size: 12 },
};

/** Throws unless `value` is a whole number of at least 1. */
export function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new PlotError('option', `${name} is ${value}, but it must be a whole number of at least 1`);
}
