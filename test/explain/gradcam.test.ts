import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { tf } from '../../src/compute/index.js';
import { activationMaps, gradCam, onLesion } from '../../src/explain/index.js';
import { create, type Classifier } from '../../src/models/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';

type Rule = { tensor(name: string, shape: number[], gain?: number): Float32Array };
interface Expected {
  gradcam: Array<{
    model: string;
    gain: number;
    target: number;
    variants: Array<{ where: string; cam: number[]; height: number; width: number }>;
  }>;
}

describe('Grad-CAM equals torch autograd', function () {
  let model: Classifier;
  let x: import('@tensorflow/tfjs').Tensor4D;
  let expected: Expected['gradcam'][number];
  before(async function () {
    needsShared(this);
    const rule = createRequire(import.meta.url)(sharedPath('fixtures/zoo/rule.js')) as Rule;
    expected = readFixture<Expected>('explain/expected.json').gradcam.find((g) => g.model === 'densenet121')!;
    model = await create('densenet121');
    model.loadState(
      new Map(
        [...model.parameters()].map(([n, p]) => [
          n,
          { shape: p.shape, data: rule.tensor(n, p.shape, expected.gain) },
        ]),
      ),
    );
    x = tf.tidy(() =>
      tf.transpose(tf.tensor4d(rule.tensor('input', [1, 3, 224, 224]), [1, 3, 224, 224]), [0, 2, 3, 1]),
    );
  });
  after(() => {
    model?.dispose();
    x?.dispose();
  });
  for (const [layer, variant] of [
    ['features.relu5', 0],
    ['features.norm5', 1],
  ] as const)
    it(`densenet121 at ${layer}`, () => {
      const before = tf.memory().numTensors;
      const [cam] = gradCam(model, x, { layer, target: expected.target });
      const want = expected.variants[variant].cam;
      const d = Math.hypot(...cam.map.map((v, i) => v - want[i])) / Math.hypot(...want);
      assert.ok(d < 1e-3, `relative L2 ${d}`);
      assert.equal(tf.memory().numTensors, before);
    });

  it('activation maps have the layer’s shape; an unknown layer is named with its nearest', () => {
    const maps = activationMaps(model, x, 'features.relu0');
    assert.deepEqual([maps.height, maps.width, maps.channels], [112, 112, 64]);
    assert.throws(
      () => activationMaps(model, x, 'features.relu6'),
      /no layer "features.relu6". Nearest: features.relu/,
    );
  });

  it('an unknown class is refused', () => {
    assert.throws(() => gradCam(model, x, { target: 'flu' }), /no class "flu"/);
  });
});

describe('onLesion', () => {
  it('measures the share of the map in the lesion', () => {
    const cam = { map: Float32Array.of(1, 0, 0, 0), height: 2, width: 2, target: 0, probability: 1 };
    const mask = new Uint8Array(64).map((_, i) => Number(i % 8 < 4 && i < 32));
    const { mass, peak, area } = onLesion(cam, mask, 8);
    assert.ok(mass > 0.7 && peak && area === 0.25, `${mass}`);
  });
});
