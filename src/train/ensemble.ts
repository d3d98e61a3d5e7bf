// Several models that answer together.

import type { Classifier } from '../models/index.js';
import { checkRule, type CombineRule } from './combine.js';
import { TrainError } from './errors.js';

/** Models of the same classes, whose inputs may differ; `predict` and `evaluate` take it in the place of a model. */
export interface Ensemble {
  readonly name: string;
  readonly classes: string[];
  readonly models: readonly Classifier[];
  readonly by: CombineRule;
}

/**
 * Makes an ensemble; the models stay the caller's.
 * @param options.by how their answers become one: the mean of `probabilities` (default) or of `logits`, or a `vote`
 * @throws TrainError `option` when there are no models, or their classes differ
 */
export function ensemble(
  models: readonly Classifier[],
  { by = 'probabilities' }: { by?: CombineRule } = {},
): Ensemble {
  checkRule(by);
  if (!models.length) throw new TrainError('option', 'An ensemble needs at least one model.');
  const { classes } = models[0];
  const other = models.find((model) => model.classes.join('\n') !== classes.join('\n'));
  if (other)
    throw new TrainError(
      'option',
      `The models of an ensemble answer about the same classes in the same order; those of ${models[0].name} are ${classes.join(', ')}, those of ${other.name} ${other.classes.join(', ')}.`,
    );
  return { name: `ensemble of ${models.map(({ name }) => name).join(', ')}`, classes, models, by };
}
