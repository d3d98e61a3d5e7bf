// Activations and their gradients: single TensorFlow ops where there are such, few passes over memory elsewhere.

import type * as tfjs from '@tensorflow/tfjs';
import { attr, custom, FLOAT, native, run } from './attributes.js';
import { tf } from './tfjs.js';

type Tensor = tfjs.Tensor;

/** A tfjs op whose gradient is one TensorFlow op of dy and of what is kept. */
interface Rule {
  /** The gradient's op. */
  op: string;
  /** What is kept: the op's input or its result. */
  keeps: 'x' | 'y';
  /** The op takes dy after what is kept. */
  last?: boolean;
  alpha?: boolean;
  /** What the op takes for what is kept. */
  given?: (kept: Tensor) => Tensor;
  /** The same of tfjs's ops, for other backends and for gradients of gradients. */
  composed: (dy: Tensor, kept: Tensor, alpha: number) => Tensor;
}

const positive = (x: Tensor): Tensor => tf.step(x);
const negativePart = (y: Tensor): Tensor => tf.minimum(y, 0);
/** The limits of SELU's result are λ · x and -λα (Klambauer et al. 2017). */
const LAMBDA = 1.0507009873554805;
const LAMBDA_ALPHA = 1.7580993408473768;

const rules: Record<string, Rule> = {
  Relu: { op: 'ReluGrad', keeps: 'y', composed: (dy, y) => tf.mul(dy, positive(y)) },
  Relu6: {
    op: 'Relu6Grad',
    keeps: 'y',
    composed: (dy, y) => tf.mul(dy, tf.mul(positive(y), positive(tf.sub(6, y)))),
  },
  LeakyRelu: {
    op: 'LeakyReluGrad',
    keeps: 'x',
    alpha: true,
    composed: (dy, x, alpha) => tf.mul(dy, tf.step(x, alpha)),
  },
  Elu: { op: 'EluGrad', keeps: 'y', composed: (dy, y) => tf.mul(dy, tf.add(1, negativePart(y))) },
  Selu: {
    op: 'SeluGrad',
    keeps: 'y',
    // at 0 tfjs and PyTorch take the slope on the left, TensorFlow that on the right: 0 alone is changed by this
    given: (y) => tf.sub(y, 1e-37),
    composed(dy, y) {
      const slope = tf.add(LAMBDA_ALPHA, tf.mul(positive(y), LAMBDA - LAMBDA_ALPHA));
      return tf.mul(dy, tf.add(slope, negativePart(y)));
    },
  },
  Sigmoid: {
    op: 'SigmoidGrad',
    keeps: 'y',
    last: true,
    composed: (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))),
  },
  Tanh: {
    op: 'TanhGrad',
    keeps: 'y',
    last: true,
    composed: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))),
  },
  Softplus: { op: 'SoftplusGrad', keeps: 'x', composed: (dy, x) => tf.mul(dy, tf.sigmoid(x)) },
};

/** What is used here of tfjs's engine and of the ops that it notes for a gradient. */
interface Noted {
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
}
interface Engine {
  state: { gradientDepth: number; activeTape: Noted[] };
  addTapeNode(...parts: [string, Noted['inputs'], Tensor[], ...unknown[]]): void;
}
const engine = tf.engine() as unknown as Engine;

/** Whether what runs now is on the way to a gradient of a gradient; TensorFlow's gradient ops, run by hand, have none. */
export const nested = (): boolean => engine.state.gradientDepth > 1;
/** Whether ops may take TensorFlow's own gradients. */
export const direct = (): boolean => native() && !nested();

const FLOATS = [attr.type('T', FLOAT)];

/** Replaces tfjs's composed gradients of activations, which anybody's code then gets, by TensorFlow's own ops. */
export function registerNativeGradients(): void {
  for (const [kernelName, { op, keeps, last, alpha, given, composed }] of Object.entries(rules)) {
    const gradient = (dy: Tensor, kept: Tensor, a: number): Tensor => {
      // a gradient that is noted itself, for another one
      if (!native() || engine.state.gradientDepth > 0) return composed(dy, kept, a);
      const attrs = alpha ? [...FLOATS, attr.float('alpha', a)] : FLOATS;
      const value = given ? given(kept) : kept;
      return run(op, attrs, last ? [value, dy] : [dy, value]);
    };
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      ...(keeps === 'x' ? { inputsToSave: ['x'] } : { outputsToSave: [true] }),
      gradFunc: (dy, [kept], attrs) => ({ x: () => gradient(dy as Tensor, kept, attrs?.alpha as number) }),
    });
  }
  orderTape();
}

/**
 * tfjs notes the copy of a result that a gradient keeps before the op that gives the result, and so loses what a gradient
 * of the gradient owes to it: without a word the second derivative of x² · sigmoid(x) was wrong. The op goes first here.
 */
function orderTape(): void {
  const note = engine.addTapeNode;
  engine.addTapeNode = (...parts) => {
    note.apply(engine, parts);
    const tape = engine.state.activeTape;
    const [, inputs, outputs] = parts;
    const given = Object.values(inputs);
    const first = Math.min(...outputs.map((t) => t.id));
    let at = tape.length - 1;
    // what was noted since the result is there is copies
    while (at > 0 && tape[at - 1].outputs.every((t) => t.id > first && !given.includes(t))) at--;
    if (at < tape.length - 1) tape.splice(at, 0, tape.pop()!);
  };
}

/** Swish (SiLU), x · sigmoid(x) (Elfwing et al. 2018). */
export function swish(x: Tensor): Tensor {
  if (nested()) return tf.mul(x, tf.sigmoid(x));
  return custom([x], ([x], save) => {
    const s = tf.sigmoid(x);
    const y = tf.mul(x, s);
    save([y, s]);
    // s + x·s·(1 − s), without x, that nothing else keeps
    return { value: y, gradient: (dy, [y, s]) => [tf.mul(dy, tf.add(s, tf.mul(y, tf.sub(1, s))))] };
  });
}

/**
 * GELU, x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016).
 * @param options.approximate by tanh, as PyTorch's `approximate='tanh'`
 */
export function gelu(x: Tensor, options: { approximate?: boolean } = {}): Tensor {
  return options.approximate ? tanhGelu(x) : erfGelu(x);
}

const phi = (x: Tensor): Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
/** The bell's height. */
const DENSITY = 1 / Math.sqrt(2 * Math.PI);

function erfGelu(x: Tensor): Tensor {
  if (nested()) return tf.mul(x, phi(x));
  return custom([x], ([x], save) => {
    const p = phi(x);
    save([x, p]);
    return {
      value: tf.mul(x, p),
      // Φ + x · φ
      gradient(dy, [x, p]) {
        const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), DENSITY);
        return [tf.mul(dy, tf.add(p, tf.mul(x, density)))];
      },
    };
  });
}

/** (1 + tanh(u)) / 2 is sigmoid(2u): 2u of the approximation is x · (A + B · x²). */
const A = 2 * Math.sqrt(2 / Math.PI);
const B = 0.044715 * A;

function tanhGelu(x: Tensor): Tensor {
  const gate = (x: Tensor): Tensor => tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), B), A)));
  if (nested()) return tf.mul(x, gate(x));
  return custom([x], ([x], save) => {
    const s = gate(x);
    const y = tf.mul(x, s);
    save([x, y, s]);
    return {
      value: y,
      // s + x·s·(1 − s) · (A + 3B·x²)
      gradient(dy, [x, y, s]) {
        const slope = tf.add(tf.mul(tf.square(x), 3 * B), A);
        return [tf.mul(dy, tf.add(s, tf.mul(tf.mul(y, tf.sub(1, s)), slope)))];
      },
    };
  });
}

/** min(max(x + 3, 0), 6), of which hard-sigmoid and hard-swish are made. */
const ramp = (x: Tensor): Tensor => tf.relu6(tf.add(x, 3));

/** Hard-sigmoid, min(max(x + 3, 0), 6) / 6, as PyTorch defines it. */
export const hardSigmoid = (x: Tensor): Tensor => tf.mul(ramp(x), 1 / 6);

/** Hard-swish, x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
export function hardSwish(x: Tensor): Tensor {
  if (!direct()) return tf.mul(x, hardSigmoid(x));
  return custom([x], ([x], save) => {
    const r = ramp(x);
    save([x, r]);
    return {
      value: tf.mul(tf.mul(x, r), 1 / 6),
      // (r + x · r') / 6
      gradient: (dy, [x, r]) => [tf.mul(dy, tf.mul(tf.add(run('Relu6Grad', FLOATS, [x, r]), r), 1 / 6))],
    };
  });
}

/**
 * x · sigmoid(gate), the gate of squeeze and excitation (Hu et al. 2018).
 * @param x `[batch, height, width, channels]`
 * @param gate `[batch, 1, 1, channels]`, before the sigmoid
 */
export const sigmoidGate = (x: Tensor, gate: Tensor): Tensor => tf.mul(x, tf.sigmoid(gate));
