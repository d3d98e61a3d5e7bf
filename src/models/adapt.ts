// Weights for networks that take other channels or another size than they were trained with.

import type { Classifier } from './classifier.js';
import { isInput } from './layerwise.js';
import type { StateTensor } from './weights/stored.js';

/** What adapting asks of a model. */
export type Adapted = Pick<Classifier, 'net' | 'inputShape'>;
/** Values of one shape made to fit another. */
export type Adaptation = (values: Float32Array) => Float32Array;

/**
 * How a tensor of this shape is made to fit a parameter of another: the weight of the first convolution for other channels,
 * position embeddings for another size. Undefined where it can't be.
 * @param layout which axes are where, in the tensor as in `wanted`
 */
export function adaptation(
  model: Adapted,
  name: string,
  { shape, wanted, layout }: { shape: number[]; wanted: number[]; layout: 'torch' | 'keras' },
): Adaptation | undefined {
  if (shape.length !== wanted.length) return undefined;
  const same = (but: number): boolean => shape.every((n, i) => n === wanted[i] || i === but);
  if (name === firstWeight(model)) {
    const axis = layout === 'torch' ? 1 : shape.length - 2;
    if (!same(axis) || !shape[axis]) return undefined;
    return (data) => adaptChannels({ shape, data }, wanted[axis], axis).data;
  }
  if (!name.endsWith('pos_embedding') || !same(1)) return undefined;
  const side = Math.sqrt(shape[1] - 1);
  if (!side || !Number.isInteger(side)) return undefined;
  return (data) => adaptPositions({ shape, data }, gridOf(model, wanted[1] - 1)).data;
}

/** The weight of the convolution that takes the input. */
function firstWeight({ net }: Adapted): string {
  const layer = net.layers.find((l) => !isInput(l) && l.input === net.inputs[0]);
  return `${layer?.name}.weight`;
}

/**
 * The weight of a convolution for another number of channels, as timm's adapt_input_conv gives it: summed for one
 * channel, so that a grey picture gives what it gave in three; else repeated in turn and scaled by the share of channels.
 * @param weight `[filters, channels, …window]`, or with the channels at another axis
 */
export function adaptChannels({ shape, data }: StateTensor, channels: number, axis = 1): StateTensor {
  const product = (part: number[]): number => part.reduce((a, b) => a * b, 1);
  const [outer, from, inner] = [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
  const out = new Float32Array(outer * channels * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const value = (c: number): number => data[(o * from + c) * inner + i];
      if (channels === 1) for (let c = 0; c < from; c++) out[o * inner + i] += value(c);
      else
        for (let c = 0; c < channels; c++)
          out[(o * channels + c) * inner + i] = (value(c % from) * from) / channels;
    }
  return { shape: shape.with(axis, channels), data: out };
}

/** Mean and standard deviation of the channels that `adaptChannels` gives: each keeps its own, a single one has their means. */
export const adaptStatistics = (values: readonly number[], channels: number): number[] =>
  channels === 1
    ? [values.reduce((a, b) => a + b, 0) / values.length]
    : Array.from({ length: channels }, (_, c) => values[c % values.length]);

/** Height and width of the grid of so many patches of a model's input. */
function gridOf({ inputShape }: Adapted, patches: number): [height: number, width: number] {
  const [height, width] = inputShape;
  const patch = Math.sqrt((height * width) / patches);
  return [height / patch, width / patch];
}

/**
 * Position embeddings of a square grid for another one, as torchvision's interpolate_embeddings gives them: bicubic,
 * corners on corners; the class token's, the first, stays.
 * @param positions `[1, 1 + side², channels]`
 * @returns `[1, 1 + height · width, channels]`
 */
export function adaptPositions(positions: StateTensor, [height, width]: [number, number]): StateTensor {
  const [, count, channels] = positions.shape;
  const side = Math.sqrt(count - 1);
  const data = new Float32Array((1 + height * width) * channels);
  data.set(positions.data.subarray(0, channels));
  const [rows, columns] = [taps(side, height), taps(side, width)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const [row, a] of rows[y])
          for (const [column, b] of columns[x])
            sum += a * b * positions.data[(1 + row * side + column) * channels + c];
        data[(1 + y * width + x) * channels + c] = sum;
      }
  return { shape: [1, 1 + height * width, channels], data };
}

/** For each of `to` places on an axis of `from`: the four around it and their shares (Keys 1981, a = −3/4, as in PyTorch). */
function taps(from: number, to: number): Array<Array<[at: number, share: number]>> {
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return Array.from({ length: to }, (_, i) => {
    const place = to === 1 ? 0 : (i * (from - 1)) / (to - 1);
    const floor = Math.floor(place);
    const t = place - floor;
    const shares = [far(t + 1), near(t), near(1 - t), far(2 - t)];
    return shares.map((share, k) => [Math.min(from - 1, Math.max(0, floor + k - 1)), share]);
  });
}
