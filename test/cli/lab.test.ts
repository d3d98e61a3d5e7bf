// `cellgrad lab` around the program that it starts; test/full/lab-command.test.ts has the real one.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellgrad, inFolder, start } from './cli.js';

/** A program that tells how it was called, waits for a signal if it is asked to, and ends with 3. */
const PROGRAM = `#!${process.execPath}
const { readdirSync } = require('fs');
const [folder] = process.env.JUPYTER_PATH.split(require('path').delimiter);
const kernels = readdirSync(require('path').join(folder, 'kernels', 'cellgrad')).sort();
console.log(JSON.stringify({ args: process.argv.slice(2), path: process.env.JUPYTER_PATH, kernels }));
if (process.argv.includes('--wait')) {
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { console.log(name); process.exit(0); });
  console.error('waiting');
  setInterval(() => {}, 1000);
} else process.exitCode = 3;
`;

interface Called {
  args: string[];
  path: string;
  kernels: string[];
}

describe('cellgrad lab', function () {
  this.timeout(60_000);
  before(function () {
    if (process.platform === 'win32') this.skip(); // its programs are of another kind
  });

  const put = (folder: string, name: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), PROGRAM);
    chmodSync(join(folder, name), 0o755);
  };
  /** Where there is nothing but what a test puts there. */
  const bare = (folder: string): NodeJS.ProcessEnv => ({
    PATH: join(folder, 'path'),
    VIRTUAL_ENV: '',
    CONDA_PREFIX: '',
    JUPYTER_PATH: '',
  });

  it('finds the program, passes arguments on, and has the kernel there while it runs', () =>
    inFolder(async (folder) => {
      const env = { ...bare(folder), VIRTUAL_ENV: join(folder, 'venv'), JUPYTER_PATH: '/elsewhere' };
      put(join(folder, 'venv', 'bin'), 'jupyter-lab');
      const { code, stdout, stderr } = await cellgrad(['lab', 'notes', '--no-browser', '--port', '8899'], {
        cwd: folder,
        env,
      });
      assert.deepEqual([code, stderr], [3, '']);
      const { args, path, kernels } = JSON.parse(stdout) as Called;
      assert.deepEqual(args.slice(-4), ['notes', '--no-browser', '--port', '8899']);
      assert.ok(args.includes('--MultiKernelManager.default_kernel_name=cellgrad'));
      assert.deepEqual(kernels, ['kernel.json', 'logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg']);
      const [own, other] = path.split(':');
      assert.equal(other, '/elsewhere');
      assert.equal(existsSync(own), false, 'nothing is left');
    }));

  const places: [string, string, string[], (folder: string) => NodeJS.ProcessEnv][] = [
    ['PATH', 'path', [], () => ({})],
    ['CONDA_PREFIX', 'conda/bin', [], (folder) => ({ CONDA_PREFIX: join(folder, 'conda') })],
    ['.venv', '.venv/bin', [], () => ({})],
    ['--notebook', 'path', ['--notebook'], () => ({})],
    ['--console', 'path', ['--console'], () => ({})],
  ];
  for (const [what, place, flags, more] of places)
    it(`finds it by ${what}`, () =>
      inFolder(async (folder) => {
        put(join(folder, place), `jupyter-${flags[0]?.slice(2) ?? 'lab'}`);
        const env = { ...bare(folder), ...more(folder) };
        const { code, stdout } = await cellgrad(['lab', ...flags], { cwd: folder, env });
        assert.equal(code, 3);
        const wanted = flags[0] === '--console' ? '--kernel=cellgrad' : '-y';
        assert.ok((JSON.parse(stdout) as Called).args.includes(wanted));
      }));

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`passes ${signal} on and leaves nothing`, () =>
      inFolder(async (folder) => {
        put(join(folder, 'path'), 'jupyter-lab');
        const running = start(['lab', '--wait'], { cwd: folder, env: bare(folder) });
        await running.says('waiting');
        running.child.kill(signal);
        const { code, stdout } = await running.ended;
        assert.equal(code, 0);
        const [first, second] = stdout.trim().split('\n');
        assert.equal(second, signal);
        assert.equal(existsSync((JSON.parse(first) as Called).path), false);
      }));

  it('says how to get JupyterLab where there is none', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await cellgrad(['lab'], { cwd: folder, env: bare(folder) });
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^JupyterLab is not installed here.*"pip install jupyterlab".*pipx.*uv.*\.\n$/);
    }));
});

describe('the kernelspec', () => {
  it('has logos of the sizes that Jupyter asks for', () =>
    inFolder(async (folder) => {
      assert.equal((await cellgrad(['install', '--prefix', folder])).code, 0);
      const spec = join(folder, 'share', 'jupyter', 'kernels', 'cellgrad');
      for (const size of [32, 64]) {
        const png = readFileSync(join(spec, `logo-${size}x${size}.png`));
        assert.equal(png.subarray(1, 4).toString(), 'PNG');
        assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [size, size]);
      }
      assert.match(readFileSync(join(spec, 'logo-svg.svg'), 'utf8'), /^<svg /);
    }));
});
