// A summary beside what torchvision documents of its weights: parameters and GFLOPS (multiply-adds) at their size.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { create, freeze, summary } from '../../src/models/index.js';

const documented: Record<string, [parameters: number, billions: number]> = {
  resnet18: [11_689_512, 1.814],
  densenet121: [7_978_856, 2.834],
  squeezenet1_0: [1_248_424, 0.819],
  googlenet: [6_624_904, 1.498],
  mobilenet_v2: [3_504_872, 0.301],
  mobilenet_v3_small: [2_542_856, 0.057],
  mnasnet1_0: [4_383_312, 0.314],
  shufflenet_v2_x1_0: [2_278_604, 0.145],
  efficientnet_b0: [5_288_548, 0.386],
  regnet_y_400mf: [4_344_144, 0.402],
  // attention's products count
  swin_t: [28_288_354, 4.491],
};

describe('a summary', function () {
  this.timeout(240_000);

  for (const [name, [parameters, billions]] of Object.entries(documented))
    it(`${name}: ${billions} G multiply-adds and ${parameters} parameters`, async () => {
      const model = await create(name);
      const { totals } = summary(model);
      assert.equal(totals.parameters, parameters);
      assert.equal((totals.multiplyAdds / 1e9).toFixed(3), billions.toFixed(3));
      model.dispose();
    });

  it('has a row a layer or module, and says what memory a batch takes', async () => {
    const model = await create('squeezenet1_1', { classes: 2, inputShape: [64, 64] });
    const whole = summary(model, { batch: 4 });
    assert.deepEqual(whole.rows[0], {
      layer: 'features.0',
      kind: 'Conv2d',
      output: [31, 31, 64],
      parameters: 64 * 27 + 64,
      multiplyAdds: 31 * 31 * 64 * 27,
    });
    const modules = summary(model, { depth: 1 });
    assert.deepEqual(
      modules.rows.map((r) => r.layer),
      ['features', 'classifier', 'avgpool'],
    );
    assert.deepEqual(
      modules.rows.reduce((n, r) => n + r.parameters, 0),
      whole.totals.parameters,
    );
    const { weights, inference, training } = whole.totals.memory;
    assert.equal(weights, 4 * whole.totals.parameters);
    assert.ok(weights < inference && inference < training);
    // four times the batch, four times what is not weights
    const one = summary(model).totals.memory;
    assert.equal(inference - weights, 4 * (one.inference - weights));
    freeze(model, 'all');
    assert.equal(summary(model).totals.trainable, 2 * 512 + 2);
    assert.match(inspect(whole), /features\.0 .*31 × 31 × 64 .*1,792/);
    const shown = (whole as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    assert.match(shown['text/html'], /<table.*Memory for a batch of 4/s);
    assert.throws(() => summary(model, { batch: 0 }), /batch is 0/);
    model.dispose();
  });
});
