// Twice transfer: from ImageNet to an intermediate set, and from there to the target, with the output neurons of shared classes kept.

import {
  keptNeurons,
  replaceHead,
  unfreeze,
  type Classifier,
  type Degree,
  type FreezeOptions,
  type Keep,
} from '../models/index.js';
import { evaluate, figuresOf, fit, type Figures, type FitOptions, type History } from '../train/index.js';

/** What `fit` takes, and to which degree the network learns. Default: as a whole. */
export interface Training extends FitOptions {
  degree?: Degree;
  batchNorm?: FreezeOptions['batchNorm'];
}

export interface TwiceOptions extends Pick<FitOptions, 'seed' | 'signal' | 'display'> {
  intermediate: Training;
  target: Training;
  /**
   * Output neurons that stay when the target's head is put in: for a class of the target the intermediate set's class whose
   * neuron it takes, as in `{ normal: 'No Finding' }`. Default: true, classes of the same names.
   */
  keep?: Keep;
}

export interface Twice {
  intermediate: History;
  target: History;
  /** On the target's validation films with its new head, before it is trained: what the kept neurons know. */
  start: Figures;
}

/**
 * Trains a network on an intermediate data set and then on the target; afterwards it classifies the target's classes. A
 * head of other classes than the intermediate set's is replaced first.
 * @throws ModelError `option` where `keep` names a class that is not there, before anything is trained; TrainError as `fit`
 */
export async function twice(model: Classifier, options: TwiceOptions): Promise<Twice> {
  const { keep = true, seed = 0, signal, display } = options;
  const shared = { seed, signal, display };
  const [first, second] = [options.intermediate, options.target];
  const { classes } = second.train;
  keptNeurons(first.train.classes, classes, keep); // says so before the long training
  if (first.train.classes.join('\n') !== model.classes.join('\n'))
    replaceHead(model, first.train.classes, { seed });
  const train = async ({ degree = 'all', ...training }: Training): Promise<History> => {
    unfreeze(model, degree, training);
    return fit(model, { ...shared, ...training });
  };
  const intermediate = await train(first);
  replaceHead(model, classes, { seed, keep });
  const { workers, onError } = second;
  const start = figuresOf(await evaluate(model, second.val, { signal, workers, onError }));
  return { intermediate, target: await train(second), start };
}
