import assert from 'node:assert/strict';
import { tf } from '../../src/compute/index.js';
import { create } from '../../src/models/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { deviations, parity, zooFiles, type Case } from '../support/parity.js';

// a model or two of a family; `npm run -s parity -- ../shared/fixtures/zoo` compares all of them
const some = /^(resnet18|resnext50_32x4d|densenet121|efficientnet_b0|mobilenet_v2|tf_efficientnet_lite0)$/;

describe('architectures equal PyTorch', function () {
  before(function () {
    needsShared(this);
  });
  it('names, shapes, epsilons, logits and last feature map', async () => {
    const before = tf.memory().numTensors;
    for (const zoo of zooFiles(sharedPath('fixtures/zoo'), (model) => some.test(model))) {
      const report = await parity(zoo);
      assert.ok(report.pass, JSON.stringify(report));
    }
    assert.equal(tf.memory().numTensors, before);
  }).timeout(300_000);

  it('tf_efficientnet_lite0 with its ImageNet weights equals the published network', async () => {
    const { cases } = readFixture<{ cases: Case[] }>('pretrained/expected.json');
    for (const c of cases) {
      const [height, width] = c.input.slice(2);
      const model = await create('tf_efficientnet_lite0', {
        weights: 'imagenet',
        inputShape: [height, width],
      });
      for (const [what, off] of Object.entries(deviations(model, c)))
        assert.ok(off < 1e-4, `${what}: ${off}`);
      model.dispose();
    }
  });
});
