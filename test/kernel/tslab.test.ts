// tslab's display API, call by call, and cells of its public example notebooks, unchanged.
// The cells under "examples" are quoted from yunabe/tslab (examples/naive_fib.ipynb) and yunabe/tslab-examples
// (notebooks/getting_started.ipynb, javascript.ipynb, errors.ipynb): © the tslab authors, Apache-2.0.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel, type Execution } from './client.js';

const bundles = ({ displays }: Execution): Json[] => displays.map(({ data }) => data as Json);

describe('tslab', () => {
  let kernel: TestKernel;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-tslab-'));
    kernel = await TestKernel.start({ cwd: folder });
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });
  const run = async (code: string): Promise<Execution> => {
    const ran = await kernel.run(code);
    assert.equal(ran.error, undefined, ran.error?.traceback);
    return ran;
  };

  describe('display', () => {
    before(() => run("import * as tslab from 'tslab'; const bytes = new Uint8Array([1, 2, 255]);"));

    for (const [call, mime] of [
      ['javascript', 'text/javascript'],
      ['html', 'text/html'],
      ['markdown', 'text/markdown'],
      ['latex', 'text/latex'],
      ['svg', 'image/svg+xml'],
      ['text', 'text/plain'],
    ])
      it(`${call} is ${mime}`, async () => {
        const { displays, results, messages } = await run(`tslab.display.${call}('<a> & $b$')`);
        assert.deepEqual(displays[0].data, { [mime]: '<a> & $b$' });
        assert.deepEqual(displays[0].metadata, {});
        assert.equal(
          results.length + messages.filter(({ header }) => header.msg_type === 'stream').length,
          0,
        );
      });

    for (const [call, mime] of [
      ['png', 'image/png'],
      ['jpeg', 'image/jpeg'],
      ['gif', 'image/gif'],
      ['pdf', 'application/pdf'],
    ])
      it(`${call} is ${mime} in base64, of any Uint8Array`, async () => {
        const code = `tslab.display.${call}(bytes); tslab.display.${call}(Buffer.from(bytes)); tslab.display.${call}(bytes.subarray(1))`;
        assert.deepEqual(bundles(await run(code)), [
          { [mime]: 'AQL/' },
          { [mime]: 'AQL/' },
          { [mime]: 'Av8=' },
        ]);
      });

    it('raw is any type, of text or bytes', async () => {
      const code =
        "tslab.display.raw('text/x-y', 'z'); tslab.display.raw('application/x-y', bytes); tslab.display.raw('text/html', bytes.subarray(0, 0))";
      assert.deepEqual(bundles(await run(code)), [
        { 'text/x-y': 'z' },
        { 'application/x-y': 'AQL/' },
        { 'text/html': '' },
      ]);
    });

    it('newDisplay shows once and then replaces what it showed, two of them apart', async () => {
      const { messages } = await run(
        "const [a, b] = [tslab.newDisplay(), tslab.newDisplay()]; a.text('1'); b.text('2'); a.html('<b>3</b>'); tslab.display.text('4'); b.raw('text/plain', '5')",
      );
      const shown = messages.filter(({ header }) => /display_data/.test(header.msg_type));
      const ids = shown.map(({ content }) => (content.transient as Json).display_id);
      assert.deepEqual(
        shown.map(({ header, content }) => [header.msg_type, Object.values(content.data as Json)[0]]),
        [
          ['display_data', '1'],
          ['display_data', '2'],
          ['update_display_data', '<b>3</b>'],
          ['display_data', '4'],
          ['update_display_data', '5'],
        ],
      );
      assert.equal(ids[0], ids[2]);
      assert.equal(ids[1], ids[4]);
      assert.notEqual(ids[0], ids[1]);
    });

    it('is there for import by name, and for require', async () => {
      assert.deepEqual(bundles(await run("import { display as show } from 'tslab'; show.text('named')")), [
        { 'text/plain': 'named' },
      ]);
      assert.deepEqual(bundles(await run("require('tslab').display.text('required')")), [
        { 'text/plain': 'required' },
      ]);
    });
  });

  describe('examples', () => {
    it('functions, blocks, processes', async () => {
      const { stdout } = await run(
        'console.log(`Hello, tslab!`)\nconsole.log(`Node.js: ${process.version}`)',
      );
      assert.equal(stdout, `Hello, tslab!\nNode.js: ${process.version}\n`);
      await run(
        '/** naiveFib calculates Fibonacci number in a naive way */\nfunction naiveFib(n: number): number {\n    if (n > 1) {\n        return naiveFib(n - 1) + naiveFib(n - 2);\n    }\n    return 1;\n}',
      );
      const fib = await run(
        '{\n    // This is 40x slower if you use Python.\n    const n = 40;\n    const start = Date.now()\n    console.log(`naiveFib(${n}) = ${naiveFib(n)} (took ${Date.now() - start}ms)`)\n}',
      );
      assert.match(fib.stdout, /^naiveFib\(40\) = 165580141 \(took \d+ms\)\n$/);
    });

    it('classes and interfaces', async () => {
      const { stdout } = await run(
        "interface Hello {\n    getMessage(): string;\n}\n\nclass HelloImpl implements Hello {\n    private name: string;\n\n    constructor(name: string) {\n        this.name = name;\n    }\n    \n    getMessage(): string {\n        return `Hello, ${this.name}!`;\n    }\n}\n\nfunction printMessage(h: Hello) {\n    console.log(h.getMessage());\n}\n\nprintMessage(new HelloImpl('tslab'));",
      );
      assert.equal(stdout, 'Hello, tslab!\n');
    });

    it('promises, awaited and not', async () => {
      const { result } = await run(
        'let sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));\nconst start = Date.now();\n// Top-level await.\nawait sleep(500);\n`Slept ${Date.now() - start}[ms]`',
      );
      assert.match(result!, /^'Slept \d+\[ms\]'$/);
      assert.equal(
        (await run("// If you don't `await`, tslab shows `Promise` immediately.\nsleep(500);")).result,
        'Promise { <pending> }',
      );
    });

    it('HTML and pictures', async () => {
      mkdirSync(join(folder, 'images'));
      const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
        .jpeg()
        .toBuffer();
      writeFileSync(join(folder, 'images', 'logo.jpg'), jpeg);
      await run('import fs from "fs";\nimport * as tslab from "tslab";');
      const html = 'Hello <span style="color:#007ACC;font-size:x-large"><b>Type</b>Script</span>!';
      assert.deepEqual(bundles(await run(`tslab.display.html('${html}')`)), [{ 'text/html': html }]);
      assert.deepEqual(bundles(await run('tslab.display.jpeg(fs.readFileSync("images/logo.jpg"))')), [
        { 'image/jpeg': jpeg.toString('base64') },
      ]);
    });

    it('JavaScript of its JavaScript mode', async () => {
      const { stdout } = await run(
        "class Hello {\n    constructor(name) {\n        // In TypeScript, this line fails with \"Property 'name' does not exist on type 'Hello'.\".\n        // But this is valid in JavaScript mode.\n        this.name = name;\n    }\n    \n    sayHello() {\n        console.log(`Hello, ${this.name}`);\n    }\n}\n\nconst hello = new Hello('tslab');\nhello.sayHello();",
      );
      assert.equal(stdout, 'Hello, tslab\n');
      const newer = await run(
        "{\n    // 1. Optional Chaining\n    // https://devblogs.microsoft.com/typescript/announcing-typescript-3-7/#optional-chaining\n    let obj = {x: null};\n    console.log('obj?.x?.z ==', obj?.x?.z);\n\n    // 2. Nullish Coalescing\n    // https://devblogs.microsoft.com/typescript/announcing-typescript-3-7/#nullish-coalescing\n    let x = null, y = 0, z = 'hello';\n    console.log('x ?? y ?? z ==', x ?? y ?? z);\n}",
      );
      assert.equal(newer.stdout, 'obj?.x?.z == undefined\nx ?? y ?? z == 0\n');
      assert.equal(
        (await run("/** @type {any} */\nlet x = 123;\nx = x + ' Hello';\nconsole.log(x);")).stdout,
        '123 Hello\n',
      );
    });

    it('type errors, where they are looked for', async () => {
      await run('%types on');
      const { error } = await kernel.run("let num = 123.4;\nnum = 'tslab';");
      assert.match(error!.traceback, /Type 'string' is not assignable to type 'number'/);
      assert.match(error!.traceback, /In\[\d+\]:2:1/);
      await run('%types off');
    });

    // what its tensorflow.ipynb does, on a set of our own: that one is fetched, and larger
    it('a network of tfjs-node on data of a file beside the notebook: trained, saved, asked', async function () {
      this.timeout(120_000);
      writeFileSync(
        join(folder, 'stripes.ts'),
        `import * as tf from '@tensorflow/tfjs';
        class Stripes {
          private where: number[];
          constructor() { this.where = null; }
          async load() { this.where = Array.from({ length: 120 }, (_, i) => i % 4); }
          get() {
            const images = this.where.flatMap((row) => Array.from({ length: 64 }, (_, i) => (i >> 4 === row ? 1 : 0.1)));
            return {
              images: tf.tensor4d(images, [this.where.length, 8, 8, 1]),
              labels: tf.oneHot(tf.tensor1d(this.where, 'int32'), 4).toFloat(),
            };
          }
        }
        export default new Stripes();`,
      );
      await run(
        "import * as tf from '@tensorflow/tfjs-node'\nimport stripes from './stripes';\nawait stripes.load();",
      );
      await run(`const model = tf.sequential();
        model.add(tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 8, kernelSize: 3, activation: 'relu' }));
        model.add(tf.layers.maxPooling2d({ poolSize: [2, 2] }));
        model.add(tf.layers.flatten());
        model.add(tf.layers.dropout({ rate: 0.25 }));
        model.add(tf.layers.dense({ units: 4, activation: 'softmax' }));
        model.compile({ optimizer: 'rmsprop', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
        async function train(epochs, batchSize, path) {
          const { images, labels } = stripes.get();
          model.summary();
          await model.fit(images, labels, { epochs, batchSize, validationSplit: 0.2 });
          const [loss, accuracy] = model.evaluate(images, labels) as tf.Scalar[];
          await model.save(\`file://\${path}\`);
          return [loss.dataSync()[0], accuracy.dataSync()[0]];
        }`);
      const trained = await run(
        'process.stderr.isTTY = false;\nconst figures = await train(30, 8, "stripes");\nfigures[1]',
      );
      assert.match(
        trained.stdout,
        /conv2d_Conv2D1 \(Conv2D\) .*\n[^]*Epoch 30 \/ 30\n.*acc=\S+ loss=\S+ val_acc=/,
      );
      assert.equal(trained.result, '1');
      const asked = await run(`const again = await tf.loadLayersModel('file://stripes/model.json');
        (tf.argMax(again.predict(stripes.get().images) as tf.Tensor, 1).arraySync() as number[]).slice(0, 6)`);
      assert.equal(asked.result, '[ 0, 1, 2, 3, 0, 1 ]');
    });
  });
});
