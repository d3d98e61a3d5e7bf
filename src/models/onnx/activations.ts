// Activations as ONNX nodes.

import type { ActivationName } from '../layers.js';
import type { OnnxGraph } from './graph.js';

/** From the name of a tensor to that of the result. */
type Write = (x: string, g: OnnxGraph) => string;

const gated = (x: string, gate: string, g: OnnxGraph): string => g.node('Mul', [x, gate]);

export const activations: Record<ActivationName, Write> = {
  relu: (x, g) => g.node('Relu', [x]),
  relu6: (x, g) => g.node('Clip', [x, g.scalar(0), g.scalar(6)]),
  swish: (x, g) => gated(x, g.node('Sigmoid', [x]), g),
  sigmoid: (x, g) => g.node('Sigmoid', [x]),
  tanh: (x, g) => g.node('Tanh', [x]),
  elu: (x, g) => g.node('Elu', [x]),
  selu: (x, g) => g.node('Selu', [x]),
  leakyRelu: (x, g) => g.node('LeakyRelu', [x], { alpha: { float: 0.01 } }),
  gelu(x, g) {
    const erf = g.node('Erf', [g.node('Div', [x, g.scalar(Math.SQRT2)])]);
    return g.node('Mul', [gated(x, g.node('Add', [erf, g.scalar(1)]), g), g.scalar(0.5)]);
  },
  geluTanh(x, g) {
    const cube = g.node('Mul', [g.node('Mul', [g.node('Mul', [x, x]), x]), g.scalar(0.044715)]);
    const inner = g.node('Mul', [g.node('Add', [x, cube]), g.scalar(Math.sqrt(2 / Math.PI))]);
    const gate = g.node('Add', [g.node('Tanh', [inner]), g.scalar(1)]);
    return g.node('Mul', [gated(x, gate, g), g.scalar(0.5)]);
  },
  hardSigmoid: (x, g) => g.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  hardSwish: (x, g) => g.node('HardSwish', [x]),
};
