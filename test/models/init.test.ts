import assert from 'node:assert/strict';
import { create } from '../../src/models/index.js';
import { kaiming, linear, normal, torchConv } from '../../src/models/init.js';

const mean = (x: Float32Array): number => x.reduce((a, v) => a + v, 0) / x.length;

/** The normal distribution function (Abramowitz and Stegun 1964, 26.2.17), within 1e-7. */
function below(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153].reduce(
    (sum, c) => (sum + c) * t,
    0,
  );
  const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - upper : upper;
}

describe('initial weights', () => {
  it('normal values follow the normal distribution, its tails too', () => {
    const n = 2_000_000;
    const sorted = normal(1, 7)([n]).sort();
    let gap = 0;
    sorted.forEach((z, i) => (gap = Math.max(gap, Math.abs(below(z) - (i + 0.5) / n))));
    // Kolmogorov and Smirnov: 1.95 / √n is passed by 999 of 1,000
    assert.ok(gap < 1.95 / Math.sqrt(n), `${gap}`);
    for (const z of [3, 3.442619855899, 4, 4.5]) {
      const expected = 2 * n * below(-z);
      const found = sorted.reduce((a, v) => a + Number(Math.abs(v) > z), 0);
      assert.ok(
        Math.abs(found - expected) < 4 * Math.sqrt(expected),
        `${found} beyond ${z}, not ${expected}`,
      );
    }
  });

  it('neighbours are not correlated', () => {
    const x = normal(1, 3)([1_000_000]);
    for (const lag of [1, 2, 3, 128]) {
      let sum = 0;
      for (let i = lag; i < x.length; i++) sum += x[i] * x[i - lag];
      assert.ok(Math.abs(sum / x.length) < 4 / Math.sqrt(x.length), `lag ${lag}: ${sum / x.length}`);
    }
  });

  it('spreads as PyTorch’s rules say', () => {
    const shape = [256, 128, 3, 3];
    const deviation = (x: Float32Array): number => Math.sqrt(mean(x.map((v) => v * v)));
    const near = (a: number, b: number): void => assert.ok(Math.abs(a / b - 1) < 0.01, `${a}, not ${b}`);
    near(deviation(kaiming('out', 1)(shape)), Math.sqrt(2 / (256 * 9)));
    near(deviation(kaiming('in', 1)(shape)), Math.sqrt(2 / (128 * 9)));
    const bound = 1 / Math.sqrt(128 * 9);
    const conv = torchConv(1)(shape);
    near(deviation(conv), bound / Math.sqrt(3));
    assert.ok(conv.every((v) => Math.abs(v) <= bound));
    near(deviation(linear(1)([500, 300])), 1 / Math.sqrt(300 * 3));
  });

  // what the libraries do beside the rule of the layer: torchvision's and timm's own source
  const rules: Array<
    [model: string, parameter: string, kind: 'normal' | 'uniform' | 'constant', size: number]
  > = [
    // timm's TensorFlow EfficientNets count a depthwise convolution's outputs by input
    ['tf_efficientnet_lite0', 'blocks.1.0.conv_dw.weight', 'normal', Math.SQRT2 / 3],
    ['tf_efficientnet_lite0', 'blocks.5.1.conv_dw.weight', 'normal', Math.SQRT2 / 5],
    ['tf_efficientnet_lite0', 'blocks.5.1.conv_pw.weight', 'normal', Math.sqrt(2 / 1152)],
    ['tf_efficientnet_lite0', 'classifier.weight', 'uniform', 1 / Math.sqrt(1000)],
    // torchvision draws convolutions anew, but not the biases of squeezes
    ['regnet_y_400mf', 'trunk_output.block4.block4-0.f.se.fc2.bias', 'uniform', 1 / Math.sqrt(52)],
    ['regnet_y_400mf', 'trunk_output.block4.block4-0.f.b.0.weight', 'normal', Math.sqrt(2 / (440 * 9))],
    // and heads anew, but not their biases
    ['googlenet', 'fc.weight', 'normal', 0.01],
    ['googlenet', 'fc.bias', 'uniform', 1 / Math.sqrt(1024)],
    ['inception_v3', 'fc.weight', 'normal', 0.1],
    ['inception_v3', 'fc.bias', 'uniform', 1 / Math.sqrt(2048)],
    // Swin's own rule comes after its perceptrons'
    ['swin_t', 'features.1.0.mlp.0.weight', 'normal', 0.02],
    ['swin_t', 'features.1.0.mlp.0.bias', 'constant', 0],
  ];
  it('of a network has the distribution that its library gives each parameter', async () => {
    for (const name of new Set(rules.map(([model]) => model))) {
      const model = await create(name, { seed: 1 });
      const state = model.stateDict();
      model.dispose();
      for (const [, parameter, kind, size] of rules.filter(([model]) => model === name)) {
        const { data } = state.get(parameter)!;
        if (kind === 'constant') {
          assert.ok(
            data.every((v) => v === size),
            parameter,
          );
          continue;
        }
        const deviation = Math.sqrt(mean(data.map((v) => v * v)));
        const largest = data.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
        const uniform = kind === 'uniform';
        // four standard errors of a deviation, by the kurtosis of the distribution
        const error = 4 * Math.sqrt((uniform ? 0.8 : 2) / (4 * data.length));
        const ratio = deviation / (uniform ? size / Math.sqrt(3) : size);
        assert.ok(Math.abs(ratio - 1) < error, `${parameter}: ${ratio} times the rule's deviation`);
        assert.ok(uniform ? largest <= size && largest > 0.97 * size : largest > 2.5 * size, parameter);
        assert.ok(Math.abs(mean(data)) < (4 * deviation) / Math.sqrt(data.length), parameter);
      }
    }
  }).timeout(60_000);

  it('comes from the seed', async () => {
    const values = async (seed?: number): Promise<Float32Array[]> => {
      const model = await create('squeezenet1_1', { classes: 3, seed });
      const state = model.stateDict();
      model.dispose();
      return [...state.values()].map(({ data }) => data);
    };
    const [first, again, other] = [await values(5), await values(5), await values(6)];
    assert.deepEqual(again, first);
    other.forEach((data, i) => assert.ok(data.every((v) => v === 0) || data[0] !== first[i][0]));
  });
});
