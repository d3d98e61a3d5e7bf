import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import { ComputeError, binding, tf } from '../../src/compute/index.js';

interface SavedModel {
  predict(inputs: tfjs.Tensor | Record<string, tfjs.Tensor>): Record<string, tfjs.Tensor>;
  dispose(): void;
}
interface SummaryWriter {
  scalar(name: string, value: number | tfjs.Tensor, step: number): void;
  histogram(name: string, data: tfjs.Tensor, step: number, buckets?: number): void;
  flush(): void;
}
const { node } = tf as unknown as {
  node: {
    loadSavedModel(path: string, tags?: string[], signature?: string): Promise<SavedModel>;
    getNumOfSavedModels(): number;
    summaryFileWriter(folder: string): SummaryWriter;
  };
};
const b = binding!;
const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));
const savedModel = 'test/compute/saved-model'; // made by the script in it

/** Asks binding-alone.ts. */
async function alone(question: string, argument = ''): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    script('binding-alone'),
    question,
    argument,
  ]);
  return JSON.parse(stdout) as Record<string, unknown>;
}
const fails = (work: () => unknown, code: string, message: RegExp): void =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof ComputeError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });

let folder: string;
let tensors: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellgrad-binding-'));
  tensors = b.getNumOfTensors();
});
afterEach(() => rm(folder, { recursive: true }));

describe('a tensor of the binding', () => {
  it('has values of every type that tfjs knows, and comes back as it was', () => {
    const cases: [type: number, values: ArrayLike<unknown>, back?: ArrayLike<unknown>][] = [
      [b.TF_FLOAT, Float32Array.of(1.5, -2, NaN, Infinity)],
      [b.TF_INT32, Int32Array.of(1, -2, 2 ** 31 - 1, 0)],
      [b.TF_UINT8, Uint8Array.of(0, 1, 128, 255)],
      [b.TF_BOOL, Uint8Array.of(0, 1, 1, 0)],
      [b.TF_INT64, BigInt64Array.of(1n, -2n, 3n, 4n), Int32Array.of(1, -2, 3, 4)],
      // tfjs-node gives int64 as pairs of halves
      [b.TF_INT64, Int32Array.of(7, 0, -3, -1, 0, 0, 1, 0), Int32Array.of(7, -3, 0, 1)],
      [b.TF_STRING, ['', 'a', 'éß', '\0x'].map((s) => new TextEncoder().encode(s))],
    ];
    for (const [type, values, back = values] of cases) {
      const id = b.createTensor([2, 2], type, values);
      assert.deepEqual(
        [...(b.tensorDataSync(id) as ArrayLike<unknown> as unknown[])].map(String),
        [...(back as unknown[])].map(String),
      );
      b.deleteTensor(id);
    }
    const id = b.createTensor([1, 2], b.TF_COMPLEX64, Float32Array.of(1, 2, 3, 4));
    assert.deepEqual([...(b.tensorDataSync(id) as Float32Array)], [1, 2, 3, 4]);
    b.deleteTensor(id);
    assert.equal(b.getNumOfTensors(), tensors);
  });

  it('that was disposed of is named in the error', () => {
    const id = b.createTensor([1], b.TF_FLOAT, [1]);
    b.deleteTensor(id);
    fails(() => b.deleteTensor(id), 'disposed', /disposed already/);
    fails(() => b.tensorDataSync(id), 'disposed', /reading a tensor: an input tensor has been disposed/);
    const attrs = [{ name: 'T', type: b.TF_ATTR_TYPE, value: b.TF_FLOAT }];
    fails(() => b.executeOp('Relu', attrs, [id], 1), 'disposed', /^Relu: an input/);
  });

  it('needs a shape that its values fill', () => {
    for (const shape of [[-1], [-2, -2], [1.5], [2 ** 60], new Array(300).fill(1), null])
      fails(
        () => b.createTensor(shape as number[], b.TF_FLOAT, [1, 2, 3, 4]),
        'op',
        /is not the shape of a tensor/,
      );
    fails(() => b.createTensor([2, 3], b.TF_FLOAT, [1]), 'op', /\[2, 3\] needs 6 values, got 1/);
    fails(() => b.createTensor([1], b.TF_STRING, [3]), 'op', /strings can't hold 3/);
  });

  it('is given back when JavaScript has lost it', async () => {
    const { made, back, kept } = await alone('lost tensors');
    assert.ok((made as number) >= 200);
    assert.equal(back, true);
    assert.deepEqual(kept, [2, 2, 2]);
  });
});

describe('an op', () => {
  it('that gets other shapes or types than it takes names itself and them', () => {
    const x = b.createTensor([2, 3], b.TF_FLOAT, new Float32Array(6));
    const words = b.createTensor([1], b.TF_STRING, ['a']);
    const type = { name: 'T', type: b.TF_ATTR_TYPE, value: b.TF_FLOAT };
    const sizes = /^MatMul \(inputs float\[2,3\], float\[2,3\]\): Matrix size-incompatible/;
    fails(() => b.executeOp('MatMul', [type], [x, x], 1), 'op', sizes);
    fails(
      () => b.executeOp('AddV2', [type], [x, words], 1),
      'op',
      /^AddV2 \(inputs float\[2,3\], string\[1\]\)/,
    );
    [x, words].forEach((id) => b.deleteTensor(id));
  });

  it('that is called in another way than its definition says is an error, not the end of the process', () => {
    const x = b.createTensor([1, 4, 4, 1], b.TF_FLOAT, new Float32Array(16));
    const type = { name: 'T', type: b.TF_ATTR_TYPE, value: b.TF_FLOAT };
    fails(
      () => b.executeOp('Conv2D', [type], [x, x], 1),
      'op',
      /^Conv2D: attribute strides, padding is missing/,
    );
    const padding = { name: 'padding', type: b.TF_ATTR_INT, value: 3 };
    fails(
      () => b.executeOp('Conv2D', [type, padding], [x, x], 1),
      'op',
      /padding must be of type string, int was given/,
    );
    fails(() => b.executeOp('AddV2', [type], [x, x, x], 1), 'op', /^AddV2: 3 inputs were given, it takes 2/);
    fails(() => b.executeOp('NoSuchOp', [], [], 1), 'op', /^NoSuchOp/);
    fails(() => b.executeOp('Relu', [type], [x], -1), 'op', /it can't have -1 results/);
    b.deleteTensor(x);
    assert.equal(b.getNumOfTensors(), tensors);
  });

  for (const seed of [1, 2, 3])
    it(`is never the end of the process: 1,200 bad calls, seed ${seed}`, async () => {
      const { stdout } = await run(process.execPath, [script('fuzz-binding'), String(seed)]);
      const { errors, left, others } = JSON.parse(stdout) as {
        errors: number;
        left: number;
        others: string[];
      };
      assert.deepEqual(others, []);
      assert.equal(left, 0);
      assert.ok(errors > 1000);
    });
});

describe('a SavedModel', () => {
  it('is loaded by signature, run and disposed of', async () => {
    const model = await node.loadSavedModel(savedModel);
    const x = tf.tensor2d([
      [1, 1, 1],
      [-1, 0, 0],
    ]);
    const { y, sum } = model.predict({ x });
    assert.deepEqual(y.arraySync(), [
      [9.5, 3.5],
      [0, 0],
    ]);
    assert.equal(sum.arraySync(), 13);
    const mixed = await node.loadSavedModel(savedModel, ['serve'], 'mixed');
    const n = tf.tensor1d([1, -2, 3], 'int32');
    const word = tf.scalar('oui');
    const { twice, text } = mixed.predict({ n, word });
    assert.deepEqual(tf.add(twice, 1).arraySync(), [3, -3, 7]);
    assert.equal(text.arraySync(), 'oui!');
    assert.equal(node.getNumOfSavedModels(), 1, 'both signatures share one session');
    model.dispose();
    assert.equal(mixed.predict({ n, word }).text.arraySync(), 'oui!');
    mixed.dispose();
    assert.equal(node.getNumOfSavedModels(), 0);
    assert.throws(() => mixed.predict({ n, word }), /already been deleted/);
  });

  it('that is not there, or is asked for what it does not have, is an error', async () => {
    await assert.rejects(node.loadSavedModel(folder), /no saved_model.pb/);
    fails(() => b.loadSavedModel(folder, 'serve'), 'op', /loading the SavedModel in /);
    fails(() => b.loadSavedModel(savedModel, 'train'), 'op', /loading the SavedModel/);
    const id = b.loadSavedModel(savedModel, 'serve');
    const x = b.createTensor([1, 2], b.TF_FLOAT, [1, 2]);
    const input = 'serving_default_x:0';
    const output = 'StatefulPartitionedCall_1:0';
    fails(() => b.runSavedModel(id, [x], 'nothing:0', output), 'op', /There is no nothing in the SavedModel/);
    fails(() => b.runSavedModel(id, [x], `${input.slice(0, -1)}9`, output), 'op', /has no output 9/);
    fails(
      () => b.runSavedModel(id, [], input, output),
      'op',
      /was given 0 tensors for the inputs serving_default_x:0/,
    );
    fails(() => b.runSavedModel(id, [x], input, output), 'op', /running the SavedModel/);
    b.deleteTensor(x);
    b.deleteSavedModel(id);
    fails(() => b.deleteSavedModel(id), 'disposed', /no SavedModel/);
    assert.equal(b.getNumOfTensors(), tensors);
  });

  it('is closed when JavaScript has lost it', async () => {
    assert.deepEqual(await alone('lost model', savedModel), { made: 1, back: true });
  });
});

/** The records of a TFRecord file: length (8 bytes), its checksum (4), data, their checksum (4). */
function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    found.push(file.subarray(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return found;
}

describe('a summary writer', () => {
  it('writes scalars and histograms that TensorBoard reads, and keeps no tensor of them', async () => {
    const writer = node.summaryFileWriter(folder);
    const before = b.getNumOfTensors();
    const data = tf.tensor1d([1, 2, 2, 8]);
    for (let step = 0; step < 5; step++) {
      writer.scalar('loss', 1 / (step + 1), step);
      writer.histogram('weights', data, step, 3);
    }
    data.dispose();
    assert.equal(b.getNumOfTensors(), before);
    writer.flush();
    const [name] = await readdir(folder);
    assert.match(name, /tfevents.*\.v2$/);
    const events = records(await readFile(join(folder, name)));
    assert.match(events[0].toString('latin1'), /brain\.Event:2/);
    assert.equal(events.length, 11);
    const of = (tag: string): Buffer[] => events.filter((event) => event.includes(tag));
    assert.equal(of('weights').length, 5);
    const third = of('loss')[2];
    // Event: field 2, step, a varint
    assert.ok(third.includes(Buffer.of(0x10, 2)));
    const value = Buffer.alloc(4);
    value.writeFloatLE(1 / 3);
    assert.ok(third.includes(value));
  });

  it('keeps nothing of a summary that failed', () => {
    const writer = node.summaryFileWriter(join(folder, 'other'));
    const before = b.getNumOfTensors();
    const word = tf.scalar('not a number');
    assert.throws(() => writer.scalar('loss', word, 1), ComputeError);
    word.dispose();
    assert.equal(b.getNumOfTensors(), before);
  });
});

describe('TensorFlow', () => {
  it('computes in worker threads too', async () => {
    assert.deepEqual(await alone('worker'), { answers: [64, 65, 64, 65, 64, 65], after: 2 });
  });

  it('is not loaded beside another one', async function () {
    if (process.platform !== 'linux') this.skip(); // a library to pose as the other one
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
    const other = join(folder, 'libtensorflow_framework.so.2');
    await copyFile(
      sharedObjects.find((file) => file.includes('libm.so'))!,
      other,
    );
    const answer = await alone('other library', other);
    assert.equal(answer.code, 'library');
    assert.match(
      String(answer.message),
      /Another TensorFlow is loaded in this process already: .*libtensorflow_framework/,
    );
    const addOn = await alone('add-on', join(folder, 'tfjs_binding.node'));
    assert.equal(addOn.code, 'library');
    assert.match(String(addOn.message), /brings a TensorFlow of its own/);
  });
});
