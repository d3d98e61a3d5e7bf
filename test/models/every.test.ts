import assert from 'node:assert/strict';
import { list } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';
import { oneStep } from '../support/one-step.js';

// one or two of each family, quick ones; test/full has every name
const some = [
  ...['alexnet', 'convnext_tiny', 'densenet121', 'dpn68', 'efficientnet_b0', 'efficientnet_v2_s'],
  ...['ghostnet_100', 'googlenet', 'hrnet_w18', 'inception_v3', 'inception_v4', 'mc3_18', 'mnasnet0_5'],
  ...['mobilenet_v2', 'mobilenet_v3_small', 'regnet_y_400mf', 'resnet18', 'resnext50_32x4d', 'r2plus1d_18'],
  ...['shufflenet_v2_x0_5', 'squeezenet1_1', 'swin_t', 'tf_efficientnet_b0', 'tf_efficientnet_lite0'],
  ...['vgg11', 'vgg11_bn', 'vit_b_32'],
];

describe('a model of each family is built, learns and leaves nothing behind', () => {
  it('no family is left out', async () => {
    const familyOf = async (name: string): Promise<string> => (await find(name)).family;
    const families = new Set(await Promise.all(list().map(familyOf)));
    assert.deepEqual(new Set(await Promise.all(some.map(familyOf))), families);
  });
  for (const name of some) it(name, () => oneStep(name)).timeout(120_000);
});
