// The plotly library in the page: once a notebook, compressed, without a network.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { PlotError } from './errors.js';

/** When a figure brings the library with it: only the first one of a process, each one, or none. */
export type Embed = 'first' | 'always' | 'never';

let chosen: Embed | undefined;
let embedded = false;
let packed: string | undefined;

/**
 * Settings of this room for the process.
 * @param options.embed overrides `CELLGRAD_PLOT_EMBED`; without both it is `first`
 */
export function configure({ embed }: { embed?: Embed }): void {
  if (embed !== undefined) chosen = check(embed);
}

/** Forgets that the library was embedded and what was configured: the next figure is the first again. */
export function reset(): void {
  embedded = false;
  chosen = undefined;
}

function check(value: string): Embed {
  if (value === 'first' || value === 'always' || value === 'never') return value;
  throw new PlotError('option', `embed is '${value}', but it must be 'first', 'always' or 'never'`);
}

/** The script that puts the library into the page, or '' where an earlier figure has done so. */
export function libraryScript(
  embed: Embed = chosen ?? check(process.env.CELLGRAD_PLOT_EMBED || 'first'),
): string {
  if (embed === 'never' || (embed === 'first' && embedded)) return '';
  embedded = true;
  if (!packed) {
    const file = createRequire(import.meta.url).resolve('plotly.js-cartesian-dist-min');
    packed = gzipSync(readFileSync(file), { level: 9 }).toString('base64');
  }
  // Run as a function with its own `module`, so that a page with an AMD or CommonJS loader isn't touched.
  return (
    `window.__cellgradPlotly??=(async()=>{` +
    `const z=Uint8Array.from(atob("${packed}"),c=>c.charCodeAt(0));` +
    `const s=await new Response(new Blob([z]).stream().pipeThrough(new DecompressionStream("gzip"))).text();` +
    `const m={exports:{}};new Function("module",s)(m);return m.exports})();` +
    `window.dispatchEvent(new Event("cellgrad-plotly"));`
  );
}
