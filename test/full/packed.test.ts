// The package as users install it: packed, and installed in an empty project where there is no compiler and no Python.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const packed =
  'package.json scripts src tsconfig.json tsconfig.build.json data-manifests LICENSE NOTICE README.md';
const program = `
  import { createRequire } from 'node:module';
  import { data, device, models, tf } from 'cellgrad';
  const network = await models.create('resnet18', { classes: ['a', 'b'], inputShape: [32, 32], seed: 1 });
  const { DataFrame } = await data.danfo();
  console.log(device, tf.square(3).dataSync()[0], network.net.predict(tf.ones([1, 32, 32, 3])).shape.join());
  console.log(createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') === tf, new DataFrame([[1, 2]]).tensor.shape.join());
  console.log((await import('danfojs-node')).tensorflow === tf);`;
const typed = `
  import { data, models, tf } from 'cellgrad';
  import * as tfjs from 'cellgrad/tfjs';
  const scalar: tfjs.Scalar = tf.scalar(1);
  const image: tfjs.Tensor3D = tfjs.node.decodePng(new Uint8Array());
  const network = await models.create('resnet18', { classes: ['a', 'b'] });
  const names: readonly string[] = network.classes;
  const rows: number = (await data.phantom({ patients: 2 }).frame()).shape[0];
  // @ts-expect-error a tensor is no number
  const number: number = tf.scalar(1);
  // @ts-expect-error no architecture is a number
  await models.create(18, { classes: ['a', 'b'] });
  // @ts-expect-error a shape is no text
  const text: string = (await data.phantom({ patients: 2 }).frame()).shape;
  export { image, names, number, rows, scalar, text };`;
const options = {
  compilerOptions: {
    ...{ strict: true, skipLibCheck: true, noEmit: true, types: [] },
    ...{ target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext' },
  },
  include: ['typed.mts'],
};

describe('the package', function () {
  this.timeout(600_000);
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-packed-'));
  const stage = join(folder, 'stage');
  const programs = join(folder, 'programs'); // all that the PATH leads to
  const tarball = (): string =>
    join(
      stage,
      readdirSync(stage).find((file) => file.endsWith('.tgz'))!,
    );
  const current = realpathSync(
    process.env.npm_execpath ?? execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim(),
  );
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_(registry|cache)$)|NODE_(?!EXTRA_CA_CERTS$)|INIT_CWD)/i.test(name),
    ),
  );
  const run = (args: string[], cwd: string, path = env.PATH): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      ...{ cwd, encoding: 'utf8', maxBuffer: 1e8 },
      env: { ...env, PATH: path },
    });
    assert.equal(status, 0, `${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  };

  before(() => {
    mkdirSync(stage);
    for (const name of packed.split(' ')) cpSync(name, join(stage, name), { recursive: true });
    symlinkSync(realpathSync('node_modules'), join(stage, 'node_modules'));
    run([current, 'run', 'build'], stage);
    run([current, 'pack'], stage);
    mkdirSync(programs);
    symlinkSync(process.execPath, join(programs, 'node'));
    symlinkSync('/bin/sh', join(programs, 'sh'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const installs: [string, () => string, string[]][] = [
    ['npm 10, which runs install scripts', npm10, []],
    ['the current npm, without install scripts', () => current, ['--ignore-scripts']],
  ];
  for (const [name, npm, flags] of installs)
    describe(`installed with ${name}`, () => {
      const project = mkdtempSync(join(folder, 'project-'));
      const node = (...args: string[]): string => run(args, project, programs);
      before(() => {
        writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
        node(npm(), 'install', tarball(), '--no-audit', '--no-fund', ...flags);
      });

      it('brings nothing that fetches or compiles', () => {
        const modules = join(project, 'node_modules');
        for (const name of ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', 'danfojs-node', 'webgpu'])
          assert.ok(!existsSync(join(modules, name)), name);
        console.log(
          `        ${(bytes(modules) / 1e6).toFixed(0)} MB, the tarball ${(statSync(tarball()).size / 1e6).toFixed(1)} MB`,
        );
      });
      it('`npx cellgrad doctor` finds all well', () => {
        const npx = join(npm(), '..', 'npx-cli.js');
        const { ok, modules, device } = JSON.parse(node(npx, 'cellgrad', 'doctor', '--json')) as {
          ok: boolean;
          modules: Record<string, { error?: string }>;
          device: { works: boolean };
        };
        assert.deepEqual(Object.keys(modules), ['koffi', 'sharp']);
        assert.deepEqual([ok, device.works], [true, true]);
      });
      it('computes, as do danfojs and what asks for tfjs-node', () => {
        writeFileSync(join(project, 'program.mjs'), program);
        assert.match(node('program.mjs'), /^(cpu|cuda) 9 1,2\ntrue 1,2\ntrue\n$/);
      });
      it('has types', () => {
        writeFileSync(join(project, 'typed.mts'), typed);
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(options));
        node('node_modules/typescript/bin/tsc', '-p', '.');
      });
    });

  /** The npm of Node 20 and 22. */
  function npm10(): string {
    const tools = join(folder, 'npm-10');
    const cli = join(tools, 'node_modules', 'npm', 'bin', 'npm-cli.js');
    if (!existsSync(cli))
      run([current, 'install', '--prefix', tools, '--no-audit', '--no-fund', 'npm@10'], folder);
    return cli;
  }
});

function bytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
