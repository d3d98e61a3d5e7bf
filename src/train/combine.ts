// How several answers about the same films become one: those of views of a film, and those of models.

import { TrainError } from './errors.js';

const rules = ['probabilities', 'logits', 'vote'] as const;
/**
 * The mean of `probabilities`; the mean of `logits`, which is the geometric mean of probabilities; or the share of answers
 * for which a class is the likeliest, `vote`.
 */
export type CombineRule = (typeof rules)[number];

/** @throws TrainError `option` */
export function checkRule(by: CombineRule): void {
  if (!rules.includes(by))
    throw new TrainError('option', `by is ${JSON.stringify(by)}; it must be ${rules.join(', ')}.`);
}

/** The least number above 0 that a probability can be. */
const least = 2 ** -149;

/**
 * @param answers `[answer][film][class]`, probabilities
 * @returns `[film][class]`, which sum to 1
 */
export function combined(answers: Float32Array[][], by: CombineRule): Float32Array[] {
  return answers[0].map((_, film) => {
    const given = answers.map((answer) => answer[film]);
    const mean = (each: (p: Float32Array) => ArrayLike<number>): number[] => {
      const sums = new Array<number>(given[0].length).fill(0);
      for (const p of given) Array.from(each(p)).forEach((v, i) => (sums[i] += v / given.length));
      return sums;
    };
    if (by === 'probabilities') return Float32Array.from(mean((p) => p));
    if (by === 'vote') return Float32Array.from(mean((p) => oneHot(p)));
    // log-probabilities are logits but for a summand that softmax takes away
    return softmax(mean((p) => Float64Array.from(p, (v) => Math.log(Math.max(v, least)))));
  });
}

function oneHot(p: Float32Array): Float32Array {
  const best = p.indexOf(Math.max(...p));
  return p.map((_, i) => Number(i === best));
}

function softmax(logits: number[]): Float32Array {
  const most = Math.max(...logits);
  const powers = logits.map((v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (v) => v / sum);
}
