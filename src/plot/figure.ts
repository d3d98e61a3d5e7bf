// A figure: plotly's description of it, a still picture, and the MIME bundle that shows both in a notebook.

import { INK } from './colors.js';
import { libraryScript, type Embed } from '../plotly/library.js';
import type { Layout, Trace } from './spec.js';
import { renderSvg } from './static.js';
import { scriptJson, xml } from '../markup.js';
import { FONT, plain, wrap } from './text.js';

export type MimeBundle = Record<string, unknown>;

const DISPLAY: unique symbol = Symbol.for('Jupyter.display') as never;

/** What every plotting function returns. As the last value of a cell it shows itself. */
export interface Figure {
  /** Traces, as plotly reads them. */
  data: Trace[];
  layout: Layout;
  title: string;
  /** One line that says what the figure shows, for places without pictures. */
  summary: string;
  /** Size in pixels it is designed for; in a narrower page it shrinks. */
  width: number;
  height: number;
  /** The still picture, a complete SVG document. */
  svg(): string;
  /** The interactive figure over the still picture, an HTML fragment. */
  html(options?: { embed?: Embed }): string;
  [DISPLAY](): MimeBundle;
}

/** What a plotting function has to give; the frame (title, fonts, colours) is added here. */
export interface Draft {
  title: string;
  summary: string;
  data: Trace[];
  layout: Partial<Layout> & { margin: Layout['margin'] };
  width: number;
  height: number;
  /** Made of pictures, which a MIME bundle should hold as few times as possible. */
  pictures?: boolean;
}

/** Room that a title takes above a figure, in pixels. */
export function titleHeight(title: string, width: number): number {
  return title ? 14 + 22 * wrap(title, 17, width - 32, 2).length : 8;
}

export function figure({ title, summary, data, layout, width, height, pictures = false }: Draft): Figure {
  const full: Layout = {
    ...layout,
    title: {
      text: wrap(title, 17, width - 32, 2)
        .map(plain)
        .join('<br>'),
      x: 0,
      xref: 'container',
      xanchor: 'left',
      y: 1,
      yref: 'container',
      yanchor: 'top',
      pad: { l: 16, t: 12 },
      font: { size: 17, color: INK, weight: 600 },
    },
    font: { family: FONT, size: 12, color: INK },
    height,
    width,
    paper_bgcolor: '#ffffff',
    plot_bgcolor: '#ffffff',
    showlegend: layout.showlegend ?? false,
  };
  const svg = (): string => renderSvg(data, full, width, height);
  const html = ({ embed }: { embed?: Embed } = {}): string => {
    const library = libraryScript(embed);
    // The pictures are in the still image already; the script takes them from there.
    const light = { ...full, images: full.images?.map((image, i) => ({ ...image, source: `@${i}` })) };
    return (
      `<div class="cellgrad-figure" style="max-width:${width}px">` +
      `<div><img alt="${xml(title || summary)}" width="${width}" style="max-width:100%;height:auto;display:block" src="${svgUrl(svg())}"></div>` +
      `<script>${library}(${SHOW})(document.currentScript,${scriptJson(data)},${scriptJson(light)},${width},${height})</script></div>`
    );
  };
  return {
    data,
    layout: full,
    title,
    summary,
    width,
    height,
    svg,
    html,
    [DISPLAY]: () => ({
      // A renderer for it is in VS Code; with pictures it would only store them once more.
      ...(pictures ? {} : { 'application/vnd.plotly.v1+json': { data, layout: full, config: CONFIG } }),
      'text/html': html(),
      'image/svg+xml': svg(),
      'text/plain': [title, summary].filter(Boolean).join(': '),
    }),
  };
}

/** A page of its own that holds one figure and needs nothing else. */
export function page(fig: Figure): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${xml(fig.title || 'figure')}</title></head><body style="margin:16px;background:#fff">${fig.html({ embed: 'always' })}</body></html>\n`
  );
}

const CONFIG = { displaylogo: false, displayModeBar: 'hover', responsive: false };

/** Readable `data:` address: shorter than base64, and without base64 in base64 for the pictures. */
function svgUrl(svg: string): string {
  return (
    'data:image/svg+xml,' +
    svg
      .replace(/[^A-Za-z0-9+/=:;,.\-_()' ]+/g, encodeURIComponent)
      .replace(/'/g, '%27')
      .replace(/ /g, '%20')
  );
}

// Runs in the page. Replaces the still image when (and only when) the library is there; if anything
// fails, the image is shown again. `s` is this script's element, whose elder sibling holds the image.
// In a narrow page the whole figure is scaled, as the image was, so that nothing in it collides.
const SHOW = `(s,data,layout,W,H)=>{
const host=s&&s.previousElementSibling,img=host&&host.querySelector("img");if(!img)return;
const go=async()=>{let box;try{
const P=await window.__cellgradPlotly;
const png=decodeURIComponent(img.getAttribute("src")).match(/data:image\\/png;base64,[^"]+/g)||[];
for(const i of layout.images||[])i.source=png[+i.source.slice(1)];
box=document.createElement("div");box.style.cssText="transform-origin:0 0;width:"+W+"px;height:"+H+"px";
img.style.display="none";host.style.overflow="hidden";host.appendChild(box);
await P.newPlot(box,data,layout,${JSON.stringify(CONFIG)});
const fit=()=>{const w=host.clientWidth;if(!w)return;const k=Math.min(1,w/W);
box.style.transform=k<1?"scale("+k+")":"";host.style.height=Math.ceil(H*k)+"px"};
fit();new ResizeObserver(()=>requestAnimationFrame(fit)).observe(host);host.dataset.interactive="yes";
}catch(e){console.warn("cellgrad: the still picture stays:",e);if(box)box.remove();
host.style.height="";img.style.display="block"}};
window.__cellgradPlotly?go():window.addEventListener("cellgrad-plotly",go,{once:true})}`.replace(/\n/g, '');
