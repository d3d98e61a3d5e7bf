// Values of well-known libraries that say by their shape how they are shown: DOM elements, canvases, plotly's and Vega's charts.

import { Buffer } from 'node:buffer';
import { plainHtml } from '../plotly/plain.js';

type Bundle = Record<string, unknown>;

interface Figure {
  data?: unknown;
  layout?: unknown;
  config?: unknown;
}
interface Element {
  nodeType: number;
  outerHTML: string;
  localName?: string;
}
interface Canvas {
  width: number;
  height: number;
  toDataURL(type: string): unknown;
  /** skia-canvas's, whose other methods give promises. */
  toBufferSync?(type: string): Uint8Array;
}

/** A MIME bundle without its text; undefined for any other value. */
export function knownBundle(value: unknown): Bundle | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  try {
    return (
      element(value as Element) ??
      canvas(value as Canvas) ??
      vega(value as { $schema?: unknown }) ??
      plotly(value as Figure)
    );
  } catch {
    return undefined; // an object whose properties throw
  }
}

/** Of jsdom, linkedom, happy-dom; Observable Plot makes such elements. */
function element({ nodeType, outerHTML, localName }: Element): Bundle | undefined {
  if (nodeType !== 1 || typeof outerHTML !== 'string') return undefined;
  return localName === 'svg' ? { 'image/svg+xml': outerHTML } : { 'text/html': outerHTML };
}

/** Of canvas, @napi-rs/canvas, skia-canvas. */
function canvas(value: Canvas): Bundle | undefined {
  const { width, height, toDataURL } = value;
  if (typeof width !== 'number' || typeof height !== 'number' || typeof toDataURL !== 'function')
    return undefined;
  if (value.toBufferSync) return { 'image/png': Buffer.from(value.toBufferSync('png')).toString('base64') };
  const url = value.toDataURL('image/png');
  if (typeof url !== 'string') return undefined;
  const start = 'data:image/png;base64,';
  return url.startsWith(start) ? { 'image/png': url.slice(start.length) } : undefined;
}

/** A specification of Vega or Vega-Lite, by its schema's address, which names the version. */
function vega(value: { $schema?: unknown }): Bundle | undefined {
  const { $schema } = value;
  if (typeof $schema !== 'string') return undefined;
  const [, kind, version] = /vega\.github\.io\/schema\/(vega|vega-lite)\/v(\d+)/.exec($schema) ?? [];
  if (!kind) return undefined;
  return { [`application/vnd.${kind.replace('-', '')}.v${version}+json`]: value };
}

/** What `Plotly.newPlot` takes, as one object: traces and a layout. */
function plotly({ data, layout, config }: Figure): Bundle | undefined {
  if (!Array.isArray(data) || !data.length || layout === null || typeof layout !== 'object') return undefined;
  const trace = (item: unknown): item is object =>
    item !== null && typeof item === 'object' && ['type', 'x', 'y', 'z', 'values'].some((key) => key in item);
  if (!data.every(trace)) return undefined;
  const figure = { data: data.map(listed), layout, ...(config ? { config } : {}) };
  const html = plainHtml(figure);
  // VS Code draws the first; JupyterLab has nothing that does, unless plotly's extension is installed
  return { 'application/vnd.plotly.v1+json': figure, ...(html ? { 'text/html': html } : {}) };
}

/** A trace whose values are lists, as JSON has no arrays of types. */
function listed(trace: object): object {
  const list = (value: unknown): unknown =>
    ArrayBuffer.isView(value) && !(value instanceof DataView) ? [...(value as Float32Array)] : value;
  const within = (value: unknown): unknown => (Array.isArray(value) ? value.map(list) : list(value));
  return Object.fromEntries(Object.entries(trace).map(([key, value]) => [key, within(value)]));
}
