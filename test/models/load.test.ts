import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '../../src/compute/index.js';
import {
  create,
  load,
  MisfitError,
  readTorch,
  writeSafetensors,
  type Classifier,
  type StateDict,
} from '../../src/models/index.js';
import type { Parameter } from '../../src/models/layers.js';
import { fit } from '../../src/models/weights/fit.js';
import { needsShared, readFixture, sharedPath } from '../support/fixtures.js';
import { byRule } from '../support/parity.js';
import { torchFile, type Dict } from '../support/pickles.js';

interface Expected {
  good: Record<string, { logits: number[][]; tolerance_relative_l2: number }>;
  refused: Record<string, string>;
}
const fixture = (name: string): string => sharedPath(`fixtures/weights/${name}`);

/** Every value 1 apart, so that one in another's place is seen. */
const numbered = (model: Classifier): StateDict =>
  new Map(
    [...model.parameters()].map(([name, { shape }], i) => [
      name,
      {
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => (i + k) % 4099),
      },
    ]),
  );
const dict = (state: StateDict, prefix = ''): Dict =>
  Object.fromEntries([...state].map(([n, { shape, data }]) => [prefix + n, { shape, values: data }]));

describe('models.load(model, file)', function () {
  this.timeout(240_000);
  let folder: string;
  let model: Classifier;
  let state: StateDict;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-load-'));
    model = await create('squeezenet1_1', { classes: 3, inputShape: [64, 64] });
    state = numbered(model);
  });
  after(() => {
    model.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  const at = (name: string): string => join(folder, name);
  const pth = (name: string, of: Dict): string => {
    writeFileSync(at(name), torchFile(of));
    return at(name);
  };
  /** Loads into the model, whose weights are others before. */
  async function taken(path: string, options?: Parameters<typeof load>[2]): Promise<StateDict> {
    model.loadState(
      new Map([...state].map(([n, t]) => [n, { ...t, data: new Float32Array(t.data.length) }])),
    );
    await load(model, path, options);
    return model.stateDict();
  }

  describe('of every format', () => {
    let expected: Expected;
    before(function () {
      needsShared(this);
      expected = readFixture<Expected>('weights/expected.json');
    });

    it("gives PyTorch's logits, whatever the name", async () => {
      const x = byRule('input', [2, 3, 64, 64]);
      for (const [file, { logits, tolerance_relative_l2: tolerance }] of Object.entries(expected.good)) {
        const before = tf.memory().numTensors;
        await taken(fixture(file));
        assert.equal(tf.memory().numTensors, before, file);
        const y = tf.tidy(() =>
          model.run(tf.transpose(tf.tensor4d(x, [2, 3, 64, 64]), [0, 2, 3, 1])).dataSync(),
        );
        const wanted = logits.flat();
        const off = Math.hypot(...wanted.map((v, i) => v - y[i])) / Math.hypot(...wanted);
        assert.ok(off < tolerance, `${file}: ${off}`);
      }
      copyFileSync(fixture('f16.safetensors'), at('misnamed.pth'));
      assert.equal((await load(model, at('misnamed.pth'))).format, 'safetensors');
      assert.equal((await load(model, fixture('sharded'))).taken, 52);
    });

    it('refuses damaged and hostile ones in a sentence; nothing runs, nothing changes', async () => {
      const reasons: Record<string, RegExp> = {
        'torchscript.pt': /TorchScript program, not a state dict/,
        'hostile_system.pth': /wants to use posix\.system, which no state dict needs/,
        'hostile_eval_legacy.pth': /wants to use builtins\.eval, which no state dict needs/,
        'truncated.pth': /zip directory is missing/,
        'header_past_end.safetensors': /header does not fit/,
        'overlap.safetensors': /tensors overlap/,
        'shape_mismatch.safetensors': /needs 4000000 bytes by its shape, and has 16/,
        'not_json.safetensors': /header is no JSON/,
        'storage_too_small.pth': /needs more values than are stored/,
        'bomb.pth': /has 209715200 bytes where its pickle says 32/,
      };
      assert.deepEqual(Object.keys(reasons).sort(), Object.keys(expected.refused).sort());
      const before = model.stateDict();
      for (const [file, reason] of Object.entries(reasons)) {
        const error = await load(model, fixture(file)).then(
          () => assert.fail(file),
          (e: Error) => e,
        );
        assert.match(error.message, reason);
        assert.match(error.message, new RegExp(`^The weights file .*${file} was refused: [^\\n]*\\.$`));
      }
      assert.deepEqual(model.stateDict(), before);
      assert.ok(!existsSync('pwned'));
    });

    it('lists every name that does not fit', async () => {
      const resnet = await create('resnet18', { classes: 3, inputShape: [64, 64] });
      const before = resnet.stateDict();
      const error = await load(resnet, fixture('state_dict.pth')).catch((e: unknown) => e);
      assert.ok(error instanceof MisfitError);
      const given = [...(await readTorch(fixture('state_dict.pth'))).keys()];
      assert.deepEqual(error.misfits, {
        missing: [...resnet.parameters().keys()],
        unexpected: given,
        misshapen: [],
      });
      for (const name of [...before.keys(), ...given]) assert.ok(error.message.includes(name), name);
      await assert.rejects(load(resnet, fixture('state_dict.pth'), { strict: false }), MisfitError);
      assert.deepEqual(resnet.stateDict(), before);
      resnet.dispose();
    });
  });

  it('takes wrappers off, and averaged weights when they are asked for', async () => {
    const other = new Map([...state].map(([n, t]) => [n, { ...t, data: t.data.map((v) => -v) }]));
    for (const prefix of ['module.', 'model.', '_orig_mod.', 'module._orig_mod.', 'model.module.'])
      assert.deepEqual(await taken(pth('prefixed.pth', dict(state, prefix))), state, prefix);
    const nested: Dict = {
      epoch: 3,
      optimizer: { state: { 0: { exp_avg: { shape: [2], values: new Float32Array(2) } } } },
      state_dict_ema: { n_averaged: { shape: [], values: new Float32Array(1) }, ...dict(other, 'module.') },
      state_dict: dict(state, 'model.'),
    };
    assert.deepEqual(await taken(pth('nested.pth', nested)), state);
    assert.deepEqual(await taken(at('nested.pth'), { key: 'state_dict_ema' }), other);
    assert.deepEqual(await readTorch(at('nested.pth'), { key: 'state_dict_ema' }), other);
    delete nested.state_dict;
    assert.deepEqual(await taken(pth('averaged.pth', nested)), other);
    const pair = { generator: dict(other), critic: dict(state) };
    assert.deepEqual(await taken(pth('pair.pth', pair), { key: 'critic' }), state);
    await assert.rejects(
      load(model, at('pair.pth'), { key: 'none' }),
      /pair\.pth was refused: it holds no "none"; it holds critic, generator\./,
    );
  });

  it('passes over what runs keep beside the weights: NumPy’s arrays, paths, times, sets', async () => {
    // what Python's pickle makes of each, in protocol 2, the last in 4
    const pickled = {
      confusion:
        'Y251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEAY251bXB5Cm5kYXJyYXkKcQFLAIVxAmNfY29kZWNzCmVuY29kZQpxA1gBAAAAYnEEWAYAAABsYXRpbjFxBYZxBlJxB4dxCFJxCShLAUsCSwKGcQpjbnVtcHkKZHR5cGUKcQtYAgAAAGY0cQyJiIdxDVJxDihLA1gBAAAAPHEPTk5OSv////9K/////0sAdHEQYoloA1gQAAAAAAAAAAAAAAAAAAAAAAAAAHERaAWGcRJScRN0cRRi',
      folder: 'Y3BhdGhsaWIKUG9zaXhQYXRoCnEAWAEAAAAvcQFYAQAAAHhxAlgBAAAAeXEDh3EEUnEF',
      at: 'Y2RhdGV0aW1lCmRhdGV0aW1lCnEAY19jb2RlY3MKZW5jb2RlCnEBWAsAAAAHw6oBAgAAAAAAAHECWAYAAABsYXRpbjFxA4ZxBFJxBYVxBlJxBw==',
      done: 'Y19fYnVpbHRpbl9fCmZyb3plbnNldApxAF1xAUsBYYVxAlJxAw==',
      logs: 'Y2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0CnEAY19fYnVpbHRpbl9fCmxpc3QKcQGFcQJScQNYAQAAAGFxBF1xBUc/+AAAAAAAAGFz',
      sealed: 'lQYAAAAAAAAAKEsBkZQ=',
    };
    const beside = Object.entries(pickled).map(([name, text]) => [name, Buffer.from(text, 'base64')]);
    const file = pth('run.pth', { ...(Object.fromEntries(beside) as Dict), state_dict: dict(state) });
    assert.deepEqual(await taken(file), state);
  });

  it('finds the network where it was part of another module as it was trained', async () => {
    const counted: Dict = { 'queue.values': { shape: [8], values: new Float32Array(8) } };
    assert.deepEqual(await taken(pth('net.pth', { net: dict(state) })), state);
    assert.deepEqual(
      await taken(pth('lit.pth', { state_dict: { ...dict(state, 'net.'), ...counted } })),
      state,
    );
    // the head beside the network
    const beside = [...state].map(([n, { shape, data }]) => [
      n.startsWith('classifier') ? n : `encoder.body.${n}`,
      { shape, values: data },
    ]);
    assert.deepEqual(await taken(pth('beside.pth', Object.fromEntries(beside) as Dict)), state);
    const other = new Map([...state].map(([n, t]) => [n, { ...t, data: t.data.map((v) => -v) }]));
    const pair = { ...dict(state, 'module.encoder_q.'), ...dict(other, 'module.encoder_k.'), ...counted };
    const file = pth('pair.pth', { state_dict: pair });
    await assert.rejects(
      load(model, file),
      /refused: it holds the network more than once, under encoder_k, encoder_q; key says which to take\.$/,
    );
    assert.deepEqual(await taken(file, { key: 'encoder_k' }), other);
    assert.deepEqual(await taken(file, { key: 'state_dict.module.encoder_q' }), state);
  });

  it('renames by prefix and by a function; two of one name are refused', async () => {
    const file = pth('backbone.pth', {
      ...dict(state, 'net.'),
      'extra.w': { shape: [1], values: new Float32Array(1) },
    });
    assert.deepEqual(await taken(file, { map: { 'net.': '', extra: null } }), state);
    const map = (name: string): string | undefined => (name === 'extra.w' ? undefined : name.slice(4));
    assert.deepEqual(await taken(file, { map }), state);
    await assert.rejects(
      load(model, file, { map: () => 'classifier.1.bias' }),
      /features\.0\.weight and .*features\.0\.bias would both become classifier\.1\.bias/,
    );
  });

  it('leaves a head of another size where asked, and says so where not', async () => {
    const large = new Map(state);
    large.set('classifier.1.weight', { shape: [1000, 512, 1, 1], data: new Float32Array(512_000) });
    large.set('classifier.1.bias', { shape: [1000], data: new Float32Array(1000) });
    const file = pth('large.pth', dict(large));
    const before = model.stateDict();
    await assert.rejects(
      load(model, file),
      /of another shape classifier\.1\.weight \[1000, 512, 1, 1\] instead of \[3, 512, 1, 1\], classifier\.1\.bias \[1000\] instead of \[3\]\. The model is unchanged\. Only the head differs: head: false/,
    );
    assert.deepEqual(model.stateDict(), before);
    const kept = await taken(file, { head: false });
    for (const [name, { data }] of kept)
      assert.deepEqual(
        data,
        name.startsWith('classifier.1') ? new Float32Array(data.length) : state.get(name)!.data,
      );
    const partly = await load(model, file, { strict: false });
    assert.deepEqual(
      [partly.taken, partly.misshapen.map((m) => m.name)],
      [50, ['classifier.1.weight', 'classifier.1.bias']],
    );
  });

  it('leaves a head of other layers, or none, where asked', async () => {
    const large = new Map(state);
    large.set('classifier.1.weight', { shape: [1000, 512, 1, 1], data: new Float32Array(512_000) });
    large.set('classifier.1.bias', { shape: [1000], data: new Float32Array(1000) });
    const file = pth('other-head.pth', dict(large));
    for (const head of [[16], 'none'] as const) {
      const other = await create('squeezenet1_1', { classes: 2, inputShape: [64, 64], head });
      const before = other.stateDict();
      await assert.rejects(
        load(other, file),
        /unexpected classifier\.1\.weight.*Only the head differs: head: false/,
      );
      const { taken, missing, unexpected } = await load(other, file, { head: false });
      assert.deepEqual([taken, missing, unexpected], [50, [], []]);
      for (const [name, { data }] of other.stateDict())
        assert.deepEqual(data, (name.startsWith('classifier') ? before : state).get(name)!.data, name);
      other.dispose();
    }
  });

  it('takes by position where every shape agrees, and only then', async () => {
    const others = Object.fromEntries(
      [...state.values()].map(({ shape, data }, i) => [`_layer_${i}`, { shape, values: data }]),
    );
    const file = pth('foreign.pth', others);
    await assert.rejects(load(model, file), /order: true takes them by position/);
    assert.deepEqual(await taken(file, { order: true }), state);
    assert.equal((await load(model, file, { order: true })).by, 'position');
    const swapped = Object.entries(others);
    [swapped[0], swapped[1]] = [swapped[1], swapped[0]];
    const before = model.stateDict();
    await assert.rejects(
      load(model, pth('swapped.pth', Object.fromEntries(swapped)), { order: true }),
      /features\.0\.weight \(from _layer_1\) \[64\] instead of \[64, 3, 3, 3\]/,
    );
    await assert.rejects(
      load(model, pth('fewer.pth', Object.fromEntries(swapped.slice(2))), { order: true }),
    );
    assert.deepEqual(model.stateDict(), before);
  });

  it('never takes by position what is sorted by name: a norm’s parameters have all the same shape', () => {
    const shape = [4];
    const parts = ['weight', 'bias', 'running_mean', 'running_var'];
    const norm = new Map(parts.map((part) => [`bn1.${part}`, { shape } as Parameter]));
    const { net, inputShape } = model;
    const target = {
      name: 'net',
      headPart: 'fc',
      net,
      inputShape,
      parameters: () => norm,
      isUnused: () => false,
    };
    const given = (names: string[]): Map<string, { shape: number[] }> =>
      new Map(names.map((part) => [`stem.norm.${part}`, { shape }]));
    assert.equal(fit(target, given(parts), 'torch', { order: true }).take.length, 4);
    const sorted = given([...parts].sort());
    assert.throws(
      () => fit(target, sorted, 'torch', { order: true }),
      /bn1\.weight would be stem\.norm\.bias\. The file sorts its tensors by name/,
    );
    assert.throws(
      () => fit(target, sorted, 'torch', {}),
      (error: Error) => !error.message.includes('order: true'),
    );
  });

  it('reads views: channels last, a part of a storage, one storage twice', async () => {
    const [n, c, h, w] = [2, 3, 2, 2];
    const values = Float32Array.from({ length: n * c * h * w + 5 }, (_, i) => i);
    const file = pth('views.pth', {
      last: { shape: [n, c, h, w], stride: [c * h * w, 1, w * c, c], offset: 5, values, key: 's' },
      part: { shape: [2], offset: 3, values, key: 's' },
      wide: { shape: [2, 3], stride: [1, 0], offset: 1, values, key: 's' },
    });
    const read = await readTorch(file);
    const last = Array.from({ length: n * c * h * w }, (_, i) => {
      const [a, b, y, x] = [Math.floor(i / 12), Math.floor(i / 4) % 3, Math.floor(i / 2) % 2, i % 2];
      return 5 + a * 12 + b + y * 6 + x * 3;
    });
    assert.deepEqual([...read.get('last')!.data], last);
    assert.deepEqual([...read.get('part')!.data], [3, 4]);
    assert.deepEqual([...read.get('wide')!.data], [1, 1, 1, 2, 2, 2]);
  });

  it('opens an index of shards in its own folder only', async () => {
    const names = [...state.keys()];
    mkdirSync(at('shards'));
    const halves = [names.slice(0, 20), names.slice(20)];
    const index: Record<string, string> = {};
    for (const [i, half] of halves.entries()) {
      await writeSafetensors(
        at(`shards/part-${i}.safetensors`),
        new Map(half.map((n) => [n, state.get(n)!])),
      );
      for (const n of half) index[n] = `part-${i}.safetensors`;
    }
    const write = (map: object): void =>
      writeFileSync(at('shards/model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    write(index);
    assert.deepEqual(await taken(at('shards')), state);
    for (const [bad, why] of [
      ['../views.pth', /its shard \.\.\/views\.pth is not in its folder/],
      ['/etc/hostname', /is not in its folder/],
      ['part-9.safetensors', /can't be read: ENOENT/],
      ['part-1.safetensors', /part-1\.safetensors holds no features\.0\.weight/],
      ['model.safetensors.index.json', /refused/],
      [7, /its shard 7 is not in its folder/],
    ] as const) {
      write({ ...index, 'features.0.weight': bad });
      await assert.rejects(load(model, at('shards')), why);
    }
    rmSync(at('shards/model.safetensors.index.json'));
    await assert.rejects(
      load(model, at('shards')),
      /holds part-0\.safetensors, part-1\.safetensors; name one/,
    );
  });

  it("reads TensorFlow.js's model.json: shards, float16 and quantised values", async () => {
    const net = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, name: 'conv' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, name: 'head' }),
      ],
    });
    await net.save(`file://${at('tfjs')}`);
    const { readWeights } = await import('../../src/models/index.js');
    const read = await readWeights(at('tfjs'));
    assert.deepEqual([read.format, read.layout], ['tfjs', 'keras']);
    assert.deepEqual([...read.state.keys()], ['conv.weight', 'conv.bias', 'head.weight', 'head.bias']);
    for (const [i, { shape, data }] of [...read.state.values()].entries()) {
      assert.deepEqual(shape, net.getWeights()[i].shape);
      assert.deepEqual(data, net.getWeights()[i].dataSync());
    }
    net.dispose();
    mkdirSync(at('quantised'));
    const manifest = [
      {
        paths: ['a.bin', 'b.bin'],
        weights: [
          {
            name: 'x/kernel',
            shape: [2, 2],
            dtype: 'float32',
            quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
          },
          { name: 'x/bias', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
          { name: 'shape', shape: [2], dtype: 'int32' },
        ],
      },
    ];
    writeFileSync(at('quantised/model.json'), JSON.stringify({ weightsManifest: manifest }));
    const halves = Uint16Array.of(0x3c00, 0xc100); // 1 and -2.5
    const bytes = Buffer.concat([Buffer.of(0, 1, 2, 255), Buffer.from(halves.buffer), Buffer.alloc(8)]);
    writeFileSync(at('quantised/a.bin'), bytes.subarray(0, 5)); // cut within a value
    writeFileSync(at('quantised/b.bin'), bytes.subarray(5));
    const { state: small } = await readWeights(at('quantised/model.json'));
    assert.deepEqual(
      [...small].map(([n, { data }]) => [n, ...data]),
      [
        ['x.weight', -1, -0.5, 0, 126.5],
        ['x.bias', 1, -2.5],
      ],
    );
    writeFileSync(at('quantised/b.bin'), bytes.subarray(6));
    await assert.rejects(
      readWeights(at('quantised')),
      /its tensors need 16 bytes, and a\.bin, b\.bin have 15/,
    );
  });

  describe("Keras's layers", () => {
    /** An HDF5 file as Keras 2 writes it, with a weight of two numbers in each layer. */
    async function h5(name: string, layers: Record<string, string[]>): Promise<string> {
      const { File, ready } = await import('h5wasm/node');
      await ready;
      const file = new File(at(name), 'w');
      file.create_attribute('layer_names', Object.keys(layers));
      for (const [layer, weights] of Object.entries(layers)) {
        const group = file.create_group(layer);
        // Keras writes a list of none as one of no floats
        group.create_attribute('weight_names', weights.length ? weights : new Float64Array(0), [
          weights.length,
        ]);
        for (const weight of weights) {
          const path = weight.split('/');
          const last = path.pop()!;
          const inner = path.reduce(
            (g, part) => (g.get(part) as typeof g | null) ?? g.create_group(part),
            group,
          );
          inner.create_dataset({ name: last, data: Float32Array.of(1, 2), shape: [2] });
        }
      }
      file.close();
      return at(name);
    }

    it('have names of their own, of Keras 1 too, and full ones where two have the same', async () => {
      const { readKeras } = await import('../../src/models/index.js');
      const file = await h5('names.h5', {
        input_1: [],
        conv: ['conv/kernel:0', 'conv/bias:0'],
        convolution2d_1: ['convolution2d_1_W:0', 'convolution2d_1_b:0'],
        fc_1: ['fc_1_W_1:0', 'fc_1_b_1:0'],
        batchnormalization_1: ['batchnormalization_1_gamma:0', 'batchnormalization_1_running_std:0'],
        left: ['stem/kernel:0', 'end/kernel:0'],
        right: ['stem/kernel:0'],
        deep: ['model/deep/inner/kernel'],
      });
      const names = [...(await readKeras(file)).keys()];
      assert.deepEqual(names, [
        ...['conv.weight', 'conv.bias', 'convolution2d_1.weight', 'convolution2d_1.bias'],
        ...['fc_1.weight', 'fc_1.bias', 'batchnormalization_1.weight', 'batchnormalization_1.running_var'],
        ...['left/stem.weight', 'end.weight', 'right/stem.weight', 'inner.weight'],
      ]);
    });

    it('say which network it is; one that computes something else is refused, whatever its layers are called', async () => {
      const refused = async (layer: string, why: RegExp): Promise<void> =>
        assert.rejects(load(model, await h5('network.h5', { [layer]: [`${layer}/kernel:0`] })), why);
      await refused(
        'res2a_branch2a',
        /network\.h5 was refused: it holds Keras's ResNet, which no model here/,
      );
      await refused('block35_1_conv', /which is inception_resnet_v2 here, not squeezenet1_1\.$/);
      const xception = await create('legacy_xception', { classes: 2, inputShape: [299, 224] });
      await assert.rejects(
        load(xception, await h5('network.h5', { block2_sepconv1: ['block2_sepconv1/kernel:0'] })),
        /where height and width are 32 n \+ 7 or 32 n \+ 8, as inputShape: \[296, 231\], and this one takes \[299, 224\]\.$/,
      );
      xception.dispose();
      for (const layer of ['constructor', 'hasownproperty'])
        await refused(layer, new RegExp(`do not fit squeezenet1_1: .* unexpected ${layer}\\.weight`));
    });
  });

  it('knows tensors far within a large file', async () => {
    const header = { a: [0, 2 ** 27], b: [2 ** 27, 2 ** 28] };
    const entries = Object.entries(header).map(([n, data_offsets]) => [
      n,
      { dtype: 'U8', shape: [2 ** 27], data_offsets },
    ]);
    const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(at('large.safetensors'), Buffer.concat([size, text]));
    truncateSync(at('large.safetensors'), 8 + text.length + 2 ** 28); // zeros that take no room
    await assert.rejects(load(model, at('large.safetensors')), /unexpected a, b\. The model is unchanged/);
  });

  it('says what a file is that holds no weights', async () => {
    for (const [content, why] of [
      ['<!DOCTYPE html><html></html>', /it is a web page/],
      ['version https://git-lfs.github.com/spec/v1\noid sha256:0', /a pointer of Git LFS/],
      ['{"a": 1}', /neither an index of shards/],
      ['', /no file of safetensors, PyTorch, Keras or TensorFlow\.js/],
      ['\x1f\x8b\x08', /it is gzip/],
    ] as const) {
      writeFileSync(at('other'), content, 'latin1');
      await assert.rejects(load(model, at('other')), why);
    }
    await assert.rejects(load(model, at('nowhere')), /nowhere can't be read: ENOENT/);
    mkdirSync(at('empty'));
    await assert.rejects(load(model, at('empty')), /the folder holds no file of weights/);
  });
});
