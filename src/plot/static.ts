// Draws a figure's plotly description as SVG, without a browser: the still picture that is there when
// scripts aren't. Knows what our figures use: scatter, bar, heatmap, images, annotations, lines, legend.

import { AXIS, GRID, MUTED, onScale, rgbToHex } from './colors.js';
import type { Annotation, Axis, Layout, LineShape, Trace } from './spec.js';
import { xml } from '../markup.js';
import { linesOf, textWidth } from './text.js';
import { niceStep, tickLabel, ticksBy } from './ticks.js';

interface Scale {
  axis: Axis;
  range: [number, number];
  /** Pixel positions of the two ends of the range. */
  from: number;
  to: number;
  (value: number): number;
}

const DASH = { solid: '', dot: '2 3', dash: '7 4' };
const LINE = 1.25;
const n = (v: number): string => String(Math.round(v * 100) / 100);
const finite = (v: number | null): v is number => v !== null && Number.isFinite(v);

/** The figure as a complete SVG document. */
export function renderSvg(data: Trace[], layout: Layout, width: number, height: number): string {
  const { l, r, t, b } = layout.margin;
  const box = { x: l, y: t, width: width - l - r, height: height - t - b };
  const suffixes = Object.keys(layout)
    .filter((k) => /^xaxis\d*$/.test(k))
    .map((k) => k.slice(5));
  const scales = new Map<string, Scale>();
  for (const s of suffixes)
    for (const d of ['x', 'y'] as const) {
      const axis = layout[`${d}axis${s}`] ?? {};
      const [p, q] = axis.domain ?? [0, 1];
      const ends =
        d === 'x'
          ? [box.x + p * box.width, box.x + q * box.width]
          : [box.y + (1 - p) * box.height, box.y + (1 - q) * box.height];
      scales.set(d + s, scaleOf(axis, axis.range ?? autoRange(data, d, d + s, axis), ends[0], ends[1]));
    }
  const out: string[] = [];
  const place = (ref: string, v: number, d: 'x' | 'y'): number => {
    if (ref === 'paper') return d === 'x' ? box.x + v * box.width : box.y + (1 - v) * box.height;
    const scale = scales.get(ref.replace(' domain', ''))!;
    return ref.endsWith(' domain') ? scale.from + v * (scale.to - scale.from) : scale(v);
  };

  for (const s of suffixes) out.push(drawAxes(scales.get('x' + s)!, scales.get('y' + s)!));
  for (const shape of layout.shapes ?? []) out.push(drawLine(shape, place));
  data.forEach((trace) => {
    const x = scales.get(trace.xaxis ?? 'x')!;
    const y = scales.get(trace.yaxis ?? 'y')!;
    out.push(drawTrace(trace, x, y, data, layout));
  });
  for (const image of layout.images ?? []) {
    const x = place(image.xref, image.x, 'x');
    const y = place(image.yref, image.y, 'y');
    const w = Math.abs(place(image.xref, image.x + image.sizex, 'x') - x);
    const h = Math.abs(place(image.yref, image.y + image.sizey, 'y') - y);
    const fit = image.sizing === 'contain' ? 'xMidYMid' : 'none';
    out.push(
      `<image x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" preserveAspectRatio="${fit}" href="${image.source}"/>`,
    );
  }
  for (const a of layout.annotations ?? []) out.push(drawAnnotation(a, place, layout));
  if (layout.showlegend) out.push(drawLegend(data, layout, box));
  const title = layout.title;
  linesOf(title.text).forEach((line, i) => {
    if (line)
      out.push(
        `<text x="${title.pad.l}" y="${n(title.pad.t + title.font.size * (0.95 + 1.3 * i))}" font-size="${title.font.size}" font-weight="600" fill="${title.font.color}">${xml(line)}</text>`,
      );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="${xml(layout.font.family.replace(/"/g, "'"))}" font-size="${layout.font.size}" fill="${layout.font.color}" role="img">` +
    `<title>${xml(linesOf(title.text).join(' '))}</title>` +
    `<rect width="${width}" height="${height}" fill="${layout.paper_bgcolor}"/>${out.join('')}</svg>`
  );
}

function scaleOf(axis: Axis, range: [number, number], from: number, to: number): Scale {
  const f = (v: number): number => from + ((v - range[0]) / (range[1] - range[0])) * (to - from);
  return Object.assign(f, { axis, range, from, to });
}

function autoRange(data: Trace[], d: 'x' | 'y', id: string, axis: Axis): [number, number] {
  let lo = axis.rangemode === 'tozero' ? 0 : Infinity;
  let hi = axis.rangemode === 'tozero' ? 0 : -Infinity;
  for (const trace of data) {
    if ((trace[`${d}axis`] ?? d) !== id) continue;
    for (const v of trace[d]) if (finite(v)) [lo, hi] = [Math.min(lo, v), Math.max(hi, v)];
    if (trace.type === 'bar' && d === 'y') lo = Math.min(lo, 0);
  }
  if (lo > hi) return [0, 1];
  const pad = hi > lo ? (hi - lo) * 0.06 : Math.abs(hi) * 0.1 || 1;
  return [lo === 0 && hi > 0 ? 0 : lo - pad, hi + pad];
}

function ticksOf(scale: Scale, pixelsEach: number): Array<[number, string]> {
  const { axis, range } = scale;
  if (axis.tickvals) return axis.tickvals.map((v, i) => [v, axis.ticktext?.[i] ?? String(v)]);
  const [lo, hi] = range[0] < range[1] ? range : [range[1], range[0]];
  const step = axis.dtick ?? niceStep(hi - lo, Math.abs(scale.to - scale.from) / pixelsEach);
  return ticksBy(lo, hi, step, axis.tick0 ?? 0).map((v) => [v, tickLabel(v, step)]);
}

function drawAxes(x: Scale, y: Scale): string {
  const out: string[] = [];
  const bottom = y.from;
  const [left, right, top] = [x.from, x.to, y.to];
  if (y.axis.visible !== false) {
    let widest = 0;
    for (const [v, markup] of ticksOf(y, 48)) {
      const label = linesOf(markup)[0];
      const at = y(v);
      widest = Math.max(widest, textWidth(label, 12));
      if (y.axis.showgrid !== false)
        out.push(`<path d="M${n(left)} ${n(at)}H${n(right)}" stroke="${GRID}"/>`);
      out.push(
        `<text x="${n(left - 8)}" y="${n(at + 4)}" text-anchor="end" font-size="12">${xml(label)}</text>`,
      );
    }
    if (y.axis.title) {
      const at = left - 20 - widest;
      const middle = (bottom + top) / 2;
      out.push(
        `<text transform="translate(${n(at)} ${n(middle)}) rotate(-90)" text-anchor="middle" font-size="13" fill="${MUTED}">${xml(linesOf(y.axis.title.text)[0])}</text>`,
      );
    }
  }
  if (x.axis.visible !== false) {
    const angle = x.axis.tickangle ?? 0;
    let drop = 16;
    for (const [v, markup] of ticksOf(x, 60)) {
      const label = linesOf(markup)[0];
      const at = x(v);
      if (x.axis.showgrid !== false)
        out.push(`<path d="M${n(at)} ${n(bottom)}V${n(top)}" stroke="${GRID}"/>`);
      if (angle) {
        drop = Math.max(drop, 14 + textWidth(label, 12) * Math.sin((-angle * Math.PI) / 180));
        out.push(
          `<text transform="translate(${n(at + 4)} ${n(bottom + 14)}) rotate(${angle})" text-anchor="end" font-size="12">${xml(label)}</text>`,
        );
      } else
        out.push(
          `<text x="${n(at)}" y="${n(bottom + 18)}" text-anchor="middle" font-size="12">${xml(label)}</text>`,
        );
    }
    if (x.axis.title)
      out.push(
        `<text x="${n((left + right) / 2)}" y="${n(bottom + drop + 24)}" text-anchor="middle" font-size="13" fill="${MUTED}">${xml(linesOf(x.axis.title.text)[0])}</text>`,
      );
    if (x.axis.showline !== false)
      out.push(`<path d="M${n(left)} ${n(bottom)}H${n(right)}" stroke="${AXIS}"/>`);
  }
  if (y.axis.visible !== false && y.axis.showline !== false)
    out.push(`<path d="M${n(left)} ${n(bottom)}V${n(top)}" stroke="${AXIS}"/>`);
  return out.join('');
}

type Place = (ref: string, v: number, d: 'x' | 'y') => number;

function drawLine(s: LineShape, place: Place): string {
  const [x0, x1] = [place(s.xref, s.x0, 'x'), place(s.xref, s.x1, 'x')];
  const [y0, y1] = [place(s.yref, s.y0, 'y'), place(s.yref, s.y1, 'y')];
  return `<path d="M${n(x0)} ${n(y0)}L${n(x1)} ${n(y1)}" stroke="${s.line.color}" stroke-width="${s.line.width}" stroke-dasharray="${DASH[s.line.dash ?? 'solid']}"/>`;
}

function drawTrace(trace: Trace, x: Scale, y: Scale, data: Trace[], layout: Layout): string {
  const out: string[] = [];
  if (trace.type === 'scatter') {
    let path = '';
    let pen = false;
    const dots: string[] = [];
    trace.x.forEach((vx, i) => {
      const vy = trace.y[i];
      if (!finite(vx) || !finite(vy)) return void (pen = false);
      path += `${pen ? 'L' : 'M'}${n(x(vx))} ${n(y(vy))}`;
      pen = true;
      if (trace.mode.includes('markers'))
        dots.push(
          `<circle cx="${n(x(vx))}" cy="${n(y(vy))}" r="${(trace.marker?.size ?? 6) / 2}" fill="${trace.marker?.color ?? trace.line?.color}"/>`,
        );
    });
    if (trace.line && path)
      out.push(
        `<path d="${path}" fill="none" stroke="${trace.line.color}" stroke-width="${trace.line.width}" stroke-dasharray="${DASH[trace.line.dash ?? 'solid']}" stroke-linejoin="round"/>`,
      );
    out.push(...dots);
  } else if (trace.type === 'bar') {
    const group = data.filter((d) => d.type === 'bar');
    const gap = layout.bargap ?? 0.2;
    const each = (1 - gap) / group.length;
    const offset = -(1 - gap) / 2 + group.indexOf(trace) * each;
    trace.x.forEach((v, i) => {
      const [a, b] = [x(v + offset), x(v + offset + each)];
      const top = y(trace.y[i]);
      out.push(
        `<rect x="${n(a)}" y="${n(top)}" width="${n(b - a)}" height="${n(y(0) - top)}" fill="${trace.marker.color}"/>`,
      );
      if (trace.text?.[i])
        out.push(
          `<text x="${n((a + b) / 2)}" y="${n(top - 5)}" text-anchor="middle" font-size="${trace.textfont?.size ?? 12}">${xml(trace.text[i])}</text>`,
        );
    });
  } else {
    const half = (trace.xgap ?? 0) / 2;
    trace.z.forEach((row, i) =>
      row.forEach((v, j) => {
        const [a, b] = [x(trace.x[j] - 0.5), x(trace.x[j] + 0.5)];
        const [c, d] = [y(trace.y[i] - 0.5), y(trace.y[i] + 0.5)].sort((p, q) => p - q);
        const fill =
          v === null
            ? '#eeeeee'
            : rgbToHex(onScale(trace.colorscale, (v - trace.zmin) / (trace.zmax - trace.zmin)));
        out.push(
          `<rect x="${n(a + half)}" y="${n(c + half)}" width="${n(b - a - 2 * half)}" height="${n(d - c - 2 * half)}" fill="${fill}"/>`,
        );
      }),
    );
  }
  return out.join('');
}

function drawAnnotation(a: Annotation, place: Place, layout: Layout): string {
  const size = a.font?.size ?? layout.font.size;
  const lines = linesOf(a.text);
  const tall = size * LINE * lines.length;
  const x = place(a.xref, a.x, 'x');
  const y = place(a.yref, a.y, 'y');
  const top = a.yanchor === 'top' ? y + 2 : a.yanchor === 'middle' ? y - tall / 2 : y - tall - 2;
  const anchor = { left: 'start', center: 'middle', right: 'end' }[a.xanchor];
  const spans = lines.map(
    (l, i) => `<tspan x="${n(x)}" y="${n(top + size * (0.95 + LINE * i))}">${xml(l)}</tspan>`,
  );
  return `<text text-anchor="${anchor}" font-size="${n(size)}" fill="${a.font?.color ?? layout.font.color}">${spans.join('')}</text>`;
}

function drawLegend(
  data: Trace[],
  layout: Layout,
  box: { x: number; y: number; width: number; height: number },
): string {
  const out: string[] = [];
  const size = layout.legend?.font?.size ?? 12;
  const named = data.filter((t) => t.name && t.showlegend !== false);
  const across = layout.legend?.orientation === 'h';
  const rows = across
    ? legendRows(
        named.map((t) => linesOf(t.name!)[0]),
        size,
        box.width,
      )
    : null;
  let x = across ? box.x : box.x + box.width + 16;
  let y = across ? box.y - 14 - (rows!.count - 1) * 20 : box.y + 10;
  named.forEach((t, i) => {
    if (rows) {
      x = box.x + rows.at[i].x;
      y = box.y - 14 - (rows.count - 1 - rows.at[i].row) * 20;
    }
    out.push(swatch(t, x, y));
    out.push(`<text x="${n(x + 32)}" y="${n(y + 4)}" font-size="${size}">${xml(linesOf(t.name!)[0])}</text>`);
    if (!rows) y += 20;
  });
  return out.join('');
}

function swatch(t: Trace, x: number, y: number): string {
  if (t.type === 'bar')
    return `<rect x="${n(x + 8)}" y="${n(y - 6)}" width="14" height="12" fill="${t.marker.color}"/>`;
  if (t.type === 'heatmap') return '';
  const line = t.line
    ? `<path d="M${n(x)} ${n(y)}h26" stroke="${t.line.color}" stroke-width="${t.line.width}" stroke-dasharray="${DASH[t.line.dash ?? 'solid']}"/>`
    : '';
  return t.mode.includes('markers')
    ? `${line}<circle cx="${n(x + 13)}" cy="${n(y)}" r="${(t.marker?.size ?? 6) / 2}" fill="${t.marker?.color ?? t.line?.color}"/>`
    : line;
}

/** Where the entries of a horizontal legend go when they are set in rows of a width. */
export function legendRows(
  names: string[],
  size: number,
  width: number,
): { count: number; at: Array<{ x: number; row: number }> } {
  let x = 0;
  let row = 0;
  const at = names.map((name) => {
    const w = 32 + textWidth(name, size) + 18;
    if (x > 0 && x + w > width) [x, row] = [0, row + 1];
    const here = { x, row };
    x += w;
    return here;
  });
  return { count: row + 1, at };
}
