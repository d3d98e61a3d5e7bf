// Interrupts: whatever a cell does, it ends, its variables stay, and the next cell runs.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestKernel } from './client.js';

const COLLECT = `(await import('node:v8')).setFlagsFromString('--expose-gc');
  const collect = (await import('node:vm')).runInNewContext('gc');`;
const CONTRACT = 'globalThis[Symbol.for("cellgrad.cell")]';

describe('interrupt', () => {
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start();
    await kernel.run('let keep = 12345');
  });
  after(() => kernel.stop());

  async function interrupted(code: string, times = 1): Promise<Awaited<ReturnType<TestKernel['run']>>> {
    const { done } = kernel.submit(code);
    await sleep(200);
    for (let i = 0; i < times; i++) {
      await kernel.interrupt();
      await sleep(i + 1 < times ? 100 : 0);
    }
    const end = await done;
    assert.equal((await kernel.run('keep')).result, '12345');
    return end;
  }

  for (const [what, code] of [
    ['an endless loop', 'while (true) {}'],
    ['the same again', 'while (true) {}'],
    ['an await that never ends', 'await new Promise(() => {})'],
    [
      'an await that the collector knows never to end',
      `${COLLECT} setTimeout(collect, 50); await new Promise(() => {})`,
    ],
    ['a loop that waits for timers', 'for (;;) await new Promise((r) => setTimeout(r, 5))'],
    ['a loop that waits for nothing', 'for (;;) await null'],
    [
      'a busy timer',
      'setInterval(() => { const t = Date.now(); while (Date.now() - t < 100); }, 1); await new Promise(() => {})',
    ],
    ['a loop that would catch it', 'for (;;) try { for (;;); } catch {}'],
    ['a loop inside a callback', '[1].forEach(() => { for (;;); })'],
    ['a regular expression that backtracks', '/(a+)+$/.test("a".repeat(40) + "b")'],
    ['a wait that blocks the thread', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
    ['a flood of output', 'for (;;) console.log("x")'],
  ])
    it(`ends ${what}`, async () => {
      const { reply, error } = await interrupted(code);
      assert.deepEqual([reply.status, error?.ename], ['error', 'KernelInterrupt']);
    });

  it('leaves an await that never ends to the collector', async () => {
    await interrupted(
      `let weak; await (async () => {
         const large = new Array(1e6); weak = new WeakRef(large); await new Promise(() => {}); large.pop(); })()`,
    );
    const { result } = await kernel.run(
      `${COLLECT} await new Promise((r) => setTimeout(r, 20)); collect(); weak.deref() === undefined`,
    );
    assert.equal(result, 'true');
  });

  it('twice in a row ends one cell', async () => {
    const { error } = await interrupted('while (true) {}', 2);
    assert.equal(error?.ename, 'KernelInterrupt');
  });

  it('of nothing does nothing', async () => {
    assert.deepEqual(await kernel.interrupt(), { status: 'ok' });
    assert.equal((await kernel.run('keep')).result, '12345');
  });

  it('at any moment leaves the kernel alive', async () => {
    for (let i = 0; i < 20; i++) {
      const { done } = kernel.submit(
        i % 2
          ? 'await new Promise((r) => setTimeout(r, 15))'
          : '{ const t = Date.now(); while (Date.now() - t < 15); }',
      );
      await sleep(i * 1.5);
      await kernel.interrupt();
      assert.match(String((await done).reply.status), /^(ok|error)$/);
    }
    assert.equal((await kernel.run('keep')).result, '12345');
  });

  it('cancels the cells queued behind', async () => {
    const first = kernel.submit('while (true) {}');
    const second = kernel.submit('keep = 0');
    await sleep(200);
    await kernel.interrupt();
    assert.equal((await first.done).reply.status, 'error');
    assert.equal((await second.done).reply.status, 'aborted');
    assert.equal((await kernel.run('keep')).result, '12345');
  });

  describe('of work that cooperates', () => {
    it('lets it end by itself', async () => {
      const { reply, stdout, result } = await interrupted(
        `{ const { signal, cooperate } = ${CONTRACT};
           const release = cooperate();
           while (!signal.aborted) await new Promise((r) => setTimeout(r, 5));
           await new Promise((r) => setTimeout(r, 300));
           release(); console.log("saved"); }
         "done"`,
      );
      assert.deepEqual([reply.status, stdout, result], ['ok', 'saved\n', "'done'"]);
    });
    it('is seen by a loop that never yields', async () => {
      const { stdout } = await interrupted(
        `{ const { signal, cooperate } = ${CONTRACT}; const release = cooperate();
           while (!signal.aborted); release(); console.log("seen"); }`,
      );
      assert.equal(stdout, 'seen\n');
    });
    it('ends it as an interrupt where it throws the reason', async () => {
      const { error } = await interrupted(
        `{ const { signal, cooperate } = ${CONTRACT}; const release = cooperate();
           while (!signal.aborted) await null; release(); signal.throwIfAborted(); }`,
      );
      assert.equal(error?.ename, 'KernelInterrupt');
    });
    for (const code of ['for (;;);', 'await new Promise(() => {})'])
      it(`ends "${code}" at the second time, though it promised to end by itself`, async () => {
        const { error } = await interrupted(`${CONTRACT}.cooperate(); ${code}`, 2);
        assert.equal(error?.ename, 'KernelInterrupt');
      });
    it('does not outlast the cell', async () => {
      await kernel.run(`${CONTRACT}.cooperate(); 0`);
      const { error } = await interrupted('while (true) {}');
      assert.equal(error?.ename, 'KernelInterrupt');
      assert.equal((await kernel.run(`${CONTRACT}.signal.aborted`)).result, 'false');
    });
  });
});
