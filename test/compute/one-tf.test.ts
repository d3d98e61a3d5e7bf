// Whoever imports TensorFlow.js under another name gets cellgrad's: in a project that depends on it, and in a notebook.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestKernel } from '../kernel/client.js';

const run = promisify(execFile);
const built = fileURLToPath(new URL('../../src', import.meta.url));
const savedModel = resolve('test/compute/saved-model');

/** A folder with a project that depends on cellgrad and on nothing else. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'cellgrad-project-'));

  constructor() {
    const own = join(this.folder, 'node_modules', 'cellgrad');
    mkdirSync(join(own, 'build'), { recursive: true });
    cpSync('package.json', join(own, 'package.json'));
    symlinkSync(built, join(own, 'build', 'src'));
  }
  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }
  /** What a program prints; `args` stand before its name. */
  async run(file: string, args: string[] = [], ...given: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [...args, file, ...given], { cwd: this.folder });
    return stdout;
  }
  async program(name: string, ...given: string[]): Promise<string> {
    cpSync(join('test/compute/programs', name), join(this.folder, name));
    return this.run(name, ['--import', 'cellgrad/tf'], ...given);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const names = ['@tensorflow/tfjs', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
/** Prints of each name whether it is the one tf, by import and by require. */
const compare = `
  for (const name of ${JSON.stringify(names)}) {
    const all = await import(name);
    console.log(require(name) === tf, all.default === tf, all.tensor === tf.tensor, all.node === tf.node, typeof all.io.fileSystem);
  }
  const dfd = await import('danfojs-node');
  console.log(dfd.tensorflow === tf, require('danfojs-node').DataFrame === dfd.DataFrame, dfd.DataFrame.name);`;
const alike = 'true true true true function\n'.repeat(3) + 'true true DataFrame\n';

describe('a project that depends on cellgrad', () => {
  let project: Project;
  beforeEach(() => void (project = new Project()));
  afterEach(() => project.remove());

  it('has one tf under all names, none of them installed', async () => {
    project.write(
      'a.mjs',
      `import { tf } from 'cellgrad';
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);${compare}`,
    );
    assert.equal(await project.run('a.mjs'), alike);
  });

  it('has it by static imports and from CommonJS, started with --import cellgrad/tf', async () => {
    const print = 'console.log(tf.getBackend(), tf.square(3).dataSync()[0], typeof tf.node.decodeImage);';
    project.write('a.cjs', `const tf = require('@tensorflow/tfjs-node');${print}`);
    project.write('a.mjs', `import * as tf from '@tensorflow/tfjs-node-gpu';${print}`);
    project.write('b.mjs', `import { DataFrame, tensorflow as tf } from 'danfojs-node';${print}`);
    for (const file of ['a.cjs', 'a.mjs', 'b.mjs'])
      assert.equal(await project.run(file, ['--import', 'cellgrad/tf']), 'tensorflow 9 function\n');
  });

  it('has it where they are installed, after an import of cellgrad', async () => {
    const theirs = `"use strict";
      var __exportStar = (this && this.__exportStar) || function(m, exports) { for (var p in m) exports[p] = m[p]; };
      Object.defineProperty(exports, "__esModule", { value: true });
      exports.io = exports.version = void 0;
      __exportStar(require("@tensorflow/tfjs"), exports);
      __exportStar(require("./node"), exports);
      throw new Error("a native add-on is missing");`;
    for (const name of names.slice(1)) {
      project.write(`node_modules/${name}/package.json`, '{ "main": "dist/index.js" }');
      project.write(`node_modules/${name}/dist/index.js`, theirs);
      project.write(`node_modules/${name}/dist/node.js`, 'exports.node = void 0;');
    }
    symlinkSync(
      resolve('node_modules/@tensorflow/tfjs'),
      join(project.folder, 'node_modules/@tensorflow/tfjs'),
    );
    project.write(
      'a.mjs',
      `import { tf } from 'cellgrad/tf';
      import * as cpu from '@tensorflow/tfjs-node';
      import * as gpu from '@tensorflow/tfjs-node-gpu';
      console.log(cpu.tensor === tf.tensor, gpu.tensor === tf.tensor, cpu.node === tf.node, gpu.version === tf.version);
      console.log(cpu.square(3).dataSync()[0], (await import('@tensorflow/tfjs-node')).square === tf.square);`,
    );
    assert.equal(await project.run('a.mjs'), 'true true true true\n9 true\n');
  });
});

describe('a program for tfjs-node runs unchanged', () => {
  let project: Project;
  before(() => void (project = new Project()));
  after(() => project.remove());

  it('digits: model.fit, model.save and tf.loadLayersModel with file://, CommonJS', async () => {
    const lines = (await project.program('digits.cjs')).trimEnd().split('\n');
    const { backend, accuracy, apart } = JSON.parse(lines.pop()!) as Record<string, number>;
    assert.equal(backend, 'tensorflow');
    assert.ok(accuracy > 0.8, `accuracy ${accuracy}`);
    assert.equal(apart, 0);
    assert.deepEqual(readdirSync(join(project.folder, 'strokes')).sort(), ['model.json', 'weights.bin']);
    assert.equal(
      lines.filter((line) => /^Epoch [1-8] \/ 8$/.test(line)).length,
      8,
      'as tfjs-node prints them',
    );
    assert.match(lines.at(-1)!, /^\d+ms \d+us\/step - acc=\S+ loss=\S+ val_acc=\S+ val_loss=\S+ $/);
  });

  it('prices: tf.data.csv of a file, model.fitDataset', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => {
      const [rooms, age] = [(i % 10) / 10, (i % 7) / 7];
      return [rooms, age, 3 * rooms - 2 * age + 0.5].join();
    });
    project.write('prices.csv', ['rooms,age,price', ...rows].join('\n'));
    const result = JSON.parse(await project.program('prices.mjs')) as {
      columns: string[];
      losses: number;
      error: number;
      weights: number[];
      bias: number[];
    };
    assert.deepEqual(result.columns, ['rooms', 'age']);
    assert.equal(result.losses, 30);
    assert.ok(result.error < 0.01, `mean squared error ${result.error}`);
    [3, -2].forEach((weight, i) =>
      assert.ok(Math.abs(result.weights[i] - weight) < 0.5, `${result.weights}`),
    );
  });

  it('pictures: tf.node’s images, a SavedModel, TensorBoard, tf.io.fileSystem', async () => {
    const { pictures, ...rest } = JSON.parse(await project.program('pictures.mjs', savedModel)) as {
      pictures: { jpeg: number } & Record<string, unknown>;
    } & Record<string, unknown>;
    const { jpeg, ...exact } = pictures;
    assert.deepEqual(exact, { png: 0, image: 0, bmp: [1, 2, 3, 4, 5, 6], gif: [1, 1, 1, 3] });
    assert.ok(jpeg < 10, `a JPEG is ${jpeg} off`);
    assert.deepEqual(rest, { served: [[[9.5, 3.5]], 13], same: true, version: '4.22.0' });
    const logs = (folder: string): string[] => readdirSync(join(project.folder, 'logs', folder));
    for (const folder of ['train', 'val', 'own'])
      assert.ok(logs(folder).length && logs(folder).every((file) => /^events\.out\.tfevents\./.test(file)));
  });
});

describe('a notebook', () => {
  let kernel: TestKernel;
  beforeEach(async () => void (kernel = await TestKernel.start()));
  afterEach(() => kernel.stop());
  const result = async (code: string): Promise<string | undefined> => {
    const { result, error } = await kernel.run(code);
    assert.equal(error, undefined);
    return result;
  };

  it('has one tf under all names', async () => {
    const { stdout, error } = await kernel.run(`import { tf } from 'cellgrad';${compare}`);
    assert.equal(error, undefined);
    assert.equal(stdout, alike);
  });
  it('has it started by the first import', async () => {
    assert.equal(
      await result(
        'import * as tf from "@tensorflow/tfjs-node-gpu"; [tf.getBackend(), typeof tf.node.decodePng]',
      ),
      "[ 'tensorflow', 'function' ]",
    );
    assert.equal(await result('import { square } from "@tensorflow/tfjs"; square(3).dataSync()[0]'), '9');
  });
  it('has it started before a cell requires it', async () =>
    assert.equal(
      await result(
        'const tf = require("@tensorflow/tfjs-node"); [tf.getBackend(), tf.square(3).dataSync()[0]]',
      ),
      "[ 'tensorflow', 9 ]",
    ));
  for (const how of [
    'import { DataFrame } from "danfojs-node"',
    'const { DataFrame } = require("danfojs-node")',
  ])
    it(`has it in danfojs: ${how}`, async () => {
      assert.equal(await result(`${how}; new DataFrame([[1, 2], [3, 4]]).tensor.sum().dataSync()[0]`), '10');
      assert.equal(await result('require("@tensorflow/tfjs").getBackend()'), "'tensorflow'");
    });
});
