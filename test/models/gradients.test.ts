import assert from 'node:assert/strict';
import { tf } from '../../src/compute/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';
import { gradientParity, gradientRuns } from '../support/gradients.js';

describe('a step of training equals PyTorch’s: loss, gradients, batch statistics', function () {
  before(function () {
    needsShared(this);
  });
  for (const name of ['resnet18', 'densenet121', 'efficientnet_b0', 'mc3_18'])
    it(`${name}, op by op and compiled`, async () => {
      const before = tf.memory().numTensors;
      const [[, run]] = gradientRuns(sharedPath('fixtures/zoo'), (model) => model === name);
      const report = await gradientParity(name, run);
      assert.ok(report.pass, JSON.stringify(report));
      assert.equal(tf.memory().numTensors, before);
    }).timeout(180_000);
});
