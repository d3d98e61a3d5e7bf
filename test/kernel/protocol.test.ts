// The protocol around cells: requests, signatures, queues, what is loaded, the end.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wire, type Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

describe('kernel protocol', () => {
  let kernel: TestKernel;
  before(async () => void (kernel = await TestKernel.start({ answer: (prompt) => `answer to ${prompt}` })));
  after(() => kernel.stop());

  it('kernel_info says what it is', async () => {
    const info = await kernel.ask('kernel_info_request', {}, 'control');
    assert.deepEqual(
      [info.status, info.implementation, info.protocol_version, (info.language_info as Json).name],
      ['ok', 'cellgrad', '5.4', 'typescript'],
    );
  });

  it('heartbeat, control and completion answer while a cell computes', async () => {
    const { done } = kernel.submit('{ const t = Date.now(); while (Date.now() - t < 1500); } "done"');
    assert.ok((await kernel.heartbeat()) < 1000);
    assert.equal((await kernel.ask('kernel_info_request', {}, 'control')).status, 'ok');
    const code = 'function f() {';
    assert.equal((await kernel.ask('is_complete_request', { code })).status, 'incomplete');
    assert.equal((await done).result, "'done'");
  });

  it('display, updates and clear_output', async () => {
    const { messages } = await kernel.run(
      'const shown = display({ "text/html": "<b>1</b>" }, { raw: true, metadata: { a: 1 } }); shown.update("2"); clearOutput({ wait: true }); 0',
    );
    const sent = messages
      .filter(({ header }) => /display|clear/.test(header.msg_type))
      .map(({ header, content }) => [header.msg_type, content]);
    const id = ((sent[0][1] as Json).transient as Json).display_id;
    assert.deepEqual(sent, [
      [
        'display_data',
        { data: { 'text/html': '<b>1</b>' }, metadata: { a: 1 }, transient: { display_id: id } },
      ],
      ['update_display_data', { data: { 'text/plain': '2' }, metadata: {}, transient: { display_id: id } }],
      ['clear_output', { wait: true }],
    ]);
  });

  it('an object’s own Jupyter.display, also when it takes its time, in results and displays', async () => {
    const rich =
      '{ async [Symbol.for("Jupyter.display")]() { await null; return { "text/html": "<i>own</i>", "image/png": new Uint8Array([97, 98, 99]) } } }';
    const { results, displays } = await kernel.run(`display(${rich}); (${rich})`);
    for (const { data } of [...results, ...displays])
      assert.deepEqual(data, { 'text/html': '<i>own</i>', 'image/png': 'YWJj' });
    assert.equal(results.length + displays.length, 2);
  });

  it('input asks the front end, and fails at once where nobody can answer', async () => {
    assert.equal((await kernel.run('await input("name? ")')).result, "'answer to name? '");
    const { error } = await kernel.run('await input("name? ")', { allow_stdin: false });
    assert.match(error!.evalue, /^input\(\) needs a front end/);
  });

  it('an error cancels what is queued, unless the request says otherwise', async () => {
    const failing = kernel.submit('throw new Error("stop")');
    const queued = kernel.submit('1');
    assert.equal((await failing.done).reply.status, 'error');
    assert.equal((await queued.done).reply.status, 'aborted');
    const tolerant = kernel.submit('throw new Error("go on")', { stop_on_error: false });
    const next = kernel.submit('1');
    assert.equal((await tolerant.done).reply.status, 'error');
    assert.equal((await next.done).reply.status, 'ok');
  });

  it('history by tail, range and search', async () => {
    await kernel.run('"needle" + 1');
    const ask = async (content: Json): Promise<unknown[][]> =>
      (await kernel.ask('history_request', { raw: true, output: false, ...content })).history as unknown[][];
    const [[session, line, code]] = await ask({ hist_access_type: 'tail', n: 1 });
    assert.equal(code, '"needle" + 1');
    const range = { hist_access_type: 'range', session, start: line, stop: Number(line) + 1 };
    assert.deepEqual(await ask(range), [[session, line, code]]);
    assert.deepEqual(await ask({ ...range, output: true }), [[session, line, [code, null]]]);
    assert.deepEqual(await ask({ hist_access_type: 'search', pattern: '"needle*' }), [[session, line, code]]);
    assert.deepEqual(await ask({ hist_access_type: 'search', pattern: 'nothing*' }), []);
  });

  it('a comm for an unknown target is closed', async () => {
    kernel.send('shell', 'comm_open', { comm_id: 'c1', target_name: 'nobody', data: {} });
    await kernel.until(({ header, content }) => header.msg_type === 'comm_close' && content.comm_id === 'c1');
  });

  it('messages that are unsigned, malformed or unknown do nothing', async () => {
    const forger = new Wire({ key: 'another key', signature_scheme: 'hmac-sha256' });
    const mine = new Wire(kernel.connection);
    for (const channel of ['shell', 'control'] as const) {
      await kernel.sendRaw(channel, forger.encode('execute_request', { code: 'globalThis.forged = true' }));
      await kernel.sendRaw(channel, ['garbage', 'x']);
      await kernel.sendRaw(channel, ['<IDS|MSG>']);
      await kernel.sendRaw(channel, ['<IDS|MSG>', 'sig', '{}']);
      await kernel.sendRaw(channel, mine.encode('no_such_request', {}));
      await kernel.sendRaw(channel, mine.encode('execute_request', { stop_on_error: false }));
    }
    assert.equal((await kernel.run('typeof forged')).result, "'undefined'");
  });

  it('loads neither TensorFlow nor the TypeScript compiler before they are needed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellgrad-loaded-'));
    const fresh = await TestKernel.start({ env: { NODE_V8_COVERAGE: folder } });
    await fresh.run('const n: number = 1; enum E { A }; console.log(n, E.A)');
    await fresh.stop();
    const loaded = readdirSync(folder).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url);
    });
    rmSync(folder, { recursive: true });
    assert.ok(loaded.some((url) => url.endsWith('/kernel/kernel.js')));
    assert.ok(loaded.some((url) => url.endsWith('/kernel/sockets.js')));
    const heavy =
      /node_modules\/(typescript|@tensorflow|danfojs|sharp|plotly)|\/src\/(compute\/(?!one-tf\.js)|(models|train|data)\/)/; // one-tf.js only says where to look
    assert.deepEqual(
      loaded.filter((url) => heavy.test(url)),
      [],
    );
  });

  for (const [when, code] of [
    ['idle', ''],
    ['busy', 'while (true) {}'],
    ['waiting', 'await new Promise(() => {})'],
  ])
    it(`shutdown ends the process when it is ${when}`, async () => {
      const doomed = await TestKernel.start();
      if (code) doomed.submit(code).done.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.deepEqual(await doomed.ask('shutdown_request', { restart: true }, 'control'), {
        status: 'ok',
        restart: true,
      });
      assert.equal(await doomed.exited, 0);
      assert.doesNotMatch(doomed.log, /Error/);
      await doomed.stop();
    });

  it('a restart on the same ports begins afresh', async () => {
    const first = await TestKernel.start();
    await first.run('var old = 1');
    const second = await first.restart();
    assert.equal((await second.run('typeof old')).result, "'undefined'");
    await second.stop();
  });
});
