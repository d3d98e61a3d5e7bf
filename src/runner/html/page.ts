// A notebook as one HTML file that needs no other: opens from disk, without a network.
import type { Cell, Notebook } from '../notebook.js';
import { savedWidgets } from '../widget-state.js';
import { Markdown, type Heading } from './markdown.js';
import { mathStyle } from './math.js';
import { outputHtml, type PageParts } from './outputs.js';
import { STYLE } from './style.js';
import { xml } from '../../markup.js';
import { highlightCode } from './text.js';

export interface HtmlOptions {
  /** The notebook's folder, where its pictures are looked for. */
  folder: string;
  /** The title of a notebook that gives none. */
  name: string;
}

export function notebookHtml(notebook: Notebook, { folder, name }: HtmlOptions): string {
  const page: PageParts = { markdown: new Markdown(), folder, widgets: savedWidgets(notebook) };
  const body = notebook.cells.map((cell) => cellHtml(cell, page)).join('');
  const { headings } = page.markdown;
  const first = headings.find(({ depth }) => depth === 1);
  const title = notebook.metadata.title ?? (first ? plain(first.html) : name);
  const heading = first ? '' : `<h1>${xml(title)}</h1>\n`;
  const contents = contentsHtml(headings);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="cellgrad">
<title>${xml(title)}</title>
<style>${STYLE}${mathStyle(body)}</style>
</head>
<body>
${contents}<main>
${heading}${body}</main>
${contents && UNFOLD}</body>
</html>
`;
}

function cellHtml(cell: Cell, page: PageParts): string {
  const has = (...tags: string[]): boolean => tags.some((tag) => cell.metadata.tags?.includes(tag));
  if (has('remove-cell', 'remove_cell')) return '';
  if (cell.cell_type === 'markdown') {
    const html = page.markdown.render(cell.source, { folder: page.folder, attachments: cell.attachments });
    return `<section class="cell markdown">\n${html}</section>\n`;
  }
  if (cell.cell_type === 'raw') return '';
  const { source_hidden, outputs_hidden } = (cell.metadata.jupyter ?? {}) as Record<string, unknown>;
  const shown = has('remove-output', 'remove_output') || outputs_hidden ? [] : (cell.outputs ?? []);
  const outputs = shown
    .map((output) => outputHtml(output, page))
    .filter(Boolean)
    .map((html) => `<div class="output">${html}</div>\n`)
    .join('');
  const source = has('remove-input', 'remove_input')
    ? ''
    : sourceHtml(cell, !!source_hidden || has('hide-input'));
  if (!source && !outputs) return '';
  return `<section class="cell code">\n${source}${outputs}</section>\n`;
}

function sourceHtml(cell: Cell, folded: boolean): string {
  if (!cell.source.trim()) return '';
  const count = cell.execution_count ?? ' ';
  const code = `<pre class="source" tabindex="0"><code>${highlightCode(cell.source, 'typescript')}</code></pre>`;
  const body = folded ? `<details><summary>Code</summary>${code}</details>` : code;
  return `<div class="input"><span class="count" aria-hidden="true">[${count}]</span>${body}</div>\n`;
}

function contentsHtml(headings: Heading[]): string {
  const listed = headings.filter(({ depth }) => depth <= 3);
  if (listed.length < 3) return '';
  const items = listed
    .map(({ id, depth, html }) => `<li class="depth${depth}"><a href="#${id}">${html}</a></li>`)
    .join('\n');
  return `<nav aria-label="Contents"><details><summary>Contents</summary><ul>\n${items}\n</ul></details></nav>\n`;
}

/** Where there is room beside the text, the contents are open. */
const UNFOLD = `<script>{const wide=matchMedia("(min-width: 1180px)"),fold=document.querySelector("nav details"),set=()=>{fold.open=wide.matches};set();wide.addEventListener("change",set)}</script>
`;

function plain(html: string): string {
  return html
    .replace(/<annotation[^]*?<\/annotation>|<span class="katex-html"[^]*$/g, '')
    .replace(/<[^>]+>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .trim();
}
