// Stages beside timm 1.0.31's feature_info: [channels, reduction] of each level.

import assert from 'node:assert/strict';
import { create, list } from '../../src/models/index.js';

type Level = [channels: number, reduction: number];
const transformer = (width: number, patch: number, depth: number): Level[] =>
  Array.from({ length: depth }, () => [width, patch]);
// prettier-ignore
const timm: Record<string, Level[]> = {
  vgg16_bn: [[64, 1], [128, 2], [256, 4], [512, 8], [512, 16], [512, 32]],
  resnet18: [[64, 2], [64, 4], [128, 8], [256, 16], [512, 32]],
  resnext50_32x4d: [[64, 2], [256, 4], [512, 8], [1024, 16], [2048, 32]],
  densenet121: [[64, 2], [256, 4], [512, 8], [1024, 16], [1024, 32]],
  densenet161: [[96, 2], [384, 4], [768, 8], [2112, 16], [2208, 32]],
  inception_v3: [[64, 2], [192, 4], [288, 8], [768, 16], [2048, 32]],
  mobilenet_v2: [[16, 2], [24, 4], [32, 8], [96, 16], [320, 32]],
  mobilenet_v3_large: [[16, 2], [24, 4], [40, 8], [112, 16], [960, 32]],
  mobilenet_v3_small: [[16, 2], [16, 4], [24, 8], [48, 16], [576, 32]],
  mnasnet1_0: [[16, 2], [24, 4], [40, 8], [96, 16], [320, 32]],
  efficientnet_b0: [[16, 2], [24, 4], [40, 8], [112, 16], [320, 32]],
  tf_efficientnet_b5: [[24, 2], [40, 4], [64, 8], [176, 16], [512, 32]],
  tf_efficientnet_lite0: [[16, 2], [24, 4], [40, 8], [112, 16], [320, 32]],
  efficientnet_v2_s: [[24, 2], [48, 4], [64, 8], [160, 16], [256, 32]],
  regnet_y_400mf: [[32, 2], [48, 4], [104, 8], [208, 16], [440, 32]],
  regnet_y_3_2gf: [[32, 2], [72, 4], [216, 8], [576, 16], [1512, 32]],
  // of these timm counts no stem
  convnext_tiny: [[96, 4], [96, 4], [192, 8], [384, 16], [768, 32]],
  swin_t: [[96, 4], [96, 4], [192, 8], [384, 16], [768, 32]],
  vit_b_32: [[768, 32], ...transformer(768, 32, 12)],
  inception_v4: [[64, 2], [160, 4], [384, 8], [1024, 16], [1536, 32]],
  inception_resnet_v2: [[64, 2], [192, 4], [320, 8], [1088, 16], [1536, 32]],
  legacy_xception: [[64, 2], [128, 4], [256, 8], [728, 16], [2048, 32]],
  ghostnet_100: [[16, 2], [24, 4], [40, 8], [80, 16], [160, 32]],
  legacy_seresnet50: [[64, 2], [256, 4], [512, 8], [1024, 16], [2048, 32]],
  legacy_senet154: [[128, 2], [256, 4], [512, 8], [1024, 16], [2048, 32]],
  dpn68: [[10, 2], [144, 4], [320, 8], [704, 16], [832, 32]],
  dpn92: [[64, 2], [336, 4], [704, 8], [1552, 16], [2688, 32]],
  res2net50_26w_4s: [[64, 2], [256, 4], [512, 8], [1024, 16], [2048, 32]],
  resnest50d: [[64, 2], [256, 4], [512, 8], [1024, 16], [2048, 32]],
  hrnet_w18: [[64, 2], [128, 4], [256, 8], [512, 16], [1024, 32]],
  nasnetalarge: [[96, 2], [168, 4], [1008, 8], [2016, 16], [4032, 32]],
  pnasnet5large: [[96, 2], [270, 4], [1080, 8], [2160, 16], [4320, 32]],
};

describe('stages', function () {
  this.timeout(300_000);

  for (const [name, levels] of Object.entries(timm))
    it(`${name}: channels and reductions are timm's`, async function () {
      if (!list().includes(name)) this.skip();
      // a size that strides don't divide, but where patches or branches must meet
      const inputShape: [number, number] = /^(vit|hrnet)/.test(name) ? [128, 96] : [101, 99];
      const model = await create(name, { classes: 2, inputShape });
      assert.deepEqual(
        model.stageInfo.map(({ channels, reduction }) => [channels, reduction]),
        levels,
      );
      assert.deepEqual(
        model.stageInfo.map((s) => s.name),
        levels.map((_, i) => (i ? `stage${i}` : 'stem')),
      );
      assert.deepEqual(
        model.stages,
        model.stageInfo.map((s) => s.layer),
      );
      model.dispose();
    });
});
