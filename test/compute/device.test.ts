import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binding, ComputeError, tf } from '../../src/compute/index.js';
import { cacheRoot } from '../../src/compute/cache.js';
import { chooseDevice, threads } from '../../src/compute/device.js';
import { libraryPlace, wheelFor } from '../../src/compute/library.js';

const code = (wanted: string, words: RegExp) => (e: unknown) => {
  assert.ok(e instanceof ComputeError && e.code === wanted && words.test(e.message), String(e));
  return true;
};

describe('the device', () => {
  it('is what CELLGRAD_DEVICE asks for, or a word why not', () => {
    for (const asked of [undefined, '', 'auto', 'cpu'])
      assert.equal(chooseDevice({ CELLGRAD_DEVICE: asked }), 'cpu');
    assert.equal(chooseDevice({ CELLGRAD_DEVICE: 'js' }), 'js');
    assert.throws(
      () => chooseDevice({ CELLGRAD_DEVICE: 'gpu' }),
      code('device', /is gpu; it can be auto, cpu, cuda, webgpu, js/),
    );
    for (const asked of ['cuda', 'webgpu'])
      assert.throws(
        () => chooseDevice({ CELLGRAD_DEVICE: asked }),
        code('device', /Set CELLGRAD_DEVICE=cpu or auto/),
      );
    assert.equal(threads({ CELLGRAD_THREADS: '3' }), 3);
    assert.throws(() => threads({ CELLGRAD_THREADS: 'all' }), code('device', /CELLGRAD_THREADS is all/));
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
