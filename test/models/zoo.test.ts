import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '../../src/compute/index.js';
import { create } from '../../src/models/index.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { deviations, parity, zooFiles, type Case } from '../support/parity.js';

// a model or two of a family; `npm run -s parity -- ../shared/fixtures/zoo` compares all of them
const some = /^(resnet18|resnext50_32x4d|densenet121|efficientnet_b0|mobilenet_v2|tf_efficientnet_lite0)$/;

describe('npm run parity', () => {
  it('says in a sentence what there is nothing to compare with, and does not pass', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellgrad-parity-'));
    const run = (dir: string, ...options: string[]) =>
      spawnSync(process.execPath, ['scripts/parity.mjs', dir, ...options], { encoding: 'utf8' });
    const missing = run(join(folder, 'none'));
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /^The folder can't be compared with: ENOENT.*none'\n$/);
    writeFileSync(join(folder, 'a.json'), '{"model":"resnet18","cases":[],"tensors":[]}');
    const empty = run(folder, '--json');
    assert.equal(empty.status, 1);
    assert.equal((JSON.parse(empty.stdout) as { pass: boolean }).pass, false);
    writeFileSync(join(folder, 'b.json'), '{');
    const broken = run(folder);
    assert.equal(broken.status, 2);
    assert.match(broken.stderr, /^The folder can't be compared with: .*b\.json is no JSON: .*\n$/);
    rmSync(folder, { recursive: true });
  }).timeout(120_000);
});

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
