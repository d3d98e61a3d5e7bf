// Published weights for other channels and sizes: arithmetic beside torch 2.15's interpolate, and what must stay equal.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { tf } from '../../src/compute/index.js';
import { adaptChannels, adaptPositions, adaptStatistics } from '../../src/models/adapt.js';
import {
  create,
  load,
  ModelError,
  save,
  writeSafetensors,
  type Classifier,
  type StateDict,
} from '../../src/models/index.js';
import { torchFile } from '../support/pickles.js';

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
      other.loadState(model.stateDict(), { adapt: true });
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
  it('a vision transformer refuses a size that is no multiple of its patches', () =>
    assert.rejects(
      create('vit_b_32', { classes: 2, inputShape: [64, 100] }),
      (e: ModelError) => e instanceof ModelError && e.message.includes('takes multiples of 32'),
    ));
});

describe('models.load(model, file, { adapt: true })', function () {
  this.timeout(240_000);
  const shape = { inputShape: [48, 40] as [number, number], classes: 4 };
  let folder: string;
  let resnet: Classifier;
  let file: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-adapt-'));
    file = join(folder, 'resnet.safetensors');
    resnet = await create('resnet18', { ...shape, seed: 5 });
    await save(resnet, file);
  });
  after(() => {
    resnet.dispose();
    rmSync(folder, { recursive: true });
  });
  const other = async (channels: number, use: (model: Classifier) => Promise<void>): Promise<void> => {
    const model = await create('resnet18', { ...shape, channels, seed: 6 });
    await use(model).finally(() => model.dispose());
  };
  const logits = (model: Classifier, x: tfjs.Tensor): Float32Array =>
    model.run(x as tfjs.Tensor4D).dataSync() as Float32Array;

  it('is named by the error where it would do, and nothing changes without it', () =>
    other(1, async (model) => {
      const before = model.stateDict();
      await assert.rejects(
        load(model, file),
        /of another shape conv1\.weight \[64, 3, 7, 7\] instead of \[64, 1, 7, 7\]\. .* adapt: true makes them fit\.$/,
      );
      assert.deepEqual(model.stateDict(), before);
      const state = resnet.stateDict();
      state.set('fc.bias', { shape: [2], data: new Float32Array(2) });
      const misfit = (change: (state: StateDict) => void): string => {
        const changed = new Map(state);
        change(changed);
        try {
          model.loadState(changed);
        } catch (error) {
          return (error as Error).message;
        }
        return assert.fail('taken');
      };
      assert.match(
        misfit(() => undefined),
        /adapt: true makes .* fit, head: false leaves the head as it is\.$/,
      );
      for (const [name, shape] of [
        ['conv1.weight', [64, 3, 5, 5]],
        ['layer1.0.conv1.weight', [64, 3, 3, 3]],
      ] as const)
        assert.match(
          misfit((s) => s.set(name, { shape: [...shape], data: new Float32Array(64 * 75) })),
          /The model is unchanged\.$/,
        );
    }));

  it('a grey picture gives what it gave in three channels', () =>
    other(1, async (model) => {
      const { taken, misshapen } = await load(model, file, { adapt: true });
      assert.deepEqual([taken, misshapen], [resnet.parameters().size, []]);
      tf.tidy(() => {
        const grey = tf.randomNormal([2, 48, 40, 1], 0, 1, 'float32', 3);
        const [a, b] = [logits(resnet, tf.tile(grey, [1, 1, 1, 3])), logits(model, grey)];
        a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-4 * Math.hypot(...a), `${v}, ${b[i]}`));
      });
    }));

  it('one value for more channels than there is memory for is refused', () =>
    other(1, async (model) => {
      const values = Object.fromEntries(
        [...resnet.stateDict()].map(([name, { shape, data }]) => [name, { shape, values: data }]),
      );
      const shape = [64, 1e9, 7, 7];
      const bomb = torchFile({
        ...values,
        'conv1.weight': { shape, stride: [0, 0, 0, 0], values: new Float32Array(1) },
      });
      const path = join(folder, 'bomb.pth');
      writeFileSync(path, bomb);
      await assert.rejects(load(model, path), /conv1\.weight \[64, 1000000000, 7, 7\] instead of/);
      await assert.rejects(
        load(model, path, { adapt: true }),
        /would take 12544000000000 bytes, far more than/,
      );
    }));

  it('four channels have the first three and the first again, each at three quarters', () =>
    other(4, async (model) => {
      await load(model, file, { adapt: true, head: false });
      const [{ data: from }, { data: to }] = [resnet, model].map((m) => m.stateDict().get('conv1.weight')!);
      for (const [channel, source] of [0, 1, 2, 0].entries())
        for (const at of [0, 48])
          assert.equal(to[channel * 49 + at], Math.fround((from[source * 49 + at] * 3) / 4));
    }));

  it('goes with the position of a tensor, and with Keras’s layout', () =>
    other(1, async (model) => {
      await load(model, file, { adapt: true });
      const wanted = model.stateDict();
      const foreign = join(folder, 'foreign.safetensors');
      await writeSafetensors(foreign, new Map([...resnet.stateDict().values()].map((t, i) => [`_${i}`, t])));
      await assert.rejects(
        load(model, foreign, { order: true }),
        /conv1\.weight \(from _0\) \[64, 3, 7, 7\] .* adapt: true makes them fit/,
      );
      model.loadState(new Map([...wanted].map(([n, t]) => [n, { ...t, data: t.data.map(() => 0) }])));
      await load(model, foreign, { adapt: true, order: true });
      assert.deepEqual(model.stateDict(), wanted);

      const keras = join(folder, 'keras');
      mkdirSync(keras);
      const kinds: Record<string, string> = {
        weight: 'kernel',
        running_mean: 'moving_mean',
        running_var: 'moving_variance',
      };
      const parameters = [...resnet.parameters()].map(([name, { variable }]) => {
        const [layer, kind] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)];
        const known = kind === 'weight' && variable.shape.length === 1 ? 'gamma' : (kinds[kind] ?? kind);
        return {
          name: `${layer}/${known}`,
          shape: variable.shape,
          dtype: 'float32',
          values: variable.read().dataSync(),
        };
      });
      const bytes = parameters.map(({ values }) => Buffer.from((values as Float32Array).slice().buffer));
      writeFileSync(join(keras, 'a.bin'), Buffer.concat(bytes));
      const weights = parameters.map(({ values, ...entry }) => entry);
      writeFileSync(
        join(keras, 'model.json'),
        JSON.stringify({ weightsManifest: [{ paths: ['a.bin'], weights }] }),
      );
      model.loadState(new Map([...wanted].map(([n, t]) => [n, { ...t, data: t.data.map(() => 0) }])));
      await load(model, keras, { adapt: true });
      assert.deepEqual(model.stateDict(), wanted);
    }));

  it('position embeddings of a square grid are interpolated, those of another are refused', async () => {
    const path = join(folder, 'vit.safetensors');
    const model = await create('vit_b_32', { classes: 2, inputShape: [96, 96], seed: 1 });
    const wide = await create('vit_b_32', { classes: 2, inputShape: [64, 128], seed: 2 });
    await save(model, path);
    await assert.rejects(load(wide, path), /pos_embedding \[1, 10, 768\] .* adapt: true makes them fit/);
    await load(wide, path, { adapt: true });
    const positions = adaptPositions(model.stateDict().get('encoder.pos_embedding')!, [2, 4]);
    assert.deepEqual(wide.stateDict().get('encoder.pos_embedding'), positions);
    await save(wide, path);
    await assert.rejects(
      load(model, path, { adapt: true }),
      /pos_embedding \[1, 9, 768\] instead of \[1, 10, 768\]\. The model is unchanged\.$/,
    );
    model.dispose();
    wide.dispose();
  });

  it('a Swin transformer takes weights of any size as they are', async () => {
    const path = join(folder, 'swin.safetensors');
    const model = await create('swin_t', { classes: 2, inputShape: [64, 64], seed: 1 });
    const larger = await create('swin_t', { classes: 2, inputShape: [96, 80], seed: 2 });
    await save(model, path);
    await load(larger, path);
    assert.deepEqual(larger.stateDict(), model.stateDict());
    model.dispose();
    larger.dispose();
  });
});
