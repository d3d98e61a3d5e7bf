// Comms, both ways: what widgets are made of.

import assert from 'node:assert/strict';
import type { Json, Message } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

const COMMS = 'globalThis[Symbol.for("cellgrad.comms")]';

describe('comms', () => {
  let kernel: TestKernel;
  before(async () => void (kernel = await TestKernel.start()));
  after(() => kernel.stop());
  const of = (messages: Message[], type: string): Message[] =>
    messages.filter(({ header }) => header.msg_type === type);
  const post = (type: string, content: Json, buffers: Uint8Array[] = []): Promise<Message[]> =>
    kernel.passed(kernel.send('shell', type, content, { buffers }));
  const open = async (): Promise<Json> => (await kernel.ask('comm_info_request')).comms as Json;

  it('that the kernel opens: data and buffers go out, come back, and the end is heard of', async () => {
    const { messages } = await kernel.run(
      `const comm = ${COMMS}.open("seen.here", { a: 1 }, { buffers: [new Uint8Array([1, 2])], metadata: { version: "2" } });
       const got = []; let ended = false;
       comm.onMessage(({ data, buffers, metadata }) => {
         got.push([data, buffers.map((b) => [...b]), metadata]);
         comm.send({ echo: data });
         console.log("handled");
       });
       comm.onClose(() => { ended = true; });`,
    );
    const [opened] = of(messages, 'comm_open');
    const { comm_id } = opened.content;
    assert.deepEqual(
      [opened.content.target_name, opened.content.data, opened.metadata, opened.buffers.map((b) => [...b])],
      ['seen.here', { a: 1 }, { version: '2' }, [[1, 2]]],
    );
    assert.deepEqual(await open(), { [String(comm_id)]: { target_name: 'seen.here' } });

    const answered = await post('comm_msg', { comm_id, data: { b: 2 } }, [new Uint8Array([3])]);
    assert.deepEqual(of(answered, 'comm_msg')[0].content, { comm_id, data: { echo: { b: 2 } } });
    assert.equal(of(answered, 'stream')[0].content.text, 'handled\n');
    assert.equal((await kernel.run('JSON.stringify(got)')).result, `'[[{"b":2},[[3]],{}]]'`);

    await post('comm_close', { comm_id, data: {} });
    assert.equal((await kernel.run('ended')).result, 'true');
    assert.deepEqual(await open(), {});
    const { error } = await kernel.run('comm.send({})');
    assert.match(error!.evalue, /comm to seen\.here has been closed/);
  });

  it('that the front end opens go to whoever registered their target; others are closed', async () => {
    await kernel.run(
      `${COMMS}.target("counter", (comm, { data }) => { let n = data.from; comm.onMessage(() => comm.send({ n: ++n })); })`,
    );
    await post('comm_open', { comm_id: 'one', target_name: 'counter', data: { from: 5 } });
    for (const n of [6, 7]) {
      const answered = await post('comm_msg', { comm_id: 'one', data: {} });
      assert.deepEqual(of(answered, 'comm_msg')[0].content.data, { n });
    }
    const refused = await post('comm_open', { comm_id: 'two', target_name: 'unknown', data: {} });
    assert.deepEqual(of(refused, 'comm_close')[0].content, { comm_id: 'two', data: {} });
    assert.deepEqual(await open(), { one: { target_name: 'counter' } });
    assert.deepEqual((await kernel.ask('comm_info_request', { target_name: 'other' })).comms, {});
  });

  it('an error in a handler is shown and ends nothing', async () => {
    await kernel.run(
      `${COMMS}.target("bad", (comm) => comm.onMessage(async () => { await null; throw new Error("in a handler"); }))`,
    );
    await post('comm_open', { comm_id: 'three', target_name: 'bad', data: {} });
    const answered = await post('comm_msg', { comm_id: 'three', data: {} });
    assert.equal(of(answered, 'error')[0].content.evalue, 'in a handler');
    assert.equal((await kernel.run('1 + 1')).result, '2');
  });

  it('a handler that never ends is ended by an interrupt', async () => {
    await kernel.run(`${COMMS}.target("endless", (comm) => comm.onMessage(() => { for (;;); }))`);
    await post('comm_open', { comm_id: 'four', target_name: 'endless', data: {} });
    const done = post('comm_msg', { comm_id: 'four', data: {} });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await kernel.interrupt();
    assert.equal(of(await done, 'error')[0].content.ename, 'KernelInterrupt');
    assert.equal((await kernel.run('1 + 1')).result, '2');
  });

  it('messages to comms that are not there are passed over', async () => {
    for (const type of ['comm_msg', 'comm_close']) await post(type, { comm_id: 'nobody', data: {} });
    for (const content of [{}, { comm_id: 5 }, { comm_id: null, data: 'text' }])
      await post('comm_msg', content);
    assert.equal((await kernel.run('1 + 1')).result, '2');
  });
});
