// A network layer by layer.

import type * as tfjs from '@tensorflow/tfjs';

type Layer = tfjs.layers.Layer;

/** Names of the symbolic tensors that a layer takes, and of the one it gives. */
export const inputNames = (layer: Layer): string[] => [layer.input].flat().map(({ name }) => name);
export const outputName = (layer: Layer): string => (layer.output as tfjs.SymbolicTensor).name;
export const isInput = (layer: Layer): boolean => layer.getClassName() === 'InputLayer';

/** How a layer is called, of the inputs alone where it takes one. */
export type Call = (layer: Layer, inputs: tfjs.Tensor | tfjs.Tensor[]) => tfjs.Tensor;

/**
 * Runs layers in their order.
 * @param given the value of the symbolic tensor that they start from
 * @returns the output of the last one
 */
export function layerwise(
  layers: Layer[],
  given: { name: string; value: tfjs.Tensor },
  call: Call,
): tfjs.Tensor {
  const values = new Map([[given.name, given.value]]);
  let y = given.value;
  for (const layer of layers) {
    if (isInput(layer)) continue;
    const inputs = inputNames(layer).map((name) => values.get(name)!);
    y = call(layer, inputs.length === 1 ? inputs[0] : inputs);
    values.set(outputName(layer), y);
  }
  return y;
}
