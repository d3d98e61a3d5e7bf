// The stages of a network: its stem, and the levels of resolution after it, counted as timm's feature_info counts them.

import type * as tfjs from '@tensorflow/tfjs';
import { inputNames, isInput, outputName } from './layerwise.js';

export interface Stage {
  /** `stem`, `stage1`, `stage2` and so on. */
  name: string;
  /** The layer that ends it. */
  layer: string;
  channels: number;
  /** How many pixels of the input's height and width one of its places stands for. */
  reduction: number;
}

/** By how much a layer reduces height and width. */
function strideOf(layer: tfjs.layers.Layer): number {
  const { stride = 1 } = layer.getConfig() as { stride?: number | number[] };
  return typeof stride === 'number' ? stride : stride[stride.length - 1];
}

/** @param ends the layers that end the stem and each stage */
export function stagesOf(layers: readonly tfjs.layers.Layer[], ends: readonly string[]): Stage[] {
  const reductions = new Map<string, number>();
  const found = new Map<string, Stage>();
  for (const layer of layers) {
    // padding and odd sizes don't change what a network is made for, so strides are multiplied rather than sizes compared
    const reduction = isInput(layer) ? 1 : reductions.get(inputNames(layer)[0])! * strideOf(layer);
    reductions.set(outputName(layer), reduction);
    const at = ends.indexOf(layer.name);
    if (at < 0) continue;
    const channels = (layer.output as tfjs.SymbolicTensor).shape.at(-1)!;
    found.set(layer.name, { name: at ? `stage${at}` : 'stem', layer: layer.name, channels, reduction });
  }
  return ends.map((end) => found.get(end)!);
}
