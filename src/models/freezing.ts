// Which part of a network learns, by layers and by stages, and which batch norms follow their batches meanwhile.

import type { Classifier } from './classifier.js';
import { ModelError } from './errors.js';
import { BatchNorm } from './layers.js';

/**
 * How much of a network is fine-tuned: its `head` alone, the `last stage` too, the later `half` of the stages (of five the
 * last two), `all`; or from where on: a stage's number in `model.stages`, the name of a stage, block or layer.
 */
export type Degree = 'head' | 'last stage' | 'half' | 'all' | number | (string & {});

export interface FreezeOptions {
  /**
   * Which batch norms use and keep their running statistics in training: those of the frozen `part` (default); all of them,
   * `frozen`; or none, `moving`, as in PyTorch where only `requires_grad` is false.
   */
  batchNorm?: 'part' | 'frozen' | 'moving';
}

/**
 * Freezes all layers up to and including `upTo`; the rest learns.
 * @param upTo a layer's, block's or stage's name; a stage's number; `all` but the head; `none`; or a degree: `head`, `last stage` and `half` learn
 * @returns how many parameter tensors learn
 * @throws ModelError `unknown-layer` with the nearest names; `option`
 */
export function freeze(model: Classifier, upTo: string | number, options: FreezeOptions = {}): number {
  if (upTo === 'all') return unfreeze(model, 'head', options);
  if (upTo === 'none') return unfreeze(model, 'all', options);
  if (['head', 'last stage', 'half'].includes(upTo as string)) return unfreeze(model, upTo, options);
  return learnFrom(model, part(model, upTo).last + 1, options);
}

/**
 * Lets the network learn to a degree, by default as a whole, and freezes the layers before.
 * @returns how many parameter tensors learn
 * @throws ModelError `unknown-layer` with the nearest names; `option`
 */
export function unfreeze(model: Classifier, degree: Degree = 'all', options: FreezeOptions = {}): number {
  return learnFrom(model, firstOf(model, degree), options);
}

/** The batch norms whose statistics follow the batches of training. */
export const movingNorms = ({ net }: Classifier): BatchNorm[] =>
  net.layers.filter((layer) => layer instanceof BatchNorm).filter((norm) => norm.moves);

/** For each layer the number of its stage; the layers behind the last stage, the head among them, have the number after it. */
export function stageNumbers({ net, stages }: Classifier): number[] {
  const ends = stages.map((name) => net.layers.findIndex((layer) => layer.name === name));
  return net.layers.map((_, i) => ends.filter((end) => end < i).length);
}

/**
 * The place of the first layer that learns.
 * @throws ModelError where there is no such degree, stage, block or layer
 */
export function firstOf(model: Classifier, degree: Degree): number {
  const { length } = model.stages;
  if (degree === 'all') return 0;
  if (degree === 'head') return firstOfHead(model);
  if (degree === 'last stage') return part(model, length - 1).first;
  if (degree === 'half') return part(model, Math.ceil(length / 2)).first;
  const stage = model.stages.indexOf(degree as string); // named by its end
  return part(model, stage < 0 ? degree : stage).first;
}

/** The place of the head's first layer, of its hidden ones where it has some; behind the last layer where there is no head. */
function firstOfHead({ net, headPart }: Classifier): number {
  const inHead = ({ name }: { name: string }): boolean =>
    name === headPart || name.startsWith(`${headPart}.`);
  const first = net.layers.findIndex(inHead);
  return first < 0 ? net.layers.length : first;
}

/** Places of a stage's or block's first and last layer. */
function part(model: Classifier, which: string | number): { first: number; last: number } {
  const places =
    typeof which === 'number'
      ? stageNumbers(model).flatMap((stage, i) => (stage === which ? i : []))
      : model.net.layers.flatMap(({ name }, i) => (name === which || name.startsWith(`${which}.`) ? i : []));
  if (places.length && (typeof which === 'string' || which < model.stages.length))
    return { first: places[0], last: places.at(-1)! };
  const stage = model.stageInfo.findIndex(({ name }) => name === which);
  if (stage >= 0) return part(model, stage);
  if (typeof which === 'string') model.layer(which); // says which names are near
  throw new ModelError(
    'option',
    `${model.name} has no stage ${which}; its stages are ${model.stages.map((name, i) => `${i} (${name})`).join(', ')}.`,
  );
}

function learnFrom(model: Classifier, first: number, { batchNorm = 'part' }: FreezeOptions): number {
  if (!['part', 'frozen', 'moving'].includes(batchNorm))
    throw new ModelError(
      'option',
      `batchNorm is ${JSON.stringify(batchNorm)}; it must be part, frozen or moving.`,
    );
  const statistics = { part: undefined, frozen: 'running', moving: 'batch' } as const;
  model.net.layers.forEach((layer, i) => {
    layer.trainable = i >= first;
    if (layer instanceof BatchNorm) layer.statistics = statistics[batchNorm];
  });
  return model.net.trainableWeights.length;
}
