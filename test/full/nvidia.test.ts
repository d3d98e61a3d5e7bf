// What a process does beside an NVIDIA driver that answers, where no card computes: a library in the driver's place,
// compiled here, names a driver and a card.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { provision, thisPlatform, wheelFor } from '../../src/compute/library.js';
import { wheelFolder } from '../../src/compute/wheel.js';

const driver = `
int cuDriverGetVersion(int *v) { *v = CUDA; return 0; }
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGetName(char *to, int size, int card) {
  const char *name = "Imagined A1";
  for (int i = 0; i < size; i++) if (!(to[i] = name[i])) break;
  return 0;
}
int cuDeviceTotalMem_v2(unsigned long *bytes, int card) { *bytes = 16000000000ul; return 0; }
int cuDeviceGetAttribute(int *value, int which, int card) { *value = which == 75 ? 8 : 6; return 0; }
`;

const url = JSON.stringify(new URL('../../src/compute/index.js', import.meta.url).href);
const program = `const { tf, device } = await import(${url});
console.log(device, tf.add(tf.tensor1d([1, 2]), 1).dataSync().join());`;

describe('beside a driver of NVIDIA’s', function () {
  this.timeout(120_000);
  let folder: string;
  before(async function () {
    const { os, arch, libc } = thisPlatform();
    if (os !== 'linux' || arch !== 'x64' || libc !== 'glibc') return this.skip(); // no CUDA build to fall back from
    if (spawnSync('cc', ['--version']).status !== 0) {
      console.log('      skipped: there is no C compiler (cc), and none could be installed');
      return this.skip();
    }
    await provision();
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-nvidia-'));
    // a cache that has the CPU's library and nothing else
    const own = wheelFolder(wheelFor());
    const { CELLGRAD_CACHE } = process.env;
    process.env.CELLGRAD_CACHE = join(folder, 'cache');
    const there = wheelFolder(wheelFor());
    if (CELLGRAD_CACHE === undefined) delete process.env.CELLGRAD_CACHE;
    else process.env.CELLGRAD_CACHE = CELLGRAD_CACHE;
    mkdirSync(dirname(there), { recursive: true });
    symlinkSync(own, there);
    writeFileSync(join(folder, 'driver.c'), driver);
  });
  after(() => folder && rmSync(folder, { recursive: true }));

  /** Runs the program where the driver knows CUDA up to `cuda`, and no index can be reached. */
  function run(
    cuda: number,
    env: NodeJS.ProcessEnv = {},
  ): { status: number | null; out: string; err: string } {
    const home = join(folder, String(cuda));
    mkdirSync(home, { recursive: true });
    const compiler = ['-shared', '-fPIC', `-DCUDA=${cuda}`, '-o', join(home, 'libcuda.so.1')];
    const made = spawnSync('cc', [...compiler, join(folder, 'driver.c')], { encoding: 'utf8' });
    assert.equal(made.status, 0, `the compiler says: ${made.stderr ?? String(made.error)}`);
    const { CELLGRAD_DEVICE, ...others } = process.env;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: {
        ...others,
        LD_LIBRARY_PATH: home,
        CELLGRAD_CACHE: join(folder, 'cache'),
        PIP_INDEX_URL: 'http://127.0.0.1:1/simple',
        ...env,
      },
    });
    return { status: ran.status, out: ran.stdout.trim(), err: ran.stderr.trim() };
  }

  it('whose libraries can’t be fetched, auto computes on the CPU and says so in one line', () => {
    const { status, out, err } = run(12040);
    assert.deepEqual([status, out], [0, 'cpu 2,3'], err);
    assert.match(err, /^cellgrad: computing on the CPU: .*127\.0\.0\.1:1.*\.$/);
    assert.equal(err.split('\n').length, 1, err);
  });

  it('whose libraries can’t be fetched, cuda is refused in a sentence', () => {
    const { status, out, err } = run(12040, { CELLGRAD_DEVICE: 'cuda' });
    assert.notEqual(status, 0);
    assert.equal(out, '');
    assert.match(err, /127\.0\.0\.1:1\/simple.*(Check the network|PIP_INDEX_URL)/);
  });

  it('that is too old, auto names the card and the driver it needs', () => {
    const { status, out, err } = run(11040);
    assert.deepEqual([status, out], [0, 'cpu 2,3'], err);
    assert.match(
      err,
      /^cellgrad: computing on the CPU: the NVIDIA driver \(CUDA 11\.4\) is too old for Imagined A1: TensorFlow needs driver 525\.60 or newer \(CUDA 12\.0\)\.$/,
    );
  });
});
