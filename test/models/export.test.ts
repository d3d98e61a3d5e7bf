import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tf } from '../../src/compute/index.js';
import { create, exportTo, load, ModelError } from '../../src/models/index.js';
import { checkRange, narrowed } from '../../src/models/weights/narrow.js';
import { distance, exportReport, ours, runOnnx, runTfjs, small, torchInput } from '../support/exported.js';

const inputShape = (session: { inputMetadata: readonly unknown[] }): unknown =>
  (session.inputMetadata[0] as { shape: unknown }).shape;

describe('models for other programs', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-export-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  describe('ONNX', () => {
    for (const name of ['resnet18', 'densenet121', 'efficientnet_b0', 'vit_b_32', 'convnext_tiny'])
      it(`${name} in onnxruntime equals ours`, async () => {
        const before = tf.memory().numTensors;
        const report = await exportReport(name, 'onnx');
        assert.ok(report.pass, JSON.stringify(report));
        assert.equal(tf.memory().numTensors, before);
      }).timeout(300_000);

    it('takes batches of any size, or of one', async () => {
      const model = await small('mobilenet_v3_small');
      await exportTo(model, at('any.onnx'));
      for (const batch of [1, 3]) {
        const { output, dims, session } = await runOnnx(at('any.onnx'), torchInput(model, batch));
        assert.deepEqual(dims, [batch, 1000]);
        assert.ok(distance(output, ours(model, torchInput(model, batch))) < 1e-4);
        assert.deepEqual(inputShape(session), ['batch', 3, 64, 64]);
      }
      await exportTo(model, at('two.onnx'), { batch: 2 });
      const { session } = await runOnnx(at('two.onnx'), torchInput(model, 2));
      assert.deepEqual(inputShape(session), [2, 3, 64, 64]);
      await assert.rejects(runOnnx(at('two.onnx'), torchInput(model, 3)), /invalid dimensions/);
      model.dispose();
    });

    it('gives probabilities when asked, of the classes that it names', async () => {
      const classes = ['normal', 'Verdichtung', '胸水'];
      const model = await create('squeezenet1_1', { classes, inputShape: [64, 64] });
      await exportTo(model, at('chances.onnx'), { softmax: true, facts: { patients: 7 } });
      const { output, session } = await runOnnx(at('chances.onnx'), torchInput(model, 2));
      assert.deepEqual(session.outputNames, ['probabilities']);
      assert.ok(Math.abs(output.slice(0, 3).reduce((a, b) => a + b, 0) - 1) < 1e-6);
      const text = readFileSync(at('chances.onnx'), 'utf8');
      for (const fact of [JSON.stringify(classes), '"mean":[0.485,0.456,0.406]', '{"patients":7}'])
        assert.ok(text.includes(fact), fact);
      model.dispose();
    });
  });

  describe('TensorFlow.js', () => {
    for (const name of [
      'resnet18',
      'mobilenet_v2',
      'efficientnet_b0',
      'shufflenet_v2_x0_5',
      'resnext50_32x4d',
      'ghostnet_100',
      'r3d_18',
    ])
      it(`${name} in plain TensorFlow.js equals ours`, async () => {
        const before = tf.memory().numTensors;
        const report = await exportReport(name, 'tfjs');
        assert.ok(report.pass, JSON.stringify(report));
        assert.equal(tf.memory().numTensors, before);
      }).timeout(300_000);

    it('takes batches of any size, or of one, with weights of 32 or of 16 bits', async () => {
      const model = await small('squeezenet1_1');
      const path = join(folder, 'web', 'net.json');
      const whole = await exportTo(model, path, { softmax: true });
      const shards = (): string[] => readdirSync(dirname(path)).filter((file) => file !== 'net.json');
      assert.equal(shards().length, 2); // 4.9 MB
      for (const batch of [1, 3]) {
        const { output, facts } = await runTfjs(path, torchInput(model, batch));
        assert.deepEqual(facts, {
          input: [-1, 64, 64, 3],
          output: [batch, 1000],
          outputs: ['probabilities'],
        });
        assert.ok(Math.abs(output.slice(0, 1000).reduce((a, b) => a + b, 0) - 1) < 1e-5);
      }
      // the same place again: what belonged to the model before goes
      const half = await exportTo(model, path, { batch: 2, precision: 'float16' });
      assert.ok(half.bytes < 0.51 * whole.bytes);
      assert.equal(shards().length, 1);
      const { output, facts } = await runTfjs(path, torchInput(model, 2));
      assert.deepEqual(facts.input, [2, 64, 64, 3]);
      const error = distance(output, ours(model, torchInput(model, 2)));
      assert.ok(error > 1e-6 && error < 2e-3, String(error));
      const { userDefinedMetadata } = JSON.parse(readFileSync(path, 'utf8')) as {
        userDefinedMetadata: { classes: string[]; preprocessing: object };
      };
      assert.equal(userDefinedMetadata.classes.length, 1000);
      assert.deepEqual(userDefinedMetadata.preprocessing, model.preprocessing);
      model.dispose();
    }).timeout(120_000);
  });

  describe('safetensors', () => {
    it('are what load reads', async () => {
      const model = await small('squeezenet1_1');
      const { bytes } = await exportTo(model, at('net.safetensors'), { facts: { epochs: 3 } });
      assert.equal(bytes, 4 * model.net.countParams());
      const again = await load(at('net.safetensors'));
      assert.equal(distance(ours(again, torchInput(model, 1)), ours(model, torchInput(model, 1))), 0);
      model.dispose();
      again.dispose();
    });

    it('round to the nearest float16 and bfloat16, halves to even', () => {
      const values = Float32Array.of(
        ...[0, -0, 1, -2.5, 1 / 3, 65504, 6e-8, 2 ** -25, 1e-9, Infinity, 6.1e-5, 1.0004883],
      );
      // numpy's astype(float16).view(uint16), torch's bfloat16().view(int16)
      const halves = [0, 32768, 15360, 49408, 13653, 31743, 1, 0, 0, 31744, 1023, 15360];
      const brains = [0, 32768, 16256, 49184, 16043, 18304, 13185, 13056, 12425, 32640, 14464, 16256];
      assert.deepEqual([...new Uint16Array(narrowed(values, 'float16').buffer)], halves);
      assert.deepEqual([...new Uint16Array(narrowed(values, 'bfloat16').buffer)], brains);
      assert.throws(
        () => checkRange('bn.running_var', Float32Array.of(1, 7e4)),
        /bn.running_var has a value of 70000/,
      );
    });

    it('take half the space in 16 bits', async () => {
      const model = await small('squeezenet1_1');
      for (const precision of ['float16', 'bfloat16'] as const) {
        const { bytes } = await exportTo(model, at('half.safetensors'), { precision });
        assert.equal(bytes, 2 * model.net.countParams());
      }
      model.dispose();
    });
  });

  describe('what can’t be', () => {
    it('is said in a sentence, and leaves no file', async () => {
      const model = await small('squeezenet1_1');
      const refused = (path: string, options: object, message: RegExp): Promise<void> =>
        assert.rejects(exportTo(model, at(path), options), (error: Error) => {
          assert.match(error.message, message);
          return true;
        });
      await refused(
        'net.h5',
        {},
        /end it with \.safetensors \(safetensors\), \.onnx \(onnx\), \.json \(tfjs\)/,
      );
      await refused('net', { format: 'keras' }, /format is "keras"; it can be safetensors, onnx, tfjs/);
      await refused('net.onnx', { precision: 'float16' }, /weights in onnx can be float32/);
      await refused('net.safetensors', { softmax: true }, /holds weights alone/);
      await refused('net.json', { precision: 'bfloat16' }, /weights in tfjs can be float32 or float16/);
      await refused('net.onnx', { batch: 0 }, /batch is 0/);
      writeFileSync(at('file'), '');
      await refused('file/net.onnx', {}, /a part of the path is a file/);
      const signal = AbortSignal.abort(new Error('enough'));
      await refused('net.onnx', { signal }, /enough/);
      model.layer('classifier.1').getClassName = () => 'Mystery';
      await refused('net.onnx', {}, /The layer "classifier.1" of squeezenet1_1 is a Mystery/);
      model.dispose();
      await refused('net.onnx', {}, /has been disposed of/);
      assert.ok(!readdirSync(folder).some((file) => file.startsWith('net') && file !== 'net.safetensors'));
      assert.equal(new ModelError('export', '').code, 'export');
    });
  });
});
