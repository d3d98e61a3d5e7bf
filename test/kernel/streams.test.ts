// What is printed past `console`: by child processes, by native code, and in floods.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Subscriber } from 'zeromq';
import { endpoint, TestKernel, type Execution } from './client.js';

describe('streams', function () {
  this.timeout(60_000);
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start();
    await kernel.run(
      'import { execSync, spawn, spawnSync } from "node:child_process"; import { writeSync } from "node:fs";',
    );
    await kernel.run(
      `const { default: koffi } = await import(${JSON.stringify(import.meta.resolve('koffi'))})`,
    );
  });
  after(() => kernel.stop());

  it('of child processes that inherit arrive in order, between what the cell prints', async () => {
    for (let round = 0; round < 5; round++) {
      const { stdout, stderr, messages } = await kernel.run(
        `console.log("before"); execSync("echo child; echo problem >&2", { stdio: "inherit" }); console.log("between");
         spawnSync("sh", ["-c", "echo second; printf third"], { stdio: ["ignore", 1, 2] }); display("shown"); console.log("after")`,
      );
      assert.equal(stdout, 'before\nchild\nbetween\nsecond\nthirdafter\n');
      assert.equal(stderr, 'problem\n');
      const order = messages
        .filter(({ header }) => /stream|display/.test(header.msg_type))
        .map(({ header, content }) => content.text ?? header.msg_type);
      assert.ok(order.indexOf('display_data') > order.findIndex((text) => String(text).includes('third')));
    }
  });

  it('of a child process arrive while the cell waits for it, and under its cell', async () => {
    const { id, done } = kernel.submit(
      'spawnSync("sh", ["-c", "echo first; sleep 1; echo second"], { stdio: "inherit" }); "over"',
    );
    const begun = performance.now();
    const first = await kernel.until(({ content }) => content.text === 'first\n');
    assert.ok(performance.now() - begun < 900);
    assert.equal(first.parent.msg_id, id);
    assert.equal((await done).stdout, 'first\nsecond\n');
  });

  it('of a process beside the cell arrive after it too', async () => {
    const { done } = kernel.submit('spawn("sh", ["-c", "sleep 0.3; echo later"], { stdio: "inherit" }); 0');
    await done;
    assert.ok(await kernel.until(({ content }) => content.text === 'later\n'));
  });

  it('of native code and of the descriptors themselves', async () => {
    const { stdout, stderr } = await kernel.run(
      `writeSync(1, "one\\n"); writeSync(2, "two\\n");
       koffi.load(null).func("long write(int, str, size_t)")(1, "three ✓\\n", 10);`,
    );
    assert.deepEqual([stdout, stderr], ['one\nthree ✓\n', 'two\n']);
  });

  it('bytes that are no text, and letters split between two writes', async () => {
    const { stdout } = await kernel.run(
      'writeSync(1, new Uint8Array([0xe2, 0x9c])); await new Promise((r) => setTimeout(r, 50)); writeSync(1, new Uint8Array([0x93, 10, 0xff, 10]));',
    );
    assert.equal(stdout, '✓\n\ufffd\n');
  });

  it('a flood is cut in its middle, and said to be; the kernel stays small and answers', async () => {
    const { stdout } = await kernel.run(
      'const piece = "x".repeat(1e6 - 1) + "\\n"; for (let i = 0; i < 1000; i++) process.stdout.write(piece); console.log("the end")',
    );
    assert.ok(stdout.length > 32e6 && stdout.length < 34e6, `${stdout.length} characters`);
    assert.match(stdout.slice(-70_000), /\[cellgrad: 966\.\d million characters were cut here/);
    assert.ok(stdout.endsWith('x\nthe end\n'));
    const { result } = await kernel.run('Math.round(process.memoryUsage().rss / 1e6)');
    assert.ok(Number(result) < 700, `${result} MB`);
    const next = await kernel.run('console.log("whole again")');
    assert.equal(next.stdout, 'whole again\n');
  });

  it('a loop that prints takes no memory for each line until it is over', async () => {
    const { result } = await kernel.run(
      `import { setFlagsFromString } from 'node:v8'; import { runInNewContext } from 'node:vm';
       setFlagsFromString('--expose-gc');
       const collect = runInNewContext('gc');
       const heap = () => { collect(); return process.memoryUsage().heapUsed / 1e6; };
       const small = heap();
       for (let i = 0; i < 300_000; i++) console.log(i);
       Math.round(heap() - small)`,
    );
    assert.ok(Number(result) < 10, `${result} MB`);
  });

  it('displays of many megabytes wait for those who read them, though not for ever', async () => {
    const silent = new Subscriber({ receiveHighWaterMark: 1, linger: 0 });
    silent.connect(endpoint(kernel.connection, 'iopub'));
    silent.subscribe();
    const welcomed = kernel.published.length;
    await silent.receive();
    const show = (n: number): Promise<Execution> =>
      kernel.run(
        `{ const begun = performance.now();
           for (let i = 0; i < ${n}; i++) display({ 'text/plain': 'x'.repeat(2e6) }, { raw: true });
           globalThis.took = performance.now() - begun; }
         Math.round(took)`,
      );
    await show(60);
    const { result } = await show(18);
    silent.close();
    kernel.published.length = welcomed;
    assert.ok(Number(result) >= 4900, `${result} ms`);
  });

  it('a flood of a child process, too', async () => {
    const { done } = kernel.submit(
      'spawnSync("sh", ["-c", "yes | head -c 100000000"], { stdio: "inherit" }); 0',
    );
    await sleep(100);
    assert.ok((await kernel.heartbeat()) < 1000);
    const { stdout } = await done;
    assert.ok(stdout.length > 33e6 && stdout.length < 35e6, `${stdout.length} characters`);
    assert.match(stdout, /million characters were cut here/);
    assert.ok(stdout.endsWith('y\ny\n'));
  });
});
