// Models by name.

import { progressPrinter } from '../compute/wheel.js';
import { build, type Classifier, type InputShape } from './classifier.js';
import { ModelError } from './errors.js';
import { freeForgotten } from './forgotten.js';
import { undrawn } from './init.js';
import { classNames, whole } from './options.js';
import { find } from './registry.js';
import { replaceHead } from './transfer.js';
import { imagenetWeights } from './weights/imagenet.js';

export interface CreateOptions {
  /** Class names, or how many there are. Default: ImageNet's 1,000. */
  classes?: readonly string[] | number;
  /** Height and width, before them the depth of a network of volumes. Default: the size of the published weights. */
  inputShape?: [height: number, width: number] | [depth: number, height: number, width: number];
  /** Channels of the input: 3, or 1 for grey pictures. */
  channels?: number;
  /** `imagenet` starts from published weights, with a new head unless there are 1,000 classes. */
  weights?: 'imagenet';
  /** Probability of dropout before the head. Default: the architecture's own. */
  dropout?: number;
  seed?: number;
}

/**
 * Builds a network.
 * @throws ModelError `unknown-model` with the nearest names; `option` when a size or number can't be; `weights`
 */
export const create = (name: string, options: CreateOptions = {}): Promise<Classifier> =>
  construct(name, options);

/** Like create; a `blank` network's parameters are not drawn, as those of a state dict will take their place. */
export async function construct(
  name: string,
  options: CreateOptions,
  { blank = Boolean(options.weights) }: { blank?: boolean } = {},
): Promise<Classifier> {
  const architecture = await find(name);
  const { seed = 0, channels = 3, dropout } = options;
  const { depth, size, minSize } = architecture;
  const inputShape = options.inputShape ?? (depth ? [depth, size, size] : [size, size]);
  const axes = depth ? ['depth', 'height', 'width'] : ['height', 'width'];
  const classes = classNames(options.classes ?? 1000);
  if (!whole(channels, 1))
    throw new ModelError('option', `channels is ${channels}; it must be a whole number from 1 on.`);
  if (inputShape.length !== axes.length || !inputShape.every((n) => whole(n, minSize)))
    throw new ModelError(
      'option',
      `inputShape is [${inputShape.join(', ')}]; ${name} needs [${axes.join(', ')}] of at least ${axes.map(() => minSize).join(' × ')}.`,
    );
  if (dropout !== undefined && !(dropout >= 0 && dropout < 1))
    throw new ModelError('option', `dropout is ${dropout}; it must be from 0 up to, but not, 1.`);
  if (options.weights !== undefined && options.weights !== 'imagenet')
    throw new ModelError(
      'option',
      `weights is "${String(options.weights)}"; it can be "imagenet" or left out.`,
    );
  if (options.weights && channels !== 3)
    throw new ModelError(
      'option',
      `The ImageNet weights of ${name} take 3 channels, not ${channels}; give grey pictures three times.`,
    );
  const state = options.weights && (await imagenetWeights(name, { onProgress: progressPrinter() }));
  await freeForgotten();
  const facts = { classes, inputShape: [...inputShape, channels] as InputShape, seed, dropout };
  const built = (): Classifier => build(name, architecture, facts);
  const model = blank ? undrawn(built) : built();
  if (state)
    try {
      const head = classes.length === 1000;
      model.loadState(state, { order: true, head });
      // as PyTorch's libraries give pretrained networks a new head, whatever the architecture's own rule for it
      if (!head) replaceHead(model, classes, { seed });
    } catch (error) {
      model.dispose();
      throw error;
    }
  return model;
}
