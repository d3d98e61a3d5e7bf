// `npm run test:full`: the tests in test/full, which need Python's Jupyter programs and Chromium. Both are
// installed where that is possible; a test that can't have what it needs says so and is skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Mocha from 'mocha';
import { globSync } from 'tinyglobby';

const JUPYTER = [
  'jupyter_client==8.10.0',
  'jupyter_kernel_test==0.7.0',
  'nbclient==0.11.0',
  'nbconvert==7.17.2',
  'nbformat==5.11.1',
  'ipykernel==7.4.0',
  'jupyterlab==4.6.6',
  'jupyter_console==6.6.3',
  'jupytext==1.19.6',
  'notebook==7.6.5',
  'pexpect==4.9.0',
  'ipywidgets==8.1.9',
  'jupyterlab_widgets==3.0.17',
  'papermill==2.7.0',
  'psutil==7.2.2',
  'pyzmq==27.3.0',
];
// what writes DICOM files to compare with
const DICOM = [
  'imagecodecs==2026.3.6',
  'pydicom==3.0.2',
  'pyjpegls==1.5.1',
  'pylibjpeg==2.1.0',
  'pylibjpeg-libjpeg==2.5.0',
  'pylibjpeg-openjpeg==2.6.0',
];
// what checks models that are exported
const ONNX = ['onnx==1.23.2'];
// what writes files of Keras to load; its numpy backend convolves by jax
const KERAS = ['h5py==3.16.0', 'jax==0.10.2', 'keras==3.15.1'];
const PYTHON = [...JUPYTER, ...DICOM, ...ONNX, ...KERAS];
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
const build = process.env.CELLGRAD_BUILD ?? 'build';
const say = (text) => console.log(`test:full: ${text}`);

function run(command, args, quiet = false) {
  const { status, error } = spawnSync(command, args, {
    stdio: quiet ? 'ignore' : ['ignore', 'inherit', 'inherit'],
  });
  return !error && status === 0;
}

const found = (program) => run('sh', ['-c', `command -v ${program}`], true);

/** Installs Debian packages where this user may. */
function apt(...packages) {
  if (!found('apt-get')) return false;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length && !run('sudo', ['-n', 'true'], true)) return false;
  say(`installing ${packages.join(', ')} with apt-get`);
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  run(apt[0], [...apt.slice(1), 'update'], true);
  return run(apt[0], [...apt.slice(1), 'install', '-y', '--no-install-recommends', ...packages], true);
}

/** A folder with Jupyter's programs, or undefined with a word why. */
function jupyter() {
  const venv = resolve(process.env.CELLGRAD_VENV ?? '.venv');
  const stamp = join(venv, 'cellgrad-requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === PYTHON.join('\n')) return venv;
  say(`installing Jupyter's programs in ${venv}`);
  const create = () => run('python3', ['-m', 'venv', venv], true);
  if (!create() && !(apt('python3', 'python3-venv') && create())) {
    say('there is no Python with venv here, and it could not be installed');
    return undefined;
  }
  if (!run(join(venv, 'bin', 'pip'), ['install', '--quiet', ...PYTHON])) {
    say("Jupyter's programs could not be installed with pip");
    return undefined;
  }
  writeFileSync(stamp, PYTHON.join('\n'));
  return venv;
}

function chromium() {
  const installed = () => CHROMIUM.map((name) => `/usr/bin/${name}`).find(existsSync);
  const program = process.env.CELLGRAD_CHROMIUM ?? installed() ?? (apt('chromium') ? installed() : undefined);
  if (!program) say('there is no Chromium here, and it could not be installed');
  return program;
}

const began = Date.now();
if (!run(process.execPath, ['scripts/build.mjs'])) process.exit(1);

const venv = jupyter();
if (venv) {
  process.env.CELLGRAD_VENV = venv;
  const main = join(build, 'src', 'cli', 'main.js');
  if (!run(process.execPath, [main, 'install', '--prefix', venv])) process.exit(1);
} else process.env.CELLGRAD_VENV = '';
const browser = chromium();
if (browser) process.env.CELLGRAD_CHROMIUM = browser;
// compiles what stands in for a driver
if (!found('cc')) apt('gcc', 'libc6-dev');

const only = process.argv.slice(2); // parts of file names
const files = globSync(`${build}/test/full/**/*.test.js`, { absolute: true })
  .sort()
  .filter((file) => !only.length || only.some((part) => file.includes(part)));
const mocha = new Mocha({ reporter: 'spec', timeout: 600_000, slow: 60_000 });
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();
const runner = mocha.run((failures) => {
  const { passes, pending } = runner.stats;
  say(`${Math.round((Date.now() - began) / 1000)} s`);
  console.log(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}`);
  process.exit(failures || !passes ? 1 : 0);
});
