// Rich output: any value as a MIME bundle, and what `display` and `clearOutput` send.
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { currentCell } from './origin.js';
import { knownBundle } from './known.js';
import { imageBundle, type ImageOptions } from './picture.js';
import { xml } from '../markup.js';
import { frameBundle, tableBundle, type ViewOptions } from '../table/index.js';
import type { Json } from './wire.js';

export type MimeBundle = Record<string, unknown>;
export interface DisplayOptions {
  /** The value is a MIME bundle already. */
  raw?: boolean;
  metadata?: Json;
  /** Names the output, so that a later call with `update` replaces it. */
  id?: string;
}
export interface DisplayHandle {
  readonly id: string;
  /** Replaces what was displayed, wherever it stands now. */
  update(value: unknown, options?: Pick<DisplayOptions, 'raw' | 'metadata'>): void;
}

const DISPLAY = Symbol.for('Jupyter.display');

type Publish = (cell: number, type: string, content: Json) => void;
let publish: Publish = () => undefined;
const pending = new Set<Promise<unknown>>();

export function publishWith(send: Publish): void {
  publish = send;
}

/** Settles when every bundle that was asked for has been sent. */
export async function displaysSent(): Promise<void> {
  while (pending.size) await Promise.allSettled(pending);
}

/** Shows a value below the cell: by its `Jupyter.display` method, as a table, or as text. */
export function display(value: unknown, options: DisplayOptions = {}): DisplayHandle {
  const id = options.id ?? randomUUID();
  send('display_data', value, options, id, typeof value === 'string');
  const handle: DisplayHandle = {
    id,
    update: (next, nextOptions = {}) =>
      send('update_display_data', next, nextOptions, id, typeof next === 'string'),
  };
  handles.add(handle);
  return handle;
}

/** Text of a kind, for a cell's result or `display`: what `display.html` and its like give. */
export interface Rich {
  [DISPLAY](): MimeBundle;
}
type Template = (text: TemplateStringsArray | string, ...values: unknown[]) => Rich;

/** As a function of a text or as a tagged template. In a template of HTML or SVG values are escaped, except for Rich ones. */
function template(mime: string): Template {
  const markup = mime === 'text/html' || mime === 'image/svg+xml';
  return (text, ...values) => {
    const insert = (value: unknown): string => {
      const rich = custom(value)?.call(value) as MimeBundle | undefined;
      if (typeof rich?.[mime] === 'string') return rich[mime];
      if (Array.isArray(value)) return value.map(insert).join('');
      return markup ? xml(String(value)) : String(value);
    };
    const body =
      typeof text === 'string' ? text : String.raw({ raw: text }, ...values.map((value) => insert(value)));
    return rich({ [mime]: body, 'text/plain': body });
  };
}

const rich = (bundle: MimeBundle): Rich => ({ [DISPLAY]: () => bundle });

/** ``display.html`<b>${name}</b>` `` and the like. */
Object.assign(display, {
  html: template('text/html'),
  svg: template('image/svg+xml'),
  md: template('text/markdown'),
  latex: template('text/latex'),
  table: (value: unknown, options?: ViewOptions) => rich(tableBundle(value, options)),
  image: (value: unknown, options?: ImageOptions) => rich(imageBundle(value, options)),
});

const handles = new WeakSet<object>();

/** A cell that ends in `display(…)` has shown what it wanted to. */
export function isHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && handles.has(value);
}

/** Removes the cell's output; with `wait`, only when the next output arrives. */
export function clearOutput(options: { wait?: boolean } = {}): void {
  publish(currentCell(), 'clear_output', { wait: options.wait ?? false });
}

function send(type: string, value: unknown, options: DisplayOptions, id: string, asIs: boolean): void {
  const cell = currentCell();
  const emit = (data: MimeBundle): void =>
    publish(cell, type, { data, metadata: options.metadata ?? {}, transient: { display_id: id } });
  const bundle = options.raw
    ? encoded(value as MimeBundle)
    : asIs
      ? { 'text/plain': value }
      : mimeBundle(value);
  if (bundle instanceof Promise) track(bundle.then(emit));
  else emit(bundle);
}

export function track(promise: Promise<unknown>): void {
  const tracked = promise.finally(() => pending.delete(tracked));
  pending.add(tracked);
}

/** A promise only where the object's own method gives one. */
export function mimeBundle(value: unknown): MimeBundle | Promise<MimeBundle> {
  const method = custom(value);
  if (method) {
    const bundle = method.call(value) as MimeBundle | Promise<MimeBundle>;
    const finish = (given: MimeBundle): MimeBundle => encoded(given ?? { 'text/plain': inspect(value) });
    return bundle instanceof Promise ? bundle.then(finish) : finish(bundle);
  }
  const known = knownBundle(value);
  if (known) return { 'text/plain': inspect(value, { depth: 0 }), ...known };
  return frameBundle(value) ?? { 'text/plain': inspect(value) };
}

function custom(value: unknown): ((this: unknown) => unknown) | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    const method: unknown = (value as Record<symbol, unknown>)[DISPLAY];
    return typeof method === 'function' ? (method as (this: unknown) => unknown) : undefined;
  } catch {
    return undefined; // a proxy that throws on unknown keys
  }
}

/** Bytes become base64, as the protocol wants them. */
function encoded(bundle: MimeBundle): MimeBundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, data]) => [
      mime,
      data instanceof Uint8Array
        ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(
            /svg|^text\//.test(mime) ? 'utf8' : 'base64',
          )
        : data,
    ]),
  );
}
