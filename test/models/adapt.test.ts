// Published weights for other channels and sizes: arithmetic beside torch 2.15's interpolate, and what must stay equal.

import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';
import { adaptChannels, adaptPositions, adaptState, adaptStatistics } from '../../src/models/adapt.js';
import { create, ModelError } from '../../src/models/index.js';

const grid = (side: number): Float32Array =>
  Float32Array.from({ length: 1 + side * side }, (_, i) => ((7 * i) % 11) / 4);

describe('weights for other channels', () => {
  const weight = { shape: [1, 3, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 7) };

  it('are summed for one channel, repeated and scaled for more, as in timm', () => {
    assert.deepEqual(adaptChannels(weight, 1), { shape: [1, 1, 1, 2], data: Float32Array.of(9, 13) });
    assert.deepEqual(adaptChannels(weight, 2).data, Float32Array.of(1.5, 3, 4.5, 6));
    assert.deepEqual(
      adaptChannels(weight, 4).data,
      Float32Array.of(0.75, 1.5, 2.25, 3, 3.75, 5.25, 0.75, 1.5),
    );
  });

  it('go with the mean and deviation of the channels that they came from', () => {
    assert.deepEqual(adaptStatistics([0.25, 0.5, 0.75], 1), [0.5]);
    assert.deepEqual(adaptStatistics([0.25, 0.5, 0.75], 4), [0.25, 0.5, 0.75, 0.25]);
  });

  for (const channels of [1, 6])
    it(`a grey picture gives the same logits through ${channels} and through 3 channels`, async () => {
      const options = { classes: 5, inputShape: [48, 40] as [number, number] };
      const model = await create('tf_efficientnet_lite0', { ...options, seed: 4 });
      const other = await create('tf_efficientnet_lite0', { ...options, channels });
      other.loadState(adaptState(other, model.stateDict()));
      tf.tidy(() => {
        const grey = tf.randomNormal([2, 48, 40, 1], 0, 1, 'float32', 3) as tfjs.Tensor4D;
        const through = (m: typeof model): tfjs.Tensor =>
          m.tap(tf.tile(grey, [1, 1, 1, m.inputShape.at(-1)!]), []).logits;
        const [a, b] = [through(model), through(other)];
        const off = tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
        assert.ok(off < 1e-5 * tf.max(tf.abs(a)).dataSync()[0], `${off}`);
      });
      assert.equal(other.preprocessing.mean.length, channels);
      model.dispose();
      other.dispose();
    }).timeout(120_000);
});

describe('position embeddings for another size', () => {
  // torch.nn.functional.interpolate(…, mode='bicubic', align_corners=True) of the 3 × 3 and 2 × 2 grids
  const near = (found: Float32Array, expected: number[]): void =>
    expected.forEach((v, i) => assert.ok(Math.abs(found[i] - v) < 1e-6, `${i}: ${found[i]} is not ${v}`));

  it('are PyTorch’s, and the class token’s stays', () => {
    const { shape, data } = adaptPositions({ shape: [1, 10, 1], data: grid(3) }, [4, 4]);
    assert.deepEqual(shape, [1, 17, 1]);
    near(
      data,
      [
        0.0, 1.75, 0.8703706, 1.1898142, 2.5, 1.6064818, 0.7268523, 1.046296, 2.356482, 1.3935182, 0.513889,
        0.8333325, 2.143518, 1.25, 0.3703706, 0.6898143, 2.0,
      ],
    );
  });
  it('for a grid that is no square', () => {
    near(adaptPositions({ shape: [1, 5, 1], data: grid(2) }, [1, 3]).data, [0.0, 1.75, 1.25, 0.75]);
  });
  it('a vision transformer takes those of another size, and refuses what is no multiple of its patches', async () => {
    const options = { classes: 2, seed: 1 };
    const model = await create('vit_b_32', { ...options, inputShape: [96, 96] });
    const other = await create('vit_b_32', { ...options, inputShape: [64, 128] });
    const state = adaptState(other, model.stateDict());
    assert.deepEqual(state.get('encoder.pos_embedding')!.shape, [1, 9, 768]);
    other.loadState(state);
    model.dispose();
    other.dispose();
    await assert.rejects(
      create('vit_b_32', { ...options, inputShape: [64, 100] }),
      (e: ModelError) => e instanceof ModelError && e.message.includes('takes multiples of 32'),
    );
  }).timeout(240_000);
});
