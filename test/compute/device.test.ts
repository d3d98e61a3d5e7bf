import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binding, ComputeError, tf } from '../../src/compute/index.js';
import { cacheRoot } from '../../src/compute/cache.js';
import { chooseDevice, threads } from '../../src/compute/device.js';
import { libraryPlace, wheelFor, type Platform } from '../../src/compute/library.js';
import { type Nvidia } from '../../src/compute/nvidia.js';

const code = (wanted: string, words: RegExp) => (e: unknown) => {
  assert.ok(e instanceof ComputeError && e.code === wanted && words.test(e.message), String(e));
  return true;
};

describe('the device', () => {
  const linux: Platform = { os: 'linux', arch: 'x64', libc: 'glibc' };
  const h100 = { name: 'NVIDIA H100', capability: 90, memory: 80e9 };
  const choose = (asked: string | undefined, nvidia?: Nvidia, platform = linux) =>
    chooseDevice({ CELLGRAD_DEVICE: asked }, () => nvidia, platform);

  it('is what CELLGRAD_DEVICE asks for, or a word why not', () => {
    for (const asked of ['cpu', 'webgpu', 'js'])
      assert.deepEqual(choose(asked, { cuda: 13000, cards: [h100] }), { device: asked, free: false });
    assert.throws(
      () => choose('tpu'),
      code('device', /is tpu; it can be auto, cpu, cuda, webgpu, js, and gpu for cuda/),
    );
    assert.equal(threads({ CELLGRAD_THREADS: '3' }), 3);
    assert.throws(() => threads({ CELLGRAD_THREADS: 'all' }), code('device', /CELLGRAD_THREADS is all/));
  });
  it('is an NVIDIA GPU where a driver and a card fit', () => {
    const fitting: Nvidia[] = [
      { cuda: 12050, cards: [h100] },
      { cuda: 12000, cards: [{ ...h100, capability: 80 }] },
      { cuda: 13000, cards: [{ ...h100, capability: 120, memory: 8e9 }] },
    ];
    for (const nvidia of fitting) {
      for (const asked of [undefined, '', 'auto'])
        assert.deepEqual(choose(asked, nvidia), { device: 'cuda', free: true });
      for (const asked of ['cuda', 'gpu'])
        assert.deepEqual(choose(asked, nvidia), { device: 'cuda', free: false });
    }
  });
  it('is the CPU where they do not, with a word where there is a driver; asking for the GPU is an error', () => {
    assert.deepEqual(choose('auto'), { device: 'cpu', free: true, note: undefined });
    assert.throws(
      () => choose('cuda'),
      code('device', /no NVIDIA driver was found \(libcuda\.so\.1\)\. Set CELLGRAD_DEVICE=cpu/),
    );
    const cases: [Nvidia, RegExp][] = [
      [
        { version: '535.104.05', cuda: 12020, cards: [h100] },
        /driver 535\.104\.05 \(CUDA 12\.2\) is too old for NVIDIA H100: TensorFlow needs driver 555\.42 or newer \(CUDA 12\.5\)/,
      ],
      [{ cuda: 11080, cards: [] }, /driver \(CUDA 11\.8\) is too old: TensorFlow needs driver 525\.60/],
      [{ cuda: 12050, cards: [], error: 'cuInit answers 100' }, /does not start \(cuInit answers 100\)/],
      [{ cuda: 12050, cards: [] }, /shows no card/],
      [
        { cuda: 12050, cards: [{ ...h100, capability: 70 }] },
        /too old \(compute capability 7\.0; TensorFlow needs 7\.5\)/,
      ],
      [
        { cuda: 12050, cards: [{ ...h100, memory: 1.5e9 }] },
        /has 1\.5 GB of memory; TensorFlow needs 2\.0 GB/,
      ],
    ];
    for (const [nvidia, words] of cases) {
      const { device, note } = choose('auto', nvidia);
      assert.equal(device, 'cpu');
      assert.match(note!, words);
      assert.throws(() => choose('gpu', nvidia), code('device', words));
    }
  });
  it('is the CPU on machines without a CUDA build, whatever their driver says', () => {
    const fitting = { cuda: 13000, cards: [h100] };
    for (const other of [
      { os: 'linux', arch: 'arm64', libc: 'glibc' },
      { os: 'linux', arch: 'x64', libc: 'musl' },
      { os: 'darwin', arch: 'arm64', libc: 'none' },
    ] as Platform[]) {
      assert.deepEqual(choose('auto', fitting, other), { device: 'cpu', free: true });
      assert.throws(
        () => choose('cuda', fitting, other),
        code('device', /on Linux x64 with glibc, and this is/),
      );
    }
  });
  it('has a wheel on Linux with glibc and on Apple silicon; elsewhere a word', () => {
    const of = (os: string, arch: string, libc: 'glibc' | 'musl' | 'none' = 'none') =>
      wheelFor({ os, arch, libc });
    assert.match(of('linux', 'x64', 'glibc').filename, /^tensorflow_cpu-2\.21\.0-.*_x86_64\.whl$/);
    assert.match(of('linux', 'arm64', 'glibc').filename, /^tensorflow-2\.21\.0-.*_aarch64\.whl$/);
    assert.match(of('darwin', 'arm64').filename, /_arm64\.whl$/);
    assert.ok(Object.values(of('darwin', 'arm64').members).every((m) => m.endsWith('.2.dylib')));
    for (const [os, arch] of [
      ['darwin', 'x64'],
      ['win32', 'x64'],
    ])
      assert.throws(
        () => of(os, arch),
        code('platform', new RegExp(`no TensorFlow library for ${os} on ${arch}.*CELLGRAD_DEVICE=js`)),
      );
    assert.throws(() => of('linux', 'x64', 'musl'), code('platform', /with musl/));
  });
  it('keeps its files in CELLGRAD_CACHE, or in the user’s cache folder', () => {
    assert.equal(cacheRoot({ CELLGRAD_CACHE: 'here' }), resolve('here'));
    if (process.platform === 'linux')
      assert.equal(cacheRoot({ XDG_CACHE_HOME: '/x' }), join('/x', 'cellgrad'));
    assert.throws(
      () => libraryPlace('/nowhere'),
      code('library', /CELLGRAD_TENSORFLOW names \/nowhere, but libtensorflow/),
    );
  });
});

describe('the devices agree', function () {
  this.timeout(180_000);
  /** What a script of test/support prints on TensorFlow and in plain JavaScript. */
  const both = <T>(name: string): { cpu: T; js: T } => {
    const script = fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));
    const on = (device: string): T => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
        env: { ...process.env, CELLGRAD_DEVICE: device },
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout) as T;
    };
    return { cpu: on('cpu'), js: on('js') };
  };

  it('on values and gradients within 1e-4', () => {
    const { cpu, js } = both<Record<string, number[][]>>('ops-values');
    for (const [name, parts] of Object.entries(cpu))
      parts.forEach((values, i) => {
        assert.equal(js[name][i].length, values.length, name);
        const off = Math.max(...values.map((v, k) => Math.abs(v - js[name][i][k])));
        assert.ok(off < 1e-4, `${name}, ${i ? `gradient ${i}` : 'value'}: ${off}`);
      });
  });

  it('on the loss of an epoch and the scores after it within 1e-3', () => {
    const { cpu, js } = both<{ device: string; loss: number; scores: number[][] }>('training-values');
    assert.deepEqual([cpu.device, js.device], ['cpu', 'js']);
    assert.ok(Math.abs(cpu.loss - js.loss) < 1e-3, `losses ${cpu.loss}, ${js.loss}`);
    assert.equal(cpu.scores.length, 3);
    cpu.scores.flat().forEach((score, i) => {
      const other = js.scores.flat()[i];
      assert.ok(Math.abs(score - other) < 1e-3, `score ${i}: ${score}, ${other}`);
    });
  });
});

describe('mistakes with tensors are errors, and the process goes on', () => {
  it('shapes, disposed tensors, unknown ops', () => {
    tf.tidy(() => {
      assert.throws(
        () => tf.matMul(tf.ones([2, 3]), tf.ones([4, 5])),
        code('op', /float\[2,3\], float\[4,5\]/),
      );
      assert.throws(() => binding!.executeOp('Nonsense', [], [], 1), code('op', /Nonsense/));
      assert.throws(
        () => binding!.executeOp('Relu', [], [1e9], 1),
        code('disposed', /Relu: an input tensor has been disposed/),
      );
      const gone = tf.ones([2]);
      gone.dispose();
      assert.throws(() => tf.add(gone, 1), code('disposed', /used after it had been disposed/));
      assert.ok(Number.isNaN(tf.log(tf.scalar(-1)).dataSync()[0]));
      assert.equal(tf.add(1, 2).dataSync()[0], 3);
    });
  });
  it('more memory than there is', () => {
    assert.throws(
      () => tf.fill([1e6, 1e6], 1),
      code('memory', /Out of memory in Fill.*1000000,1000000.*smaller batches/),
    );
  });
  it('a batch that there is no memory for: fit says which one fits, and the process goes on', () => {
    const script = fileURLToPath(new URL('../support/memory-values.js', import.meta.url));
    const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
      env: { ...process.env, CELLGRAD_DEVICE: 'cpu', TF_CPU_BFC_MEM_LIMIT_IN_MB: '400' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const { code: kind, message, same, fits } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(kind, 'memory');
    assert.match(message as string, /not enough memory for a batch of 64 films of 96 × 96/);
    assert.ok(same, 'the model has changed');
    assert.ok(Number(fits) > 1, message as string); // with which it has trained an epoch
  });
  it('a process ends as it was told to: at its end, by process.exit, by an uncaught error', () => {
    const url = JSON.stringify(new URL('../../src/compute/index.js', import.meta.url).href);
    const start = `const { tf } = await import(${url}); const y = tf.conv2d(tf.ones([4, 64, 64, 8]), tf.ones([3, 3, 8, 8]), 1, 'same');`;
    for (const [end, status] of [
      ['', 0],
      ['process.exit(3)', 3],
      ["throw new Error('mine')", 1],
    ] as const) {
      const r = spawnSync(process.execPath, ['--input-type=module', '-e', start + end], { encoding: 'utf8' });
      assert.deepEqual([r.status, r.signal], [status, null], r.stderr);
    }
  });
});
