// Models by name.

import { progressPrinter } from '../compute/wheel.js';
import { adaptStatistics } from './adapt.js';
import { pools, type Architecture, type Design } from './builder.js';
import { build, type Classifier, type InputShape } from './classifier.js';
import { ModelError } from './errors.js';
import { freeForgotten } from './forgotten.js';
import { undrawn } from './init.js';
import { classNames, whole } from './options.js';
import { find } from './registry.js';
import { replaceHead, reshapeHead } from './transfer.js';
import { published, type PublishedWeights } from './weights/published/registry.js';

export interface CreateOptions extends Design {
  /** Class names, or how many there are. Default: those of the weights, else ImageNet's 1,000. */
  classes?: readonly string[] | number;
  /** Height and width, before them the depth of a network of volumes. Default: the size of the published weights. */
  inputShape?: [height: number, width: number] | [depth: number, height: number, width: number];
  /** Channels of the input: 3, or 1 for grey pictures, or any number; published weights are made to fit. */
  channels?: number;
  /**
   * Starts from published weights, with a new head unless there are as many classes as they have: `imagenet`, a tag of `weights(name)`,
   * or weights of a server of your own.
   */
  weights?: string | PublishedWeights;
  /** Layers or stages (`stem`, `stage1` …) that `models.features` gives beside the logits. */
  taps?: readonly string[];
  /** Of the initial weights. */
  seed?: number;
  /** Stops fetching weights; what came so far is kept, and the next call goes on there. */
  signal?: AbortSignal;
}

/**
 * Builds a network.
 * @throws ModelError `unknown-model` and `unknown-layer` with the nearest names; `option` when a size, number or change can't be, or weights aren't published; `offline`, `checksum`
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
  const { seed = 0, channels = 3, taps = [], signal } = options;
  const weights = typeof options.weights === 'string' ? published(name, options.weights) : options.weights;
  const { depth } = architecture;
  const size = weights?.size ?? architecture.size;
  const inputShape = options.inputShape ?? (depth ? [depth, size, size] : [size, size]);
  const classes = classNames(options.classes ?? weights?.classes ?? 1000);
  check(name, architecture, { ...options, inputShape, channels, seed });
  const fetching = () => import('./weights/published/fetch.js');
  const state =
    weights && (await (await fetching()).publishedState(weights, { onProgress: progressPrinter(), signal }));
  await freeForgotten();
  const { dropout, dropPath, pool, head } = options;
  const facts = {
    classes,
    inputShape: [...inputShape, channels] as InputShape,
    seed,
    design: { dropout, dropPath, pool, head },
  };
  const built = (): Classifier => build(name, architecture, facts);
  const model = blank ? undrawn(built) : built();
  if (state)
    try {
      const { order, size, resize, interpolation, mean, std } = weights;
      const whole = classes.length === weights.classes && pool !== 'catavgmax';
      model.loadState(state, { order, head: whole, adapt: true });
      Object.assign(model.preprocessing, {
        ...{
          size,
          interpolation,
          mean: adaptStatistics(mean, channels),
          std: adaptStatistics(std, channels),
        },
        ...(typeof resize === 'number' ? { resize, crop: true } : {}),
      });
      // as PyTorch's libraries give pretrained networks a new head, whatever the architecture's own rule for it
      if (!whole) replaceHead(model, classes, { seed });
    } catch (error) {
      model.dispose();
      await (await fetching()).forget(weights);
      throw error;
    }
  try {
    if (head) reshapeHead(model, head, seed);
    for (const tap of taps) model.layer(tap);
    model.taps = [...taps];
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

type Checked = CreateOptions & Required<Pick<CreateOptions, 'inputShape' | 'channels' | 'seed'>>;

/** Options whose faults show before anything is fetched or built. */
function check(name: string, { depth, minSize }: Architecture, options: Checked): void {
  const { inputShape, channels, seed, dropout = 0, dropPath = 0, pool = 'avg', head = [] } = options;
  const refuse = (what: string): never => {
    throw new ModelError('option', what);
  };
  const axes = depth ? ['depth', 'height', 'width'] : ['height', 'width'];
  if (!whole(channels, 1)) refuse(`channels is ${channels}; it must be a whole number from 1 on.`);
  if (!Number.isSafeInteger(seed)) refuse(`seed is ${seed}; it must be a whole number.`);
  const sides: unknown = inputShape;
  if (
    !Array.isArray(sides) ||
    sides.length !== axes.length ||
    !sides.every((n) => whole(n as number, minSize))
  )
    refuse(
      `inputShape is ${Array.isArray(sides) ? `[${sides.join(', ')}]` : String(sides)}; ${name} needs [${axes.join(', ')}] of at least ${axes.map(() => minSize).join(' × ')}.`,
    );
  for (const [option, rate] of Object.entries({ dropout, dropPath }))
    if (!(rate >= 0 && rate < 1)) refuse(`${option} is ${rate}; it must be from 0 up to, but not, 1.`);
  if (!pools.includes(pool)) refuse(`pool is "${String(pool)}"; it can be ${pools.join(', ')}.`);
  if (head !== 'none' && !(Array.isArray(head) && head.every((units) => whole(units, 1))))
    refuse(`head is ${JSON.stringify(head)}; it can be "none" or a list of the units of hidden layers.`);
}
