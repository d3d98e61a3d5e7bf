// Models by name.

import { progressPrinter } from '../compute/wheel.js';
import { build, perChannel, type Classifier, type InputShape } from './classifier.js';
import { ModelError } from './errors.js';
import { freeForgotten } from './forgotten.js';
import { undrawn } from './init.js';
import { classNames, whole } from './options.js';
import { find } from './registry.js';
import { replaceHead } from './transfer.js';
import { forget, publishedState } from './weights/published/fetch.js';
import { published, type PublishedWeights } from './weights/published/registry.js';

export interface CreateOptions {
  /** Class names, or how many there are. Default: those of the weights, else ImageNet's 1,000. */
  classes?: readonly string[] | number;
  /** Height and width, before them the depth of a network of volumes. Default: the size of the published weights. */
  inputShape?: [height: number, width: number] | [depth: number, height: number, width: number];
  /** Channels of the input: 3, or 1 for grey pictures. */
  channels?: number;
  /**
   * Starts from published weights, with a new head unless there are as many classes as they have: `imagenet`, a tag of `weights(name)`,
   * or weights of a server of your own.
   */
  weights?: string | PublishedWeights;
  /** Probability of dropout before the head. Default: the architecture's own. */
  dropout?: number;
  seed?: number;
  /** Stops fetching weights; what came so far is kept, and the next call goes on there. */
  signal?: AbortSignal;
}

/**
 * Builds a network.
 * @throws ModelError `unknown-model` with the nearest names; `option` when a size or number can't be, or weights aren't published; `offline`, `checksum`
 * or `weights` when they can't be had, or don't fit; ComputeError `disk` or `cache` when they can't be kept
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
  const { seed = 0, channels = 3, dropout, signal } = options;
  const weights = typeof options.weights === 'string' ? published(name, options.weights) : options.weights;
  const { depth, minSize } = architecture;
  const size = weights?.size ?? architecture.size;
  const inputShape = options.inputShape ?? (depth ? [depth, size, size] : [size, size]);
  const axes = depth ? ['depth', 'height', 'width'] : ['height', 'width'];
  const classes = classNames(options.classes ?? weights?.classes ?? 1000);
  if (!whole(channels, 1))
    throw new ModelError('option', `channels is ${channels}; it must be a whole number from 1 on.`);
  if (inputShape.length !== axes.length || !inputShape.every((n) => whole(n, minSize)))
    throw new ModelError(
      'option',
      `inputShape is [${inputShape.join(', ')}]; ${name} needs [${axes.join(', ')}] of at least ${axes.map(() => minSize).join(' × ')}.`,
    );
  if (dropout !== undefined && !(dropout >= 0 && dropout < 1))
    throw new ModelError('option', `dropout is ${dropout}; it must be from 0 up to, but not, 1.`);
  if (weights && channels !== 3)
    throw new ModelError(
      'option',
      `The weights ${weights.tag} of ${name} take 3 channels, not ${channels}; give grey pictures three times.`,
    );
  const state = weights && (await publishedState(weights, { onProgress: progressPrinter(), signal }));
  await freeForgotten();
  const facts = { classes, inputShape: [...inputShape, channels] as InputShape, seed, dropout };
  const built = (): Classifier => build(name, architecture, facts);
  const model = blank ? undrawn(built) : built();
  if (state)
    try {
      const { order, size, resize, interpolation, mean, std } = weights;
      const head = classes.length === weights.classes;
      model.loadState(state, { order, head });
      Object.assign(model.preprocessing, {
        ...{ size, interpolation, mean: perChannel(mean, channels), std: perChannel(std, channels) },
        ...(typeof resize === 'number' ? { resize, crop: true } : {}),
      });
      // as PyTorch's libraries give pretrained networks a new head, whatever the architecture's own rule for it
      if (!head) replaceHead(model, classes, { seed });
    } catch (error) {
      model.dispose();
      await forget(weights);
      throw error;
    }
  return model;
}
