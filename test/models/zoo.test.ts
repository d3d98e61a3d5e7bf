import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { tf } from '../../src/compute/index.js';
import { create, type Classifier } from '../../src/models/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';

interface Case {
  input: [number, number, number, number];
  logits: number[][];
  logits_l2: number;
  feature: { l2: number; mean: number };
}
interface Zoo {
  gain: number;
  tensors: Array<[string, number[]]>;
  cases: Case[];
}
type Rule = { tensor(name: string, shape: number[], gain?: number): Float32Array };

/** Relative L2 of the listed logits, and the difference of the norms of all of them. */
function judge(
  model: Classifier,
  c: Case,
  input: Float32Array,
): { error: number; norm: number; feature: number } {
  const [n, ch, h, w] = c.input;
  return tf.tidy(() => {
    const x = tf.transpose(
      tf.tensor4d(input, [n, ch, h, w]),
      [0, 2, 3, 1],
    ) as import('@tensorflow/tfjs').Tensor4D;
    const { taps, logits } = model.tap(x, [model.stages[model.stages.length - 1]]);
    const rows = logits.arraySync();
    let d = 0;
    let s = 0;
    c.logits.forEach((row, i) => row.forEach((v, j) => ((d += (rows[i][j] - v) ** 2), (s += v * v))));
    const norm = Math.hypot(...rows.flat());
    const f = Math.sqrt((tf.sum(tf.square(taps[0])).dataSync() as Float32Array)[0]);
    return {
      error: Math.sqrt(d / s),
      norm: Math.abs(norm / c.logits_l2 - 1),
      feature: Math.abs(f / c.feature.l2 - 1),
    };
  });
}

describe('architectures equal PyTorch', function () {
  let rule: Rule;
  before(function () {
    needsShared(this);
    rule = createRequire(import.meta.url)(sharedPath('fixtures/zoo/rule.js')) as Rule;
  });
  for (const name of [
    'resnet18',
    'resnet50',
    'densenet121',
    'efficientnet_b0',
    'mobilenet_v2',
    'tf_efficientnet_lite0',
  ])
    it(`${name}: names, shapes, logits within 1e-4`, async () => {
      const zoo = readFixture<Zoo>(`zoo/${name}.json`);
      const before = tf.memory().numTensors;
      for (const c of zoo.cases) {
        const model = await create(name, { inputShape: [c.input[2], c.input[3]] });
        const own = [...model.parameters()].map(([n, p]) => [n, p.shape]);
        assert.deepEqual(
          own,
          zoo.tensors.filter(([n]) => !n.endsWith('num_batches_tracked')),
        );
        model.loadState(
          new Map(zoo.tensors.map(([n, shape]) => [n, { shape, data: rule.tensor(n, shape, zoo.gain) }])),
        );
        const got = judge(model, c, rule.tensor('input', c.input));
        assert.ok(got.error < 1e-4 && got.norm < 1e-4 && got.feature < 1e-4, JSON.stringify(got));
        model.dispose();
      }
      assert.equal(tf.memory().numTensors, before);
    });

  it('tf_efficientnet_lite0 with its ImageNet weights equals the published network', async () => {
    const { cases } = readFixture<{ cases: Case[] }>('pretrained/expected.json');
    for (const c of cases) {
      const model = await create('tf_efficientnet_lite0', {
        weights: 'imagenet',
        inputShape: [c.input[2], c.input[3]],
      });
      const got = judge(model, c, rule.tensor('input', c.input));
      assert.ok(got.error < 1e-4 && got.norm < 1e-4 && got.feature < 1e-4, JSON.stringify(got));
      model.dispose();
    }
  });
});
