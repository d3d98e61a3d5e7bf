import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '../../../src/compute/index.js';
import {
  create,
  list,
  ModelError,
  pretrained,
  readTorch,
  weights,
  writeSafetensors,
  type PublishedWeights,
  type StateDict,
} from '../../../src/models/index.js';
import { addressesOf, publishedState } from '../../../src/models/weights/published/fetch.js';
import { cachedAt } from '../../../src/models/weights/published/registry.js';
import { mended } from '../../../src/models/weights/published/names.js';
import { published } from '../../../src/models/weights/published/registry.js';
import { batchOptions } from '../../../src/train/evaluate.js';
import { fileServer, type FileServer } from '../../support/file-server.js';
import { needsShared, sharedPath } from '../../support/fixtures.js';

describe('the registry of published weights', () => {
  const [v1, v2] = ['IMAGENET1K_V1', 'IMAGENET1K_V2'].map((tag) => published('resnet50', tag));

  it('has torchvision’s tags as torchvision states them', () => {
    assert.equal(v2.url, 'https://download.pytorch.org/models/resnet50-11ad3fa6.pth');
    assert.deepEqual([v1.sha256, v2.sha256], ['0676ba61', '11ad3fa6']);
    assert.deepEqual([v1.resize, v2.resize], [256, 232]);
    assert.deepEqual([v1.accuracy, v2.accuracy], [76.13, 80.858]);
    // the true size of this file, which torchvision gives as 97.79 MB
    assert.ok(Math.abs(v2.bytes! - 102_540_417) < 1049);
    assert.equal(published('resnet50', 'imagenet').tag, 'IMAGENET1K_V2');
    assert.match(published('vit_b_16', 'IMAGENET1K_SWAG_E2E_V1').licence!, /SWAG.*LICENSE/);
  });
  it('has timm’s tags, on the hub', () => {
    const b3 = published('efficientnet_b3', 'ra2_in1k');
    assert.equal(
      b3.url,
      'https://huggingface.co/timm/efficientnet_b3.ra2_in1k/resolve/main/model.safetensors',
    );
    assert.deepEqual([b3.size, b3.resize, b3.interpolation], [288, 329, 'bicubic']);
    const vit = published('vit_b_16', 'vit_base_patch16_384.augreg_in21k_ft_in1k');
    assert.equal(
      vit.url,
      'https://huggingface.co/timm/vit_base_patch16_384.augreg_in21k_ft_in1k/resolve/main/model.safetensors',
    );
    assert.deepEqual([vit.size, vit.classes, vit.mean], [384, 1000, [0.5, 0.5, 0.5]]);
    const wide = published('swin_s', 'swin_small_patch4_window7_224.ms_in22k');
    assert.deepEqual([wide.classes, wide.data], [21841, 'ImageNet-22k']);
    const noisy = published('tf_efficientnet_b4', 'imagenet');
    assert.deepEqual([noisy.tag, noisy.size, noisy.resize], ['ns_jft_in1k', 380, 412]);
    process.env.HF_ENDPOINT = 'https://mirror.example/';
    assert.match(published('efficientnet_b3', 'ra2_in1k').url, /^https:\/\/mirror\.example\/timm\//);
    delete process.env.HF_ENDPOINT;
  });
  it('gives what torchvision’s transform_input does to the pixels as mean and deviation', () => {
    for (const name of ['googlenet', 'inception_v3']) {
      const { mean, std } = published(name, 'IMAGENET1K_V1');
      // x · (0.229 / 0.5) + (0.485 − 0.5) / 0.5 of x = (p − 0.485) / 0.229
      assert.deepEqual([mean, std], [Array(3).fill(0.5), Array(3).fill(0.5)]);
    }
  });
  it('holds unique tags with one meaning of imagenet, for every architecture with weights anywhere', () => {
    for (const name of list('', { pretrained: true })) {
      const own = weights(name);
      assert.equal(new Set(own.map((each) => each.tag)).size, own.length, name);
      assert.equal(own.filter((each) => each.best).length, 1, name);
      for (const each of own) {
        assert.equal(each.tried, each.wheel !== undefined);
        assert.equal(new URL(each.url).protocol, 'https:');
        assert.deepEqual([each.mean.length, each.std.length], [3, 3]);
        assert.ok(each.data, `${name} ${each.tag}`);
        if (each.url.includes('pytorch.org')) assert.match(each.sha256!, /^[0-9a-f]{8,10}$/, each.url);
      }
    }
    // VGG's of timm are torchvision's
    const without = list().filter((name) => !pretrained().includes(name));
    assert.deepEqual(without, []);
    assert.deepEqual(
      pretrained().filter((name) => !list().includes(name)),
      [],
    );
    assert.equal(published('tf_efficientnet_lite1', 'imagenet').tag, 'wheel');
  });
  it('says in a sentence what there is not', async () => {
    assert.throws(() => weights('resnet5O'), /"resnet5O" are known\. Nearest: resnet50,/);
    assert.throws(
      () => published('resnet50', 'IMAGENET1K_V3'),
      /no weights "IMAGENET1K_V3" of resnet50\. Nearest: IMAGENET1K_V[12], .*All: .*a1_in1k/,
    );
    assert.throws(() => published('r3d_18', 'imagenet'), /no ImageNet weights of r3d_18.*KINETICS400_V1/);
    await assert.rejects(create('resnet50', { weights: 'nonsense' }), /no weights "nonsense"/);
  });
  it('is a table in a notebook', () => {
    const show = (weights('resnet50') as unknown as Record<symbol, () => Record<string, string>>)[
      Symbol.for('Jupyter.display')
    ]();
    assert.match(
      show['text/plain'],
      /^tag +data +top-1 % .*\nIMAGENET1K_V1 +ImageNet-1k +76\.1 +256 → 224, bilinear +102\.5/,
    );
    assert.match(show['text/html'], /<th[^>]*>IMAGENET1K_V2 \(imagenet\)<\/th>/);
  });
});

describe('names of published files', () => {
  const tensor = (...shape: number[]): { shape: number[]; data: Float32Array } => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  });
  it('lose the background class that TensorFlow’s heads begin with', () => {
    const inception = published('inception_v4', 'imagenet');
    const head = (): StateDict =>
      new Map([
        ['fc.weight', tensor(1001, 2)],
        ['fc.bias', tensor(1001)],
      ]);
    const out = mended(head(), inception);
    assert.deepEqual([...out.get('fc.weight')!.data.subarray(0, 3)], [2, 3, 4]);
    assert.deepEqual(out.get('fc.bias')!.shape, [1000]);
    assert.equal(out.get('fc.bias')!.data[999], 1000);
    // 63 classes beside a convolution of 64 filters
    const own = mended(new Map([['conv.weight', tensor(64, 3, 1, 1)]]), { ...inception, classes: 63 });
    assert.deepEqual(own.get('conv.weight')!.shape, [64, 3, 1, 1]);
  });
});

describe('published weights are fetched', function () {
  this.timeout(60_000);
  const saved = { ...process.env };
  let cache: string;
  let server: FileServer;
  let pth: Buffer;
  let state: StateDict;
  let entry: PublishedWeights;
  const small = { inputShape: [64, 64] as [number, number] };

  before(async function () {
    needsShared(this);
    const path = sharedPath('fixtures/weights/state_dict.pth');
    pth = readFileSync(path);
    state = await readTorch(path);
  });
  beforeEach(async () => {
    cache = mkdtempSync(join(tmpdir(), 'cellgrad-published-'));
    process.env.CELLGRAD_CACHE = cache;
    server = await fileServer({ 'squeezenet1_1-x.pth': { content: pth, etag: '"a"' } });
    entry = {
      ...{
        model: 'squeezenet1_1',
        tag: 'three',
        url: `${server.url}/squeezenet1_1-x.pth`,
        bytes: pth.length,
      },
      sha256: createHash('sha256').update(pth).digest('hex').slice(0, 8),
      ...{
        classes: 3,
        size: 224,
        resize: 256,
        interpolation: 'bicubic',
        mean: [0.1, 0.2, 0.3],
        std: [0.5, 0.6, 0.7],
      },
    };
  });
  afterEach(async () => {
    await server.close();
    rmSync(cache, { recursive: true });
    for (const name of ['CELLGRAD_CACHE', 'CELLGRAD_MIRROR', 'CELLGRAD_OFFLINE'])
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
  });

  /** Files in the cache of weights. */
  const kept = (): string[] => {
    const folder = join(cache, 'weights', 'squeezenet1_1');
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  const refused = (words: RegExp, code: string, given = entry): Promise<void> =>
    assert.rejects(create('squeezenet1_1', { ...small, weights: given }), (error: ModelError) => {
      assert.match(error.message, words);
      assert.equal(error.code, code);
      return true;
    });

  it('into a network, with their preprocessing; a second time from the cache, offline too', async () => {
    const model = await create('squeezenet1_1', { ...small, weights: entry });
    const own = model.stateDict();
    for (const [name, { data }] of state) assert.deepEqual(own.get(name)!.data, data, name);
    assert.equal(model.classes.length, 3);
    const { size, resize, crop, interpolation, mean, std } = model.preprocessing;
    assert.deepEqual(
      { size, resize, crop, interpolation, mean, std },
      {
        ...{ size: 224, resize: 256, crop: true, interpolation: 'bicubic' },
        ...{ mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] },
      },
    );
    assert.equal(batchOptions(model).resize, 73); // the same part of the picture at 64 pixels
    model.dispose();
    assert.equal(kept().length, 1);
    assert.match(kept()[0], /^three-[0-9a-f]{8}\.safetensors$/);
    process.env.CELLGRAD_OFFLINE = '1';
    const asked = server.requests.length;
    const again = await create('squeezenet1_1', { ...small, weights: entry });
    assert.deepEqual(again.stateDict(), own);
    again.dispose();
    assert.equal(server.requests.length, asked);
  });
  it('and a new head sees whole pictures', async () => {
    const model = await create('squeezenet1_1', { ...small, weights: entry, classes: ['a', 'b'] });
    assert.deepEqual(model.stateDict().get('classifier.1.weight')!.shape, [2, 512, 1, 1]);
    const { resize, crop, interpolation } = model.preprocessing;
    assert.deepEqual({ resize, crop, interpolation }, { resize: 256, crop: false, interpolation: 'bicubic' });
    assert.deepEqual([batchOptions(model).resize, batchOptions(model).interpolation], [undefined, 'bicubic']);
    model.preprocessing.channelOrder = 'bgr';
    assert.equal(batchOptions(model).channelOrder, 'bgr');
    model.dispose();
  });
  it('from safetensors of another library’s names, by their order', async () => {
    const path = join(cache, 'hub.safetensors');
    const named: StateDict = new Map([...state.values()].map((tensor, i) => [`layer${i}.x`, tensor]));
    await writeSafetensors(path, named);
    server.files['hub.safetensors'] = { content: readFileSync(path) };
    const model = await create('squeezenet1_1', {
      ...small,
      weights: {
        ...entry,
        url: `${server.url}/hub.safetensors`,
        bytes: undefined,
        sha256: undefined,
        order: true,
      },
    });
    assert.deepEqual(model.stateDict().get('features.0.weight'), state.get('features.0.weight'));
    model.dispose();
  });
  it('from a mirror, and from their own address where it has none', async () => {
    server.files['squeezenet1_1.three/squeezenet1_1-x.pth'] = server.files['squeezenet1_1-x.pth'];
    delete server.files['squeezenet1_1-x.pth'];
    process.env.CELLGRAD_MIRROR = `${server.url}/none, ${server.url}`;
    assert.deepEqual(addressesOf(entry), [
      `${server.url}/none/squeezenet1_1.three/squeezenet1_1-x.pth`,
      `${server.url}/squeezenet1_1.three/squeezenet1_1-x.pth`,
      entry.url,
    ]);
    assert.equal((await publishedState(entry)).size, state.size);
  });
  it('on from where they broke off, also in a later call', async () => {
    server.files['squeezenet1_1-x.pth'].breakAfter = [1_000_000];
    const seen: number[] = [];
    await publishedState(entry, {
      onProgress: ({ stage, fraction }) => stage === 'downloading' && seen.push(fraction),
    });
    assert.ok(
      server.requests.some((line) => /bytes=[1-9]\d*-/.test(line)),
      server.requests.join('; '),
    );
    assert.equal(seen.at(-1), 1);
  });
  it('until they are stopped', async () => {
    server.files['squeezenet1_1-x.pth'].slow = 20;
    const stop = new AbortController();
    const reason = new Error('enough');
    const fetching = publishedState(entry, { signal: stop.signal, onProgress: () => stop.abort(reason) });
    await assert.rejects(fetching, (error) => error === reason);
    assert.deepEqual(
      kept().filter((file) => file.endsWith('.safetensors')),
      [],
    );
    server.files['squeezenet1_1-x.pth'].slow = undefined;
    assert.equal((await publishedState(entry)).size, state.size);
    assert.ok(
      server.requests.some((line) => /bytes=\d+-/.test(line)),
      'what came was thrown away',
    );
  });
  it('by the sha256 that the hub’s redirection names', async () => {
    const path = join(cache, 'hub.safetensors');
    await writeSafetensors(path, state);
    const content = readFileSync(path);
    let sha256 = createHash('sha256').update(content).digest('hex');
    const hub = createServer((request, response) => {
      if (request.url === '/file') return void response.end(content);
      response.writeHead(302, {
        location: '/file',
        'x-linked-etag': `"${sha256}"`,
        'x-linked-size': content.length,
      });
      response.end();
    });
    await new Promise<void>((done) => hub.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/timm/x/resolve/main/model.safetensors`;
    const given = { ...entry, url, bytes: undefined, sha256: undefined };
    try {
      const right = sha256;
      sha256 = right.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
      await refused(/arrived damaged or altered/, 'checksum', given);
      assert.deepEqual(kept(), []);
      sha256 = right;
      assert.equal((await publishedState(given)).size, state.size);
    } finally {
      hub.closeAllConnections();
      hub.close();
    }
  });

  it('never with other bytes: nothing is kept and no network is left', async () => {
    const before = tf.memory().numTensors;
    await refused(
      /arrived damaged or altered: its sha256 is .*, expected 00000000…\. It was thrown away/,
      'checksum',
      {
        ...entry,
        sha256: '00000000',
      },
    );
    await refused(/is another file than expected: it has \d+ bytes in place of about 5000/, 'checksum', {
      ...entry,
      bytes: 5000,
    });
    server.files['squeezenet1_1-x.pth'].content = Buffer.from('<html>sign in</html>');
    await refused(/holds no weights: .*It was thrown away/, 'weights', {
      ...entry,
      ...{ bytes: undefined, sha256: undefined },
    });
    assert.deepEqual(kept(), []);
    assert.equal(tf.memory().numTensors, before);
  });
  it('never of another network: it says which tensors, and forgets them', async () => {
    const before = tf.memory().numTensors;
    await assert.rejects(
      create('squeezenet1_0', { ...small, weights: { ...entry, model: 'squeezenet1_1' } }),
      /do not fit squeezenet1_0: .*features\.0\.weight \[64, 3, 3, 3\] instead of \[96, 3, 7, 7\]/,
    );
    assert.deepEqual(kept(), []);
    assert.equal(tf.memory().numTensors, before);
  });
  it('never in part: a body that ends early is an error, and a damaged file in the cache is fetched again', async () => {
    server.files['squeezenet1_1-x.pth'].breakAfter = Array(20).fill(0);
    await refused(/could not be downloaded: .*Check the network, or set CELLGRAD_MIRROR/, 'offline');
    assert.deepEqual(
      kept().filter((file) => file.endsWith('.safetensors')),
      [],
    );
    server.files['squeezenet1_1-x.pth'].breakAfter = undefined;
    await publishedState(entry);
    truncateSync(cachedAt(entry), 1000);
    assert.equal((await publishedState(entry)).size, state.size);
  });
  it('not without a network, and not offline', async () => {
    process.env.CELLGRAD_OFFLINE = '1';
    await refused(
      /CELLGRAD_OFFLINE is set, and the weights three of squeezenet1_1 are not in the cache/,
      'offline',
    );
    assert.deepEqual(server.requests, []);
    delete process.env.CELLGRAD_OFFLINE;
    await server.close();
    await refused(/could not be downloaded: the connection was refused.*Check the network/, 'offline');
    assert.deepEqual(
      kept().filter((file) => !file.endsWith('.lock')),
      [],
    );
  });
  it('not where there is no room', async () => {
    // the hub says how large the file is before it sends it
    server.files['squeezenet1_1-x.pth'].says = 1e15;
    await refused(/Not enough space for Weights three of squeezenet1_1: 2000000000 MB needed/, 'disk', {
      ...entry,
      bytes: undefined,
    });
    process.env.CELLGRAD_CACHE = join(cache, 'file');
    writeFileSync(join(cache, 'file'), 'in the way');
    await refused(/The cache can't be made: a part of .* is a file/, 'cache');
  });
});
