// Figures as plotly's own functions take them, drawn in any page that runs scripts.

import { scriptJson, xml } from '../markup.js';
import { libraryScript } from './library.js';

export interface PlainFigure {
  data: ReadonlyArray<{ type?: unknown }>;
  layout: { height?: unknown };
  config?: unknown;
}

/** The traces that the library in the page knows, plotly's cartesian ones; those in 3-D and on maps aren't there. */
const known = new Set([
  ...['bar', 'box', 'contour', 'heatmap', 'histogram', 'histogram2d', 'histogram2dcontour'],
  ...['image', 'pie', 'scatter', 'scatterternary', 'violin'],
]);

/** Plotly's own height of a figure, in pixels. */
const usual = 450;

/** An HTML fragment that draws the figure; undefined where a trace is of a kind that the library in the page doesn't know. */
export function plainHtml({ data, layout, config }: PlainFigure): string | undefined {
  const kinds = data.map(({ type = 'scatter' }) => String(type));
  if (!kinds.every((kind) => known.has(kind))) return undefined;
  const height = typeof layout.height === 'number' ? layout.height : usual;
  // a page that runs no scripts says what would stand here
  const instead = `A plotly figure (${kinds.join(', ')}): it is drawn when the cell runs.`;
  return (
    `<div class="cellgrad-plotly" style="min-height:${height}px">${xml(instead)}</div>` +
    `<script>${libraryScript()}(${SHOW})(document.currentScript,${scriptJson(data)},${scriptJson(layout)},${scriptJson(config ?? {})})</script>`
  );
}

// Runs in the page. `s` is this script's element, whose elder sibling is to hold the figure.
const SHOW = `(s,data,layout,config)=>{
const host=s&&s.previousElementSibling;if(!host)return;
const go=async()=>{try{const P=await window.__cellgradPlotly;host.textContent="";
await P.newPlot(host,data,layout,{displaylogo:false,responsive:true,...config})}
catch(e){host.textContent="plotly: "+e}};
window.__cellgradPlotly?go():window.addEventListener("cellgrad-plotly",go,{once:true})}`.replace(/\n/g, '');
