import { list } from '../../src/models/index.js';
import { find } from '../../src/models/registry.js';
import { oneStep } from '../support/one-step.js';

// the quick ones of families that have large ones too; test/full has every name
const some = [
  ...['convnext_tiny', 'densenet121', 'dpn68', 'efficientnet_b0', 'inception_v3', 'inception_v4'],
  ...['legacy_seresnet50', 'mc3_18', 'mnasnet0_5', 'mobilenet_v2', 'mobilenet_v3_small', 'r2plus1d_18'],
  ...['regnet_y_400mf', 'resnet18', 'resnext50_32x4d', 'shufflenet_v2_x0_5', 'squeezenet1_1', 'swin_t'],
  ...['tf_efficientnet_b0', 'tf_efficientnet_lite0', 'vgg11', 'vgg11_bn', 'vit_b_32'],
];
const familyOf = async (name: string): Promise<string> => (await find(name)).family;
const families = new Set(await Promise.all(some.map(familyOf)));
for (const name of list()) {
  const family = await familyOf(name);
  if (!families.has(family)) some.push(name);
  families.add(family);
}

describe('a model of each family is built, learns and leaves nothing behind', () => {
  for (const name of some) it(name, () => oneStep(name)).timeout(120_000);
});
