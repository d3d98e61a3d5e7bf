// What tells networks and films from others, so that what is kept of them is not taken for that of others.

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Dataset, Row } from '../data/index.js';
import type { Classifier } from '../models/index.js';

/** A network's weights, with those of the head or without. */
export function keyOfWeights(model: Classifier, headless = false): string {
  const hash = createHash('sha256');
  const head = `${model.head}.`;
  for (const [name, { variable }] of model.parameters())
    if (!headless || !name.startsWith(head))
      hash.update(name).update(variable.read().dataSync() as Float32Array);
  return model.name + hash.digest('hex');
}

const numbers = new WeakMap<object, number>();
let last = 0;
/** Where the films come from; `lasting` where another process would come to the same answer. */
export function keyOfFilms({ source }: Dataset): { name: unknown; lasting: boolean } {
  if (source.recipe) return { name: source.recipe, lasting: true };
  if (!numbers.has(source)) numbers.set(source, last++);
  return { name: numbers.get(source), lasting: false };
}

/** A film's file, its size and time. */
export function fileOf({ file }: Row): string {
  const found = file && statSync(file, { throwIfNoEntry: false });
  return found ? `${file} ${found.size} ${found.mtimeMs}` : '';
}
