// Answers that are made of several: views of a film, and models.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { data, models, tf, train } from '../../src/index.js';
import { combined } from '../../src/train/combine.js';
import { viewed, type View } from '../../src/train/views.js';

const near = (got: ArrayLike<number>, want: readonly number[], tolerance = 1e-6): void =>
  want.forEach((v, i) => assert.ok(Math.abs(got[i] - v) <= tolerance, `${got[i]} is not ${v}`));

describe('answers become one', () => {
  // two films, three classes, three answers
  const answers = [
    [
      [0.5, 0.3, 0.2],
      [0.1, 0.2, 0.7],
    ],
    [
      [0.2, 0.6, 0.2],
      [0.3, 0.3, 0.4],
    ],
    [
      [0.6, 0.3, 0.1],
      [0.8, 0.1, 0.1],
    ],
  ].map((answer) => answer.map((row) => Float32Array.from(row)));

  it('by the mean of probabilities', () => {
    const [first, second] = combined(answers, 'probabilities');
    near(first, [1.3 / 3, 1.2 / 3, 0.5 / 3]);
    near(second, [1.2 / 3, 0.6 / 3, 1.2 / 3]);
  });
  it('by the mean of logits: the geometric mean of probabilities', () => {
    const roots = [0.5 * 0.2 * 0.6, 0.3 * 0.6 * 0.3, 0.2 * 0.2 * 0.1].map(Math.cbrt);
    const sum = roots.reduce((a, b) => a + b);
    near(
      combined(answers, 'logits')[0],
      roots.map((v) => v / sum),
    );
    // softmax of the mean of [0, 200] and [0, -50]
    near(combined([[Float32Array.of(0, 1)], [Float32Array.of(1, 0)]], 'logits')[0], [0.5, 0.5]);
  });
  it('by vote: the share of answers', () => {
    const [first, second] = combined(answers, 'vote');
    near(first, [2 / 3, 1 / 3, 0]);
    near(second, [1 / 3, 0, 2 / 3]);
  });
});

describe('views of a batch', () => {
  const picture = [1, 2, 3, 4]; // 2 × 2
  const wanted: Array<[View, number[]]> = [
    ['identity', [1, 2, 3, 4]],
    ['hflip', [2, 1, 4, 3]],
    ['vflip', [3, 4, 1, 2]],
    ['rot90', [2, 4, 1, 3]],
    ['rot180', [4, 3, 2, 1]],
    ['rot270', [3, 1, 4, 2]],
    [(x) => tf.mul(x, 2), [2, 4, 6, 8]],
  ];
  for (const [view, pixels] of wanted)
    it(typeof view === 'function' ? 'a function' : view, () => {
      const x = tf.tensor4d(picture, [1, 2, 2, 1]);
      const y = viewed(x, view);
      assert.deepEqual([...y.dataSync()], pixels);
      tf.dispose([x, y]);
    });
});

describe('a model is asked about views, and several models', function () {
  this.timeout(600_000);
  const films = data.phantom({ patients: 6, filmsPerPatient: [1, 1], seed: 3, size: 48 });
  const create = (
    size: number,
    seed: number,
    classes: readonly string[] = films.classes,
  ): Promise<models.Classifier> =>
    models.create('squeezenet1_1', { classes, inputShape: [size, size], channels: 1, seed });
  let first: models.Classifier;
  let second: models.Classifier;
  before(async () => ([first, second] = [await create(48, 1), await create(32, 2)]));
  after(() => [first, second].forEach((model) => model.dispose()));

  it('tta: what the mean over the flipped films by hand is', async () => {
    const tensors = tf.memory().numTensors;
    const { scores } = await train.predict(first, films, { tta: ['identity', 'hflip'], batch: 4 });
    const x = await train.inputs(first, films);
    const flipped = tf.reverse(x, 2) as tfjs.Tensor4D;
    const [plain, other] = [first.predict(x), first.predict(flipped)];
    scores.forEach((row, i) =>
      near(
        row,
        [...plain[i]].map((v, c) => (v + other[i][c]) / 2),
        1e-5,
      ),
    );
    tf.dispose([x, flipped]);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('an ensemble: the mean over models of different sizes, also in evaluate', async () => {
    const together = train.ensemble([first, second]);
    const [one, two] = [await train.predict(first, films), await train.predict(second, films)];
    const { scores, report, truth } = await train.evaluate(together, films);
    scores.forEach((row, i) =>
      near(
        row,
        [...one.scores[i]].map((v, c) => (v + two.scores[i][c]) / 2),
        1e-6,
      ),
    );
    assert.deepEqual(truth, one.truth);
    assert.deepEqual(report.classes, first.classes);
    const voted = await train.predict(train.ensemble([first, second, first], { by: 'vote' }), films);
    for (const row of voted.scores)
      assert.ok([...row].every((v) => Math.min(...[0, 1, 2, 3].map((n) => Math.abs(v - n / 3))) < 1e-6));
  });

  it('what cannot be is refused', async () => {
    assert.throws(() => train.ensemble([]), /at least one model/);
    assert.throws(
      () => train.ensemble([first], { by: 'mean' as never }),
      /by is "mean"; it must be probabilities, logits, vote/,
    );
    const other = await create(32, 1, ['x', 'y']);
    assert.throws(() => train.ensemble([first, other]), /same classes in the same order.*squeezenet1_1 x, y/);
    other.dispose();
    await assert.rejects(
      train.predict(first, films, { tta: ['flip' as never] }),
      /tta is \["flip"\]; it must be a list of identity, hflip/,
    );
    await assert.rejects(train.predict(first, films, { tta: [] }), /tta is \[\]/);
  });
});
