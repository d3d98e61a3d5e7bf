// Element-wise and counting kernels where tfjs asks for more than TensorFlow's op of that name gives.

import type * as tfjs from '@tensorflow/tfjs';
import { ComputeError } from '../errors.js';
import { tf } from '../tfjs.js';
import { attr, register, registered, run, runMany, type Inputs, type Kernel } from './kernel.js';

/** A kernel with whole numbers treated in another way. */
function whole(name: string, kernel: Kernel): Record<string, Kernel> {
  const others = registered(name);
  return { [name]: (inputs, attrs) => (inputs.x.dtype === 'int32' ? kernel : others)(inputs, attrs) };
}

/** The distinct values along an axis; the bits of a number are compared, so that NaN equals itself. */
function unique({ x }: Inputs, { axis }: Record<string, unknown>): tfjs.Tensor[] {
  const float = x.dtype === 'float32';
  const bitcast = (t: tfjs.Tensor, from: string, to: string): tfjs.Tensor =>
    run('Bitcast', [attr.type('T', from), attr.type('type', to)], [t]);
  const given = float ? bitcast(tf.add(x, 0), 'float32', 'int32') : x; // -0 + 0 is 0
  const types = [attr.type('T', given.dtype), attr.type('Taxis', 'int32'), attr.type('out_idx', 'int32')];
  const place = tf.tensor1d([(axis as number | undefined) ?? 0], 'int32');
  const [values, indices] = runMany('UniqueV2', types, [given, place], 2);
  return [float ? bitcast(values, 'int32', 'float32') : values, indices];
}

/** Draws by number; a seed gives the same draws each time. */
function multinomial({ logits: given }: Inputs, attrs: Record<string, unknown>): tfjs.Tensor {
  const { numSamples, seed, normalized } = attrs as {
    numSamples: number;
    seed: number;
    normalized: boolean;
  };
  const logits = normalized ? tf.log(given) : given;
  const types = [attr.type('T', logits.dtype), attr.type('output_dtype', 'int32')];
  const count = tf.scalar(numSamples, 'int32');
  // without a seed tfjs gives one between 0 and 1; drawn by TensorFlow's own state, recorded steps differ
  if (seed > 0 && seed < 1) return run('Multinomial', types, [logits, count]);
  return run(
    'StatelessMultinomial',
    [...types, attr.type('Tseed', 'int32')],
    [logits, count, tf.tensor1d(new Int32Array(Float64Array.of(seed).buffer), 'int32')],
  );
}

/** A kernel that TensorFlow has for numbers alone, of truth values. */
function truth(name: string): Record<string, Kernel> {
  const numbers = registered(name);
  const number = (t: tfjs.Tensor): tfjs.Tensor => (t.dtype === 'bool' ? tf.cast(t, 'int32') : t);
  return {
    [name]: (inputs, attrs) => {
      const given = Object.entries(inputs);
      if (!given.every(([, t]) => t.dtype === 'bool')) return numbers(inputs, attrs);
      const result = numbers(Object.fromEntries(given.map(([key, t]) => [key, number(t)])), attrs);
      return tf.cast(result as tfjs.Tensor, 'bool');
    },
  };
}

export function registerMaths(): void {
  const select = registered('Select');
  const diag = registered('Diag');
  const einsum = registered('Einsum');
  const scatter = registered('ScatterNd');
  register({
    ...whole('Round', ({ x }) => tf.clone(x)),
    ...whole('LeakyRelu', ({ x }, { alpha }) => tf.leakyRelu(tf.cast(x, 'float32'), alpha as number)),
    ...whole('Step', ({ x }, { alpha }) =>
      tf.where(tf.greater(x, 0), tf.onesLike(x), tf.fill(x.shape, alpha as number, 'int32')),
    ),
    /** NaN has the sign 0. */
    Sign: ({ x }) => tf.sub(tf.cast(tf.greater(x, 0), x.dtype), tf.cast(tf.less(x, 0), x.dtype)),
    ...whole('IsNan', ({ x }) => tf.zeros(x.shape, 'bool')),
    ...whole('IsInf', ({ x }) => tf.zeros(x.shape, 'bool')),
    ...whole('IsFinite', ({ x }) => tf.ones(x.shape, 'bool')),
    ...truth('Multiply'),
    ...truth('Max'),
    ...truth('Min'),
    /** Of two types it gives the wider one. */
    Select: ({ condition, t, e }, attrs) => {
      const dtype = t.dtype === e.dtype ? t.dtype : tf.backend_util.upcastType(t.dtype, e.dtype);
      return select({ condition, t: tf.cast(t, dtype), e: tf.cast(e, dtype) }, attrs);
    },
    BitwiseAnd: ({ a, b }) => run('BitwiseAnd', [attr.type('T', a.dtype)], [a, b]),
    Diag: ({ x }, attrs) =>
      x.dtype === 'bool'
        ? tf.cast(diag({ x: tf.cast(x, 'int32') }, attrs) as tfjs.Tensor, 'bool')
        : diag({ x }, attrs),
    Unique: unique,
    Multinomial: multinomial,

    DenseBincount: ({ x, weights }, { size, binaryOutput }) =>
      run(
        'DenseBincount',
        [
          attr.type('Tidx', 'int32'),
          attr.type('T', weights.dtype),
          attr.bool('binary_output', binaryOutput === true),
        ],
        [x, tf.scalar(size as number, 'int32'), weights],
      ),

    /** Indices of one dimension name a row each. */
    ScatterNd: ({ indices, updates }, attrs) =>
      scatter({ indices: indices.rank === 1 ? tf.expandDims(indices, 1) : indices, updates }, attrs),

    /** TensorFlow takes a letter of the result that no operand has for an axis of length 1. */
    Einsum: (inputs, attrs) => {
      const [operands, result = ''] = (attrs.equation as string).split('->');
      for (const letter of result.replace(/[.\s]/g, ''))
        if (!operands.includes(letter))
          throw new ComputeError(
            'op',
            `Output subscripts contain the label ${letter} not present in the input subscripts.`,
          );
      return einsum(inputs, attrs);
    },
  });
}
