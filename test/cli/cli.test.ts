// The command line: help, mistakes, and the kernel's registration.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellgrad, inFolder } from './cli.js';

const SPEC = ['kernel.json', 'logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg'];

describe('cellgrad', () => {
  it('says its version, and in --help every command', async () => {
    const version = await cellgrad(['--version']);
    assert.deepEqual([version.code, version.stdout.trim()], [0, ownVersion()]);
    const help = await cellgrad(['--help']);
    assert.equal(help.code, 0);
    for (const command of ['install', 'uninstall', 'lab', 'run', 'clean', 'doctor', 'data'])
      assert.match(help.stdout, RegExp(` ${command} `));
    assert.doesNotMatch(help.stdout, /kernel \[/);
    const run = await cellgrad(['run', '--help']);
    assert.equal(run.code, 0);
    for (const option of ['--output', '--html', '--param', '--timeout', '--allow-errors', '--verbose'])
      assert.ok(run.stdout.includes(option), option);
  });

  const mistakes: [string, string[], RegExp][] = [
    ['no command', [], /Usage: cellgrad/],
    ['a mistyped command', ['instal'], /Unknown command 'instal'\. Did you mean install\?/],
    ['an unknown command', ['frobnicate'], /There are install, uninstall, lab, run, clean, doctor, data\./],
    ['a mistyped option', ['run', 'a.ipynb', '--outptu', 'b'], /'--outptu'\. Did you mean --output\?/],
    ['a missing argument', ['run'], /Missing required argument 'notebook'\./],
    ['a missing value', ['run', 'a.ipynb', '--timeout'], /--timeout <seconds>' argument missing\./],
    ['a timeout that is no number', ['run', 'a.ipynb', '--timeout', 'soon'], /number of seconds above 0\./],
    ['a parameter without a value', ['run', 'a.ipynb', '--param', 'epochs'], /KEY=VALUE, such as epochs=3\./],
    ['two places', ['install', '--user', '--prefix', 'x'], /'--user' cannot be used with option '--prefix/],
    ['a kernel name with a slash', ['install', '--prefix', 'x', '--name', '../x'], /can't name a kernel/],
    ['a kernel without a connection', ['kernel'], /--connection-file <file>' not specified/],
    [
      'a connection file that is none',
      ['kernel', '--connection-file', 'none'],
      /connection file none can't be read/,
    ],
  ];
  for (const [what, args, expected] of mistakes)
    it(`${what}: a sentence, exit code 2`, async () => {
      const { code, stdout, stderr } = await cellgrad(args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /^\s+at /m);
      if (args.length) assert.equal(stderr.trim().split('\n').length, 1);
    });
});

describe('cellgrad install', () => {
  it('registers a kernel that Jupyter can start, again and again, and uninstall removes it', () =>
    inFolder(async (folder) => {
      for (let time = 0; time < 2; time++) {
        const { code, stdout } = await cellgrad(['install', '--prefix', folder, '--name', 'Mine']);
        assert.equal(code, 0);
        assert.match(stdout, /Registered the kernel "Mine" in /);
      }
      const spec = join(folder, 'share', 'jupyter', 'kernels', 'mine');
      assert.deepEqual(readdirSync(spec).sort(), SPEC);
      const { argv, language, interrupt_mode } = JSON.parse(
        readFileSync(join(spec, 'kernel.json'), 'utf8'),
      ) as {
        argv: string[];
        language: string;
        interrupt_mode: string;
      };
      assert.equal(argv[0], process.execPath);
      assert.equal(argv.at(-1), '{connection_file}');
      assert.deepEqual([language, interrupt_mode], ['typescript', 'message']);

      const args = ['uninstall', '--prefix', folder, '--name', 'Mine'];
      assert.equal((await cellgrad(args)).code, 0);
      assert.deepEqual(readdirSync(join(spec, '..')), []);
      const again = await cellgrad(args);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /^No kernel "Mine" is registered in .*kernels\.\n$/);
    }));

  it('goes where the environment says', () =>
    inFolder(async (folder) => {
      const data = await cellgrad(['install'], { env: { JUPYTER_DATA_DIR: join(folder, 'data') } });
      assert.equal(data.code, 0);
      assert.deepEqual(readdirSync(join(folder, 'data', 'kernels')), ['cellgrad']);
      const active = { VIRTUAL_ENV: join(folder, 'venv'), CONDA_PREFIX: '' };
      assert.equal((await cellgrad(['install', '--sys-prefix'], { env: active })).code, 0);
      assert.deepEqual(readdirSync(join(folder, 'venv', 'share', 'jupyter', 'kernels')), ['cellgrad']);
      const none = await cellgrad(['install', '--sys-prefix'], {
        env: { VIRTUAL_ENV: '', CONDA_PREFIX: '' },
      });
      assert.equal(none.code, 2);
      assert.match(none.stderr, /No Python environment is active/);
    }));

  it('says that a folder can’t be written, and leaves nothing there', () =>
    inFolder(async (folder) => {
      // a file in the way stops the superuser too
      writeFileSync(join(folder, 'share'), '');
      const { code, stderr } = await cellgrad(['install', '--prefix', folder]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^The kernel can't be registered: .* can't be written: a part of the path is a file/,
      );
      assert.deepEqual(readdirSync(folder), ['share']);
    }));

  it('leaves the registered kernel alone where the new one can’t be written', () =>
    inFolder(async (folder) => {
      const spec = join(folder, 'share', 'jupyter', 'kernels', 'cellgrad');
      mkdirSync(join(spec, 'kernel.json'), { recursive: true });
      const { code, stderr } = await cellgrad(['install', '--prefix', folder]);
      assert.equal(code, 1);
      assert.match(stderr, /kernel\.json can't be written/);
      assert.deepEqual(readdirSync(spec).sort(), SPEC);
    }));
});

function ownVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
