// Every architecture of the zoo beside PyTorch; npm test compares the quick ones.

import assert from 'node:assert/strict';
import { tf } from '../../src/compute/index.js';
import { needsShared, sharedPath } from '../support/fixtures.js';
import { parity, zooFiles } from '../support/parity.js';

describe('every architecture of the zoo equals PyTorch', function () {
  before(function () {
    needsShared(this);
  });
  it('names, order, shapes, epsilons, logits and last feature map', async () => {
    const tensors = tf.memory().numTensors;
    const reports = [];
    for (const zoo of zooFiles(sharedPath('fixtures/zoo'))) reports.push(await parity(zoo));
    assert.deepEqual(
      reports.filter(({ pass }) => !pass),
      [],
    );
    assert.ok(reports.length >= 47);
    assert.equal(tf.memory().numTensors, tensors);
  }).timeout(1_200_000);
});
