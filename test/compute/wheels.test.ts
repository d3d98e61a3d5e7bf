// Which wheels serve which machine, against pages of the package index as they were recorded (cut, without their host).

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nvidiaWheels } from '../../src/compute/cuda.js';
import { ComputeError } from '../../src/compute/errors.js';
import { wheelFor, type Platform } from '../../src/compute/library.js';
import { parseIndexPage, type IndexFile } from '../../src/compute/python-index.js';
import { wheelFolder, type Wheel } from '../../src/compute/wheel.js';

const pages = fileURLToPath(new URL('../../../test/compute/index-pages/', import.meta.url));

/** The files of a project, as its recorded page names them. */
function recorded(project: string): IndexFile[] {
  const base = `http://index.invalid/simple/${project}/`;
  const json = `${pages}${project}.json`;
  return existsSync(json)
    ? parseIndexPage(readFileSync(json, 'utf8'), 'application/vnd.pypi.simple.v1+json', base)
    : parseIndexPage(readFileSync(`${pages}${project}.html`, 'utf8'), 'text/html', base);
}

/** The file on the index, with the checksum and the size that cellgrad expects. */
function resolves(wheel: Wheel): void {
  const files = recorded(wheel.project);
  const file = files.find((f) => f.filename === wheel.filename);
  assert.ok(file, `${wheel.filename} in ${files.map((f) => f.filename).join(', ')}`);
  assert.equal(file.sha256, wheel.sha256);
  if (file.size !== undefined) assert.equal(file.size, wheel.bytes);
  assert.match(file.url, /^http:\/\/index\.invalid\/packages\/.*\.whl$/);
}

describe('the wheels', () => {
  const machines: [Platform, 'cpu' | 'cuda', RegExp][] = [
    [
      { os: 'linux', arch: 'x64', libc: 'glibc' },
      'cpu',
      /^tensorflow_cpu-2\.21\.0-.*manylinux_2_27_x86_64\.whl$/,
    ],
    [
      { os: 'linux', arch: 'x64', libc: 'glibc' },
      'cuda',
      /^tensorflow-2\.21\.0-.*manylinux_2_27_x86_64\.whl$/,
    ],
    [
      { os: 'linux', arch: 'arm64', libc: 'glibc' },
      'cpu',
      /^tensorflow-2\.21\.0-.*manylinux_2_27_aarch64\.whl$/,
    ],
    [{ os: 'darwin', arch: 'arm64', libc: 'none' }, 'cpu', /^tensorflow-2\.21\.0-.*macosx_12_0_arm64\.whl$/],
  ];
  for (const [machine, build, name] of machines)
    it(`${machine.os} ${machine.arch}, ${build}: one that the index has, with this checksum`, () => {
      const wheel = wheelFor(machine, build);
      assert.match(wheel.filename, name);
      resolves(wheel);
    });

  it('elsewhere: none, and a sentence what happens instead', () => {
    for (const [machine, words] of [
      [
        { os: 'win32', arch: 'x64', libc: 'none' },
        /no TensorFlow library for win32 on x64\..*on Windows use WSL\..*CELLGRAD_DEVICE=webgpu.*CELLGRAD_DEVICE=js/,
      ],
      [{ os: 'linux', arch: 'x64', libc: 'musl' }, /linux on x64 with musl\..*glibc/],
      [{ os: 'darwin', arch: 'x64', libc: 'none' }, /darwin on x64/],
    ] as [Platform, RegExp][])
      assert.throws(
        () => wheelFor(machine),
        (e: unknown) => e instanceof ComputeError && e.code === 'platform' && words.test(e.message),
      );
  });

  it('NVIDIA’s: each is on the index, and lies where TensorFlow’s runpath looks ($ORIGIN/../nvidia/NAME/lib)', () => {
    const tensorflow = wheelFolder(wheelFor({ os: 'linux', arch: 'x64', libc: 'glibc' }, 'cuda'));
    const names = [
      'cuda_runtime',
      'cublas',
      'cuda_nvrtc',
      'nvjitlink',
      'cufft',
      'cusparse',
      'cusolver',
      'cudnn',
    ];
    assert.equal(nvidiaWheels.length, names.length);
    nvidiaWheels.forEach((wheel, i) => {
      resolves(wheel);
      assert.equal(wheelFolder(wheel), tensorflow.replace(/tensorflow$/, `nvidia/${names[i]}`));
      for (const [member, file] of Object.entries(wheel.members)) {
        assert.match(file, /^lib\/lib[\w-]+\.so\.[\d.]+$/);
        assert.equal(member, `nvidia/${names[i]}/${file}`);
      }
    });
  });
});
