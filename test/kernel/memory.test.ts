// Cells that ask for more than there is.

import assert from 'node:assert/strict';
import { TestKernel } from './client.js';

describe('memory', function () {
  this.timeout(30_000);
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start({ env: { NODE_OPTIONS: '--max-old-space-size=400' } });
    await kernel.run('let keep = 12345');
  });
  after(() => kernel.stop());
  const run = (code: string): ReturnType<TestKernel['run']> =>
    Promise.race([
      kernel.run(code),
      kernel.exited.then((code) => assert.fail(`the kernel ended (${code}): ${kernel.log.slice(-500)}`)),
    ]);

  for (const [what, code] of [
    ['objects', 'let hoard = []; for (let i = 0; ; i++) hoard.push({ i, text: `number ${i}` })'],
    ['arrays', 'hoard = []; for (;;) hoard.push(new Array(1000).fill(1.5))'],
    ['text', 'hoard = ""; for (;;) hoard += JSON.stringify({ a: Math.random() })'],
    ['promises', 'hoard = []; for (;;) { hoard.push({ at: await null, more: [1, 2, 3] }) }'],
  ])
    it(`a cell that gathers ${what} without end is ended, and nothing else is lost`, async () => {
      const { error } = await run(code);
      assert.equal(error?.ename, 'OutOfMemory', error?.evalue);
      assert.match(error!.evalue, /most of the \d+ MB .*--max-old-space-size/);
      assert.equal((await run('hoard = undefined; keep')).result, '12345');
    });

  for (const [what, code, name] of [
    ['a buffer that is too large', 'new ArrayBuffer(2 ** 46)', 'RangeError'],
    ['a text that is too long', '"x".repeat(2 ** 30)', 'RangeError'],
    ['endless recursion', '(function f() { f(); f(); })()', 'RangeError'],
  ])
    it(`${what} is an error of the cell`, async () => {
      const { error } = await run(code);
      assert.equal(error?.ename, name);
      assert.equal((await run('keep')).result, '12345');
    });

  it('a cell that uses much and frees it is left alone', async () => {
    const { result, error } = await run(
      'let total = 0; for (let i = 0; i < 3000; i++) total += new Array(20000).fill(i).length; total',
    );
    assert.equal(error, undefined);
    assert.equal(result, '60000000');
  });
});
