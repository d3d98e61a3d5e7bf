// Published weights for networks that take other channels or another size than they were trained with.

import type { Classifier } from './classifier.js';
import type { Parameter } from './layers.js';
import { isInput } from './layerwise.js';
import type { StateDict, StateTensor } from './weights/stored.js';

/**
 * A state dict with its first convolution and its position embeddings made to fit the model; what fits or can't be
 * made to fit stays as it is.
 * @param options.order the state dict has another library's names, in the order of the model's own
 */
export function adaptState(model: Classifier, state: StateDict, { order = false } = {}): StateDict {
  const first = firstWeight(model);
  const out: StateDict = new Map(state);
  const names = [...state.keys()].filter((name) => !model.isUnused(name));
  [...model.parameters()].forEach(([own, p], i) => {
    const name = order ? names[i] : own;
    const given = state.get(name);
    if (!given || given.shape.join() === p.shape.join()) return;
    if (own === first && given.shape.length === p.shape.length)
      out.set(name, adaptChannels(given, p.shape[1]));
    else if (own.endsWith('pos_embedding')) out.set(name, adaptPositions(given, gridOf(model, p)));
  });
  return out;
}

/** The weight of the convolution that takes the input. */
function firstWeight(model: Classifier): string {
  const { layers } = model.net;
  const layer = layers.find((l) => !isInput(l) && l.input === model.net.inputs[0]);
  return `${layer?.name}.weight`;
}

/**
 * The weight of a convolution for another number of channels, as timm's adapt_input_conv gives it: summed for one
 * channel, so that a grey picture gives what it gave in three; else repeated in turn and scaled by the share of channels.
 * @param weight `[filters, channels, …window]`
 */
export function adaptChannels({ shape, data }: StateTensor, channels: number): StateTensor {
  const [filters, from, ...window] = shape;
  const size = window.reduce((a, b) => a * b, 1);
  const out = new Float32Array(filters * channels * size);
  for (let f = 0; f < filters; f++)
    for (let i = 0; i < size; i++) {
      const value = (c: number): number => data[(f * from + c) * size + i];
      if (channels === 1) for (let c = 0; c < from; c++) out[f * size + i] += value(c);
      else
        for (let c = 0; c < channels; c++)
          out[(f * channels + c) * size + i] = (value(c % from) * from) / channels;
    }
  return { shape: [filters, channels, ...window], data: out };
}

/** Mean and standard deviation of the channels that `adaptChannels` gives: each keeps its own, a single one has their means. */
export const adaptStatistics = (values: readonly number[], channels: number): number[] =>
  channels === 1
    ? [values.reduce((a, b) => a + b, 0) / values.length]
    : Array.from({ length: channels }, (_, c) => values[c % values.length]);

/** Height and width of the grid of a model's position embeddings. */
function gridOf(model: Classifier, { shape }: Parameter): [height: number, width: number] {
  const [height, width] = model.inputShape;
  const patch = Math.sqrt((height * width) / (shape[1] - 1));
  return [height / patch, width / patch];
}

/**
 * Position embeddings of a square grid for another one, as torchvision's interpolate_embeddings gives them: bicubic,
 * corners on corners; the class token's, the first, stays.
 * @param positions `[1, 1 + side², channels]`
 * @returns `[1, 1 + height · width, channels]`; as given where the grid was no square
 */
export function adaptPositions(positions: StateTensor, [height, width]: [number, number]): StateTensor {
  const [, count, channels] = positions.shape;
  const side = Math.sqrt(count - 1);
  if (!Number.isInteger(side)) return positions;
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
