// The state of a running training as a small piece of HTML: bar, numbers, sparklines. No script.

import { barHtml, duration } from '../progress/draw.js';
import { PALETTE } from './colors.js';
import type { CurvesHistory } from './curves.js';
import { xml } from '../markup.js';

export interface LiveState {
  /** The running epoch, from 1. */
  epoch: number;
  epochs: number;
  /** Steps done in this epoch. */
  step: number;
  steps: number;
  imagesPerSecond?: number;
  secondsLeft?: number;
  history?: CurvesHistory;
  /** How it ended, when it has: `stopped early`, `interrupted`, … and what was kept; in place of the step and the time left. */
  ended?: string;
}

/** HTML to display and update while training; under 20 kB whatever the history's length. */
export function liveHtml(state: LiveState): string {
  const { epoch, epochs, step, steps, imagesPerSecond, secondsLeft, history, ended } = state;
  const done = (epoch - 1 + (steps ? step / steps : 0)) / Math.max(1, epochs);
  const facts = [
    `epoch ${epoch} of ${epochs}`,
    ended ?? `step ${step} of ${steps}`,
    Number.isFinite(imagesPerSecond)
      ? `${imagesPerSecond!.toFixed(imagesPerSecond! < 10 ? 1 : 0)} images/s`
      : '',
    !ended && Number.isFinite(secondsLeft) ? `${duration(secondsLeft!)} left` : '',
  ].filter(Boolean);
  const names = history
    ? [...new Set([...Object.keys(history.train), ...Object.keys(history.val ?? {})])].slice(0, 4)
    : [];
  return (
    `<div class="cellgrad-live" style="font:13px Arial,Helvetica,sans-serif;max-width:640px;background:#fff;color:#1f2933;padding:6px 8px">` +
    barHtml(done) +
    `<div style="margin:6px 0">${facts.map(xml).join(' &#183; ')}</div>` +
    `<div style="display:flex;flex-wrap:wrap;gap:18px">${names.map((name) => spark(name, history!)).join('')}</div></div>`
  );
}

function spark(name: string, history: CurvesHistory): string {
  const lists = [
    { part: 'validation', list: history.val?.[name] ?? [], color: PALETTE[1] },
    { part: 'training', list: history.train[name] ?? [], color: PALETTE[0] },
  ].filter((l) => l.list.length);
  const values = lists.flatMap((l) => l.list).filter(Number.isFinite);
  if (!values.length) return '';
  const lo = values.reduce((a, b) => Math.min(a, b));
  const hi = values.reduce((a, b) => Math.max(a, b));
  const [w, h] = [180, 44];
  const drawn = lists.map(({ list, color }) => {
    const every = Math.max(1, Math.ceil(list.length / 90));
    const points = list
      .map((v, i) => ({ v, i }))
      .filter(({ v, i }) => Number.isFinite(v) && (i % every === 0 || i === list.length - 1))
      .map(({ v, i }) => [
        3 + (list.length > 1 ? i / (list.length - 1) : 0) * (w - 6),
        h - 3 - (hi > lo ? (v - lo) / (hi - lo) : 0.5) * (h - 6),
      ]);
    if (!points.length) return '';
    const [x, y] = points[points.length - 1];
    const line = points.map((p) => p.map((v) => v.toFixed(1)).join(',')).join(' ');
    return `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="1.8"/><circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.6" fill="${color}"/>`;
  });
  const now = lists.map(
    (l) => `<span style="color:${l.color}">&#9679;</span> ${l.part} ${brief(l.list[l.list.length - 1])}`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"><rect width="${w}" height="${h}" fill="#f5f7fa"/>${drawn.join('')}</svg>`;
  // as a picture, since JupyterLab takes bare SVG out of a notebook that it did not run itself
  return (
    `<div><div style="font-weight:bold">${xml(name)}</div>` +
    `<img width="${w}" height="${h}" alt="${xml(name)} by epoch" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"/>` +
    `<div style="font-size:12px">${now.reverse().join(' &#160; ')}</div></div>`
  );
}

function brief(v: number): string {
  return Number.isFinite(v) ? v.toPrecision(4) : 'no number';
}
