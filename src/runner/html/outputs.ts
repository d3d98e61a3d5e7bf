// A cell's outputs as HTML: of each, the richest form that a page can show.
import type { MimeBundle, Output } from '../notebook.js';
import { formulaHtml } from './math.js';
import type { Markdown } from './markdown.js';
import { VIEW, type SavedWidget } from '../widget-state.js';
import { xml } from '../../markup.js';
import { terminalHtml } from './text.js';
import { widgetHtml } from './widgets.js';

type Json = Record<string, unknown>;
type Show = (data: string, about: { alt: string; size: string }, page: PageParts) => string;

export interface PageParts {
  markdown: Markdown;
  folder: string;
  /** The widgets that the notebook has saved. */
  widgets: Record<string, SavedWidget>;
}

const picture =
  (type: string): Show =>
  (data, { alt, size }) =>
    `<img src="data:${type};base64,${data.replace(/\s/g, '')}" alt="${alt}"${size}>`;

/** Richest first. */
const FORMS: [string, Show][] = [
  ['text/html', (data) => `<div class="html">${data}</div>`],
  ['text/markdown', (data, _, { markdown, folder }) => markdown.render(data, { folder })],
  [
    'image/svg+xml',
    (data, { alt, size }) =>
      `<img src="data:image/svg+xml;base64,${Buffer.from(data).toString('base64')}" alt="${alt}"${size}>`,
  ],
  ...['image/png', 'image/jpeg', 'image/webp', 'image/gif'].map((type): [string, Show] => [
    type,
    picture(type),
  ]),
  ['text/latex', (data) => formulaHtml(data.trim().replace(/^\$\$?|\$\$?$/g, ''), true)],
  [
    'application/javascript',
    (data) =>
      `<div><script>((element)=>{${data.replace(/<\/script/gi, '<\\/script')}\n})(document.currentScript.parentElement)</script></div>`,
  ],
  ['application/json', (data) => `<pre class="text" tabindex="0">${xml(data)}</pre>`],
  ['text/plain', (data) => `<pre class="text" tabindex="0">${terminalHtml(data)}</pre>`],
];

export function outputHtml(output: Output, page: PageParts): string {
  switch (output.output_type) {
    case 'stream':
      return `<pre class="stream ${output.name}" tabindex="0">${terminalHtml(output.text)}</pre>`;
    case 'error':
      return `<pre class="error" role="alert" tabindex="0">${terminalHtml(errorText(output))}</pre>`;
    default:
      return dataHtml(output.data ?? {}, output.metadata ?? {}, page);
  }
}

function errorText({ ename, evalue, traceback }: Extract<Output, { output_type: 'error' }>): string {
  return traceback?.length ? traceback.join('\n') : `${ename}: ${evalue}`;
}

function dataHtml(data: MimeBundle, metadata: Json, page: PageParts): string {
  const view = data[VIEW] as { model_id?: string } | undefined;
  const widget =
    view && widgetHtml(String(view.model_id), page.widgets, (output) => outputHtml(output, page));
  if (widget !== undefined) return widget;
  const form = FORMS.find(([mime]) => data[mime] !== undefined);
  if (!form) return '';
  const [mime, show] = form;
  const value = data[mime];
  const alt = typeof data['text/plain'] === 'string' ? data['text/plain'] : 'output of the cell';
  const { width, height } = (metadata[mime] ?? metadata) as Json;
  const size = [
    ['width', width],
    ['height', height],
  ]
    .filter(([, pixels]) => typeof pixels === 'number')
    .map(([side, pixels]) => ` ${String(side)}="${String(pixels)}"`)
    .join('');
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return show(text, { alt: xml(alt), size }, page);
}
