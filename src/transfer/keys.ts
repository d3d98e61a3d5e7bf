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

/** What a film's pixels depend on, the same in every process; undefined where its source can't say. */
export async function keyOfFilm({ source }: Dataset, row: Row): Promise<{ key: unknown } | undefined> {
  const part = source.part?.(row) ?? { source, row };
  return part.source.key && { key: (await part.source.key(part.row)) ?? null };
}

const numbers = new WeakMap<object, number>();
let last = 0;
/** The same as long as this process lives, of a film whose source can't say what its pixels depend on. */
export function passingKey({ source }: Dataset, { file }: Row): unknown {
  if (!numbers.has(source)) numbers.set(source, last++);
  const found = file && statSync(file, { throwIfNoEntry: false });
  return [numbers.get(source), found && [file, found.size, found.mtimeMs]];
}
