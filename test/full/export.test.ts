// Files of exportTo where they are meant for: ONNX's own checker, PyTorch, and a browser.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { exportTo } from '../../src/models/index.js';
import { byRule } from '../support/parity.js';
import { channelsLast, distance, ours, small, torchInput } from '../support/exported.js';
import { fileServer } from '../support/file-server.js';

const venv = process.env.CELLGRAD_VENV;
/** A Python with torch, torchvision and safetensors. */
const torch = process.env.CELLGRAD_TORCH;
const CHROMIUM = process.env.CELLGRAD_CHROMIUM ?? '/usr/bin/chromium';

function python<T>(program: string, script: string, args: string[]): T {
  const file = resolve('test/support', script);
  const { status, stdout, stderr } = spawnSync(program, [file, ...args], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as T;
}
const bytes = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('exported models elsewhere', function () {
  this.timeout(600_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-export-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('ONNX’s checker accepts them; weights have PyTorch’s names and shapes, and no axes are turned in vain', async function () {
    if (!venv) {
      console.log('      skipped: no Python with onnx (CELLGRAD_VENV); npm run test:full installs it');
      return this.skip();
    }
    const names = ['resnet18', 'densenet121', 'mobilenet_v3_small', 'convnext_tiny', 'swin_t', 'r3d_18'];
    const shapes = new Map<string, Map<string, number[]>>();
    const paths: string[] = [];
    for (const name of names) {
      const model = await small(name);
      shapes.set(name, new Map([...model.parameters()].map(([key, { shape }]) => [key, shape])));
      paths.push(join(folder, `${name}.onnx`));
      await exportTo(model, paths.at(-1)!, { display: 'quiet' });
      model.dispose();
    }
    const found = python<
      Record<
        string,
        { opset: number; weights: Record<string, number[]>; ops: string[]; metadata: Record<string, string> }
      >
    >(join(venv, 'bin', 'python'), 'check_onnx.py', paths);
    names.forEach((name, i) => {
      const { opset, weights, ops, metadata } = found[paths[i]];
      assert.equal(opset, 17);
      assert.equal(metadata.model, name);
      assert.equal((JSON.parse(metadata.classes) as string[]).length, 1000);
      const folded = /relative_position_bias_table$/;
      for (const [key, shape] of shapes.get(name)!) {
        if (folded.test(key)) continue;
        const turned = weights[`${key}.T`];
        const flat = (s: number[]): number[] => s.filter((n) => n !== 1);
        assert.deepEqual(flat(turned ? turned.reverse() : weights[key]), flat(shape), `${name} ${key}`);
      }
      const turns = ops.filter((op) => op === 'Transpose').length;
      // torchvision's ConvNeXt permutes there and back in each of its 18 blocks, and twice at each of 4 norms between stages
      const most: Record<string, number> = { convnext_tiny: 44, swin_t: Infinity };
      assert.ok(turns <= (most[name] ?? 0), `${name}: ${turns} transposes`);
    });
  });

  it('PyTorch loads the weights, strictly, and computes the same', async function () {
    if (!torch) {
      console.log('      skipped: CELLGRAD_TORCH names no Python with torch, torchvision and safetensors');
      return this.skip();
    }
    const args: string[] = [];
    const expected = new Map<string, Float32Array>();
    for (const name of ['resnet18', 'densenet121', 'vit_b_32']) {
      const model = await small(name, name === 'vit_b_32' ? 224 : 64);
      const input = torchInput(model, 2);
      const [path, x] = [join(folder, `${name}.safetensors`), join(folder, `${name}.input`)];
      await exportTo(model, path, { display: 'quiet' });
      writeFileSync(x, bytes(byRule('input', input)));
      args.push([name, path, JSON.stringify(input), x].join('='));
      expected.set(name, ours(model, input));
      model.dispose();
    }
    const found = python<Record<string, number[]>>(torch, 'load_safetensors.py', args);
    for (const [name, truth] of expected) assert.ok(distance(found[name], truth) < 1e-4, name);
  });

  it('a browser loads a graph model with plain TensorFlow.js and computes the same', async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      skipped: no Chromium at ${CHROMIUM} (set CELLGRAD_CHROMIUM)`);
      return this.skip();
    }
    const model = await small('mobilenet_v2');
    await exportTo(model, join(folder, 'web', 'model.json'), { display: 'quiet' });
    const input = torchInput(model, 2);
    const x = channelsLast(input);
    writeFileSync(join(folder, 'web', 'input'), bytes(x.dataSync() as Float32Array));
    const files = readdirSync(join(folder, 'web')).map((name) => [name, join(folder, 'web', name)]);
    files.push(['tf.js', resolve('node_modules/@tensorflow/tfjs/dist/tf.min.js')]);
    const served = Object.fromEntries(files.map(([name, file]) => [name, { content: readFileSync(file) }]));
    const page = '<!doctype html><meta charset="utf-8"><script src="tf.js"></script>';
    const server = await fileServer({ ...served, 'index.html': { content: Buffer.from(page) } });
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    });
    try {
      const tab = await browser.newPage();
      await tab.goto(`${server.url}/index.html`);
      const found = await tab.evaluate(`(async () => {
        const model = await tf.loadGraphModel('model.json');
        const values = new Float32Array(await (await fetch('input')).arrayBuffer());
        return [...await model.predict(tf.tensor(values, ${JSON.stringify(x.shape)})).data()];
      })()`);
      assert.ok(distance(found as number[], ours(model, input)) < 1e-4);
    } finally {
      await browser.close();
      await server.close();
      x.dispose();
      model.dispose();
    }
  });
});
