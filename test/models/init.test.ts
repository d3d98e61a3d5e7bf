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
