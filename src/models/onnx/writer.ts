// What a layer's writer is, and what several of them need.

import type * as tfjs from '@tensorflow/tfjs';
import type { OnnxGraph, Value } from './graph.js';

type Layer = tfjs.layers.Layer;
/** The name of a tensor, and where its channels are: last unless it says so. */
export type Result = string | Pick<Value, 'name' | 'channels'>;
/** Adds the nodes of a layer to the graph. */
export type Writer = (layer: Layer, inputs: Value[], g: OnnxGraph) => Result;

export const config = <T>(layer: Layer): T => layer.getConfig() as unknown as T;
export const first = (name: string): Result => ({ name, channels: 'first' });

/** Tensors in one order of axes: as they are where that is one, channels first where they differ. */
export function alike(inputs: Value[], g: OnnxGraph): { names: string[]; channels: Value['channels'] } {
  const channels = inputs.every((x) => x.channels === 'last') ? 'last' : 'first';
  return { names: inputs.map((x) => (channels === 'first' ? g.first(x) : g.last(x))), channels };
}

/** A writer of what is done alike to each channel, wherever the channels are. */
export const anywhere =
  (write: (names: string[], g: OnnxGraph, layer: Layer, channels: Value['channels']) => string): Writer =>
  (layer, inputs, g) => {
    const { names, channels } = alike(inputs, g);
    return { name: write(names, g, layer, channels), channels };
  };

/** ONNX has what is padded before all axes, then what is padded after them. */
export const pads = ([t, b, l, r]: readonly number[]): number[] => [t, l, b, r];
