// Nearest neighbours among a network's features: what it knows without learning anything.

import { tf } from '../compute/index.js';
import type * as tfjs from '@tensorflow/tfjs';
import type { Classifier } from '../models/index.js';
import { figuresOf, judge, type Monitor } from '../train/index.js';
import { TransferError } from './errors.js';
import type { FeatureOptions, Features } from './features.js';
import { chosen, partFeatures, withTable, type Judged, type Parts } from './parts.js';

export interface KnnOptions extends FeatureOptions, Parts {
  /** Numbers of neighbours to choose from. Default: 1, 3, 5, 10, 20. */
  k?: readonly number[];
  /** Default: cosine. */
  metric?: 'cosine' | 'euclidean';
  /** What the choice goes by. Default: macroF1, and the loss where that is equal. */
  monitor?: Monitor;
}

/**
 * Classifies each film as its nearest training films are; its scores are the shares of the classes among them.
 * @throws TransferError `option`, `data`
 */
export async function knn(model: Classifier, options: KnnOptions): Promise<Judged<{ k: number }>> {
  const { k = [1, 3, 5, 10, 20], metric = 'cosine', monitor = 'macroF1' } = options;
  if (metric !== 'cosine' && metric !== 'euclidean')
    throw new TransferError('option', `metric is ${JSON.stringify(metric)}; it must be cosine or euclidean.`);
  if (!k.length || !k.every((n) => Number.isInteger(n) && n >= 1))
    throw new TransferError(
      'option',
      `k is ${JSON.stringify(k)}; it must be a list of whole numbers from 1 on.`,
    );
  const parts = await partFeatures(model, options, options);
  const films = parts.train.truth.length;
  const possible = k.filter((n) => n <= films);
  if (!possible.length)
    throw new TransferError(
      'option',
      `k is ${JSON.stringify(k)}, but there are only ${films} training films.`,
    );
  const most = Math.max(...possible);
  const classes = parts.train.classes;
  const found = neighbours(parts.val, parts.train, most, metric);
  const choices = possible.map((n) => ({
    k: n,
    ...figuresOf(judge({ scores: shares(found, n, classes.length), truth: parts.val.truth }, classes)),
  }));
  const best = chosen(choices, monitor).k;
  const { truth, rows } = parts.test;
  const last = parts.test === parts.val ? found : neighbours(parts.test, parts.train, best, metric);
  const scores = shares(last, best, classes.length);
  const judged = { best: { k: best }, choices, scores, truth, rows, ...judge({ scores, truth }, classes) };
  return withTable(judged, (choice) => String(choice.k), 'k');
}

/** Classes of the nearest training films of each film, the nearest first. */
function neighbours(of: Features, among: Features, k: number, metric: KnnOptions['metric']): number[][] {
  const out: number[][] = [];
  tf.tidy(() => {
    const train = prepared(among, metric);
    const half = tf.div(tf.sum(tf.square(train), 1), 2);
    const all = prepared(of, metric);
    for (let at = 0; at < of.shape[0]; at += BLOCK)
      tf.tidy(() => {
        const part = tf.slice(all, [at, 0], [Math.min(BLOCK, of.shape[0] - at), -1]) as tfjs.Tensor2D;
        // the greatest of x·y − |y|²/2 is the least of |x − y|²
        const near = tf.sub(tf.matMul(part, train, false, true), half);
        const { indices } = tf.topk(near, k);
        for (const row of indices.arraySync() as number[][]) out.push(row.map((i) => among.truth[i]));
      });
  });
  return out;
}
/** Films that are compared at a time. */
const BLOCK = 256;

function prepared({ x, shape }: Features, metric: KnnOptions['metric']): tfjs.Tensor2D {
  const t = tf.tensor2d(x, shape);
  if (metric === 'euclidean') return t;
  return tf.div(t, tf.maximum(tf.norm(t, 2, 1, true), 1e-12)) as tfjs.Tensor2D;
}

const shares = (found: number[][], k: number, classes: number): Float32Array[] =>
  found.map((row) => {
    const out = new Float32Array(classes);
    for (const label of row.slice(0, k)) out[label] += 1 / k;
    return out;
  });
