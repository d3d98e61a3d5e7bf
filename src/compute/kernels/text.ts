// Strings.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../tfjs.js';
import { attr, register, registered, run, runMany, runWide, type Kernel, type Tensor } from './kernel.js';

/** TensorFlow compares numbers only: strings are compared by their places in the sorted list of all. */
function comparing(name: string): Kernel {
  const numbers = registered(name);
  return ({ a, b }, attrs) => {
    if (a.dtype !== 'string') return numbers({ a, b }, attrs);
    const words = [a, b].map((t) => t.dataSync<'string'>());
    const order = [...new Set(words.flatMap((w) => [...(w as unknown as string[])]))].sort();
    const place = new Map(order.map((word, i) => [word, i]));
    const places = (t: Tensor, i: number): Tensor =>
      tf.tensor(
        Array.from(words[i] as unknown as string[], (word) => place.get(word)!),
        t.shape as tfjs.ShapeMap['R1'],
        'int32',
      );
    return numbers({ a: places(a, 0), b: places(b, 1) }, attrs);
  };
}

export function registerText(): void {
  register({
    ...Object.fromEntries(
      ['Greater', 'GreaterEqual', 'Less', 'LessEqual'].map((name) => [name, comparing(name)]),
    ),

    StringNGrams: ({ data, dataSplits }, attrs) =>
      runMany(
        'StringNGrams',
        [
          attr.text('separator', attrs.separator as string),
          attr.ints('ngram_widths', attrs.nGramWidths as number[]),
          attr.text('left_pad', attrs.leftPad as string),
          attr.text('right_pad', attrs.rightPad as string),
          attr.int('pad_width', attrs.padWidth as number),
          attr.bool('preserve_short_sequences', attrs.preserveShortSequences as boolean),
          attr.type('Tsplits', 'int32'),
        ],
        [data, dataSplits],
        2,
      ),

    StringSplit: ({ input, delimiter }, { skipEmpty }) =>
      runWide('StringSplit', [attr.bool('skip_empty', skipEmpty as boolean)], [input, delimiter], 3),

    StringToHashBucketFast: ({ input }, { numBuckets }) =>
      runWide('StringToHashBucketFast', [attr.int('num_buckets', numBuckets as number)], [input], 1)[0],

    SearchSorted: ({ sortedSequence, values }, { side }) =>
      run(
        side === 'left' ? 'LowerBound' : 'UpperBound',
        [attr.type('T', sortedSequence.dtype), attr.type('out_type', 'int32')],
        [sortedSequence, values],
      ),
  });
}
