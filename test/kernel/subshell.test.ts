// Subshells (JEP 91): cells beside a cell that waits.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

describe('subshells', () => {
  let kernel: TestKernel;
  let subshell: string;
  const control = (type: string, content: Json = {}): Promise<Json> => kernel.ask(type, content, 'control');
  before(async () => {
    kernel = await TestKernel.start({ answer: (prompt) => `answer to ${prompt}` });
    subshell = String((await control('create_subshell_request')).subshell_id);
  });
  after(() => kernel.stop());

  it('are offered, listed and deleted', async () => {
    const info = await control('kernel_info_request');
    assert.ok((info.supported_features as string[]).includes('kernel subshells'));
    const second = String((await control('create_subshell_request')).subshell_id);
    assert.deepEqual(await control('list_subshell_request'), {
      status: 'ok',
      subshell_id: [subshell, second],
    });
    assert.deepEqual(await control('delete_subshell_request', { subshell_id: second }), { status: 'ok' });
    assert.deepEqual((await control('list_subshell_request')).subshell_id, [subshell]);
    for (const answer of [
      control('delete_subshell_request', { subshell_id: second }),
      kernel.ask('execute_request', { code: '1' }, 'shell', second),
    ]) {
      const { status, evalue } = await answer;
      assert.equal(status, 'error');
      assert.match(String(evalue), /There is no subshell .*deleted/);
    }
  });

  it('run a cell while one of the main shell waits, each with its own output and errors', async () => {
    await kernel.run('let release; const gate = new Promise((r) => { release = r; }); const shared = 1;');
    const long = kernel.submit('console.log("begins"); await gate; console.log("goes on"); "long"');
    await kernel.until(({ parent, content }) => parent.msg_id === long.id && content.text === 'begins\n');
    const beside = await kernel.submit('console.log("beside", shared); shared + 1', {}, subshell).done;
    assert.deepEqual([beside.stdout, beside.result], ['beside 1\n', '2']);
    const { error } = await kernel.submit('throw new Error("mine")', {}, subshell).done;
    assert.equal(error?.evalue, 'mine');
    await kernel.submit('release()', {}, subshell).done;
    const { stdout, result } = await long.done;
    assert.equal(result, "'long'");
    assert.equal(stdout, 'begins\ngoes on\n');
  });

  it('and promises that outlive their cell speak under it, rejected ones too', async () => {
    const first = kernel.submit(
      'import { readFile } from "node:fs/promises"; let go; const started = new Promise((r) => { go = r; });' +
        'const late = (async () => { await started; for (let i = 0; i < 3; i++) { await readFile("/dev/null"); console.log("first", i); } })();' +
        'void started.then(async () => { await null; throw new Error("of the first"); }); 0',
    );
    assert.equal((await first.done).stdout, '');
    const second = await kernel.run('console.log("second"); go(); await late; console.log("second again")');
    assert.equal(second.stdout, 'second\nsecond again\n');
    assert.equal(second.error, undefined);
    const said = kernel.of(first.id).map(({ content }) => content.text ?? content.evalue);
    for (const text of ['first 0\n', 'first 2\n', 'of the first']) assert.ok(said.includes(text), text);
  });

  it('keep their own order, and an error cancels only what waits in the same shell', async () => {
    const main = kernel.submit('await new Promise((r) => setTimeout(r, 150)); "main"');
    const next = kernel.submit('"after main"');
    const failing = kernel.submit('await null; throw new Error("no")', {}, subshell);
    const cancelled = kernel.submit('"never"', {}, subshell);
    assert.equal((await failing.done).reply.status, 'error');
    assert.equal((await cancelled.done).reply.status, 'aborted');
    assert.deepEqual([(await main.done).result, (await next.done).result], ["'main'", "'after main'"]);
  });

  it('ask for input, each for itself', async () => {
    const one = kernel.submit('const a = await input("one"); await input("again " + a)');
    const two = kernel.submit('await input("two")', {}, subshell);
    assert.deepEqual(
      [(await one.done).result, (await two.done).result],
      ["'answer to again answer to one'", "'answer to two'"],
    );
  });

  for (const [what, code] of [
    ['waits', 'await new Promise(() => {})'],
    ['computes', 'while (true) {}'],
  ])
    it(`an interrupt ends all that runs, also where one ${what}`, async () => {
      const main = kernel.submit('await new Promise(() => {})');
      const second = kernel.submit(code, {}, subshell);
      await sleep(200);
      await kernel.interrupt();
      for (const { done } of [main, second]) assert.equal((await done).error?.ename, 'KernelInterrupt');
      assert.equal((await kernel.run('shared')).result, '1');
      assert.equal((await kernel.submit('shared', {}, subshell).done).result, '1');
    });
});
