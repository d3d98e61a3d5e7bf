// Markdown as Jupyter shows it: GitHub's, with formulas and raw HTML; headings are collected for the contents.
import { Marked, Renderer, type Tokens } from 'marked';
import { inlineImages, type ImageSource } from './images.js';
import { mathExtension } from './math.js';
import { xml } from '../../markup.js';
import { highlightCode } from './text.js';

export interface Heading {
  id: string;
  depth: number;
  html: string;
}

/** A renderer for one page, in which every heading's id is taken once. */
export class Markdown {
  readonly headings: Heading[] = [];
  private readonly ids = new Set<string>();
  private readonly marked: Marked;

  constructor() {
    const addHeading = (text: string, depth: number, html: string): string => this.heading(text, depth, html);
    this.marked = new Marked(mathExtension, {
      gfm: true,
      renderer: {
        heading({ tokens, depth, text }: Tokens.Heading) {
          const html = this.parser.parseInline(tokens);
          return `<h${depth} id="${addHeading(text, depth, html)}">${html}</h${depth}>\n`;
        },
        code({ text, lang }: Tokens.Code) {
          const language = lang?.split(/\s/)[0] ?? '';
          return `<pre class="source" tabindex="0"><code>${highlightCode(text, language)}</code></pre>\n`;
        },
        table(token: Tokens.Table) {
          return `<div class="scroll" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>\n`;
        },
      },
    });
  }

  render(text: string, images: ImageSource): string {
    return inlineImages(this.marked.parse(text, { async: false }), images);
  }

  /** Jupyter's rule for ids, so that links inside a notebook lead somewhere. */
  private heading(text: string, depth: number, html: string): string {
    const base = xml(text.replace(/[*_`]/g, '').trim().replace(/\s+/g, '-')) || 'section';
    let id = base;
    for (let n = 2; this.ids.has(id); n++) id = `${base}-${n}`;
    this.ids.add(id);
    this.headings.push({ id, depth, html: html.replace(/<\/?a\b[^>]*>/g, '') });
    return id;
  }
}
