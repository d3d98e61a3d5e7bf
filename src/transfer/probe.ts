// Linear probe: logistic regression on a network's features, its penalty chosen on the validation films.

import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../compute/index.js';
import { replaceHead, type Classifier } from '../models/index.js';
import { figuresOf, judge, type Figures, type Monitor } from '../train/index.js';
import { TransferError } from './errors.js';
import type { FeatureOptions, Features } from './features.js';
import { logistic, logitsOf, type Coefficients } from './logistic.js';
import { chosen, partFeatures, withTable, type Judged, type Parts } from './parts.js';

export interface ProbeOptions extends FeatureOptions, Parts {
  /** Penalties to choose from: half of one times the sum of squared weights is added to the mean cross-entropy. Default: 10⁻⁵ to 10. */
  l2?: readonly number[];
  /** What the choice goes by. Default: macroF1, and the loss where that is equal. */
  monitor?: Monitor;
}

export interface Probe extends Judged<{ l2: number }> {
  /**
   * Gives the model a head with the probe's weights, from which fine-tuning then starts (Kumar et al. 2022).
   * @throws TransferError `option` where the features were not those that the head is given
   */
  install(model: Classifier): Classifier;
}

/**
 * Fits a linear classifier on the features of frozen layers: how far a network's features carry, in seconds. Features are
 * computed once, and centred and scaled by the training films: each by the root of its own and the mean variance, as one that
 * hardly varies, standardised, would get a weight that no change of the network survives.
 * @throws TransferError `option`, `data`
 */
export async function linearProbe(model: Classifier, options: ProbeOptions): Promise<Probe> {
  const { l2 = [10, 1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5], monitor = 'macroF1', signal } = options;
  if (!l2.length || !l2.every((v) => v >= 0))
    throw new TransferError('option', `l2 is ${JSON.stringify(l2)}; it must be a list of numbers from 0 on.`);
  const parts = await partFeatures(model, options, options);
  const { classes } = parts.train;
  const spreads = spread(parts.train);
  const x = scaled(parts.train, spreads);
  const y = tf.tidy(() =>
    tf.cast(tf.oneHot(tf.tensor1d(parts.train.truth, 'int32'), classes.length), 'float32'),
  );
  const choices: Array<{ l2: number; coefficients: Coefficients } & Figures> = [];
  try {
    let start: Coefficients | undefined; // the strongest penalty first: each result is near the next one
    for (const strength of [...l2].sort((a, b) => b - a)) {
      start = await logistic(x, y as tfjs.Tensor2D, { l2: strength, start, signal });
      const scores = scoresOf(parts.val, spreads, start);
      const figures = figuresOf(judge({ scores, truth: parts.val.truth }, classes));
      choices.push({ l2: strength, coefficients: start, ...figures });
    }
  } finally {
    tf.dispose([x, y]);
  }
  const { coefficients, l2: strength } = chosen(choices, monitor);
  const { truth, rows } = parts.test;
  const scores = scoresOf(parts.test, spreads, coefficients);
  const probe: Probe = {
    best: { l2: strength },
    choices: choices.map(({ coefficients, ...choice }) => choice),
    scores,
    truth,
    rows,
    ...judge({ scores, truth }, classes),
    install: (model) => {
      if (options.layer !== undefined)
        throw new TransferError(
          'option',
          'Only a probe of the features that the head is given can be its head.',
        );
      return install(model, classes, coefficients, spreads);
    },
  };
  return withTable(probe, (choice) => String(choice.l2), 'L2');
}

interface Spread {
  mean: Float32Array;
  scale: Float32Array;
}

function spread({ x, shape }: Features): Spread {
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(tf.tensor2d(x, shape), 0);
    const scale = tf.sqrt(tf.add(variance, tf.mean(variance))).dataSync() as Float32Array;
    return {
      mean: (mean.dataSync() as Float32Array).slice(),
      scale: scale.map((v) => v || 1), // where no feature varies
    };
  });
}

const scaled = ({ x, shape }: Features, { mean, scale }: Spread): tfjs.Tensor2D =>
  tf.tidy(() => tf.div(tf.sub(tf.tensor2d(x, shape), mean), scale)) as tfjs.Tensor2D;

/** Probabilities, `[film][class]`. */
function scoresOf(part: Features, spreads: Spread, coefficients: Coefficients): Float32Array[] {
  const classes = part.classes.length;
  const flat = tf.tidy(() =>
    tf.softmax(logitsOf(scaled(part, spreads), coefficients, classes)).dataSync(),
  ) as Float32Array;
  return part.truth.map((_, i) => flat.slice(i * classes, (i + 1) * classes));
}

/** The same function of features as they are, as the head. */
function install(
  model: Classifier,
  classes: readonly string[],
  coefficients: Coefficients,
  { mean, scale }: Spread,
): Classifier {
  const units = classes.length;
  const weight = new Float32Array(mean.length * units);
  const bias = Float64Array.from(coefficients.subarray(mean.length * units));
  mean.forEach((m, i) => {
    for (let u = 0; u < units; u++) {
      const w = coefficients[i * units + u] / scale[i];
      weight[u * mean.length + i] = w;
      bias[u] -= w * m;
    }
  });
  replaceHead(model, classes);
  const state = model.stateDict();
  state.get(`${model.head}.weight`)!.data = weight;
  state.get(`${model.head}.bias`)!.data = Float32Array.from(bias);
  model.loadState(state);
  return model;
}
