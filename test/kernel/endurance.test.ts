// Five thousand cells, and ten thousand messages that nobody should send.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire, type Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

describe('endurance', function () {
  this.timeout(300_000);
  let kernel: TestKernel;
  beforeEach(async () => void (kernel = await TestKernel.start()));
  afterEach(() => kernel.stop());

  it('5,000 cells leave no more memory behind than their history', async () => {
    await kernel.run(
      `const { setFlagsFromString } = await import('node:v8'); setFlagsFromString('--expose-gc');
       const collect = (await import('node:vm')).runInNewContext('gc');
       const measure = () => { collect(); collect(); const { heapUsed, rss } = process.memoryUsage(); return JSON.stringify([heapUsed, rss]); };`,
    );
    const cells = [
      (i: number) => `const x = ${i}; x * 2`,
      (i: number) => `console.log("cell ${i}", [1, 2, 3])`,
      (i: number) => `interface T { a: number } const t: T = { a: ${i} }; await Promise.resolve(t.a)`,
      (i: number) => `function f${i % 7}(n: number) { return n + ${i} } f${i % 7}(1)`,
      () => 'display("shown").update("again")',
      (i: number) => `enum E { A = ${i} } E.A`,
      () => 'throw new Error("no")',
    ];
    const figures = async (): Promise<[number, number]> =>
      JSON.parse((await kernel.run('measure()')).result!.slice(1, -1)) as [number, number];
    const run = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        const { reply } = await kernel.run(cells[i % cells.length](i), { stop_on_error: false });
        assert.equal(reply.status, i % cells.length === 6 ? 'error' : 'ok', `cell ${i}`);
        if (i % 500 === 0) kernel.published.length = 0;
      }
    };
    await run(0, 1500);
    const [heap, rss] = await figures();
    await run(1500, 5000);
    const [heapAfter, rssAfter] = await figures();
    // of each cell its text and the map of its lines are kept, for the errors of what it has defined
    assert.ok(heapAfter - heap < 3500 * 3000, `${(heapAfter - heap) / 1e6} MB of objects more`);
    assert.ok(rssAfter - rss < 40e6, `${(rssAfter - rss) / 1e6} MB more`);
  });

  it('10,000 malformed, forged, replayed, oversized or truncated messages: none is answered, no code runs, all works after', async () => {
    const { key } = kernel.connection;
    const mine = new Wire(kernel.connection);
    const forger = new Wire({ ...kernel.connection, key: 'another key' });
    let seed = 12345;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    const pick = <T>(of: T[]): T => of[random(of.length)];
    const attack: Json = { code: 'globalThis.ran = true', silent: false, stop_on_error: false };
    const signed = (parts: (string | Buffer)[]): (string | Buffer)[] => {
      const hmac = createHmac('sha256', key);
      for (const part of parts) hmac.update(part);
      return ['<IDS|MSG>', hmac.digest('hex'), ...parts];
    };
    const bytes = (): Buffer => randomBytes(random(200));
    const header = (change: Json): string => JSON.stringify({ ...mine.header('execute_request'), ...change });
    const makers: (() => (string | Buffer)[])[] = [
      () => forger.encode('execute_request', attack),
      () => Array.from({ length: 1 + random(9) }, bytes),
      () => mine.encode('execute_request', attack).slice(0, 1 + random(5)),
      // signed, then changed: one byte of the content
      () => {
        const frames = mine.encode('execute_request', attack);
        const content = Buffer.from(frames.at(-1)!);
        content[random(content.length)] ^= 1 + random(255);
        return [...frames.slice(0, -1), content];
      },
      () => signed([bytes(), '{}', '{}', JSON.stringify(attack)]),
      () => signed(['{"msg_id":1}', '{}', '{}', JSON.stringify(attack)]),
      () =>
        signed([
          header({ msg_type: pick([null, 5, {}, '__proto__', 'constructor', 'toString']) as never }),
          '{}',
          '{}',
          '{}',
        ]),
      () =>
        signed([header({}), '{}', '{}', pick(['null', '[]', '"text"', '{"code":5}', '{"code":null}', '{'])]),
      () =>
        signed([
          header({
            msg_type: pick([
              'complete_request',
              'inspect_request',
              'history_request',
              'is_complete_request',
              'comm_open',
              'comm_msg',
              'comm_info_request',
            ]),
          }),
          '[]',
          'null',
          pick([
            '{}',
            '{"code":{}}',
            '{"cursor_pos":-5,"code":"a"}',
            '{"cursor_pos":1e9,"code":""}',
            '{"comm_id":{}}',
            '{"hist_access_type":"tail","n":"x"}',
          ]),
        ]),
      () => ['<IDS|MSG>', '', header({}), '{}', '{}', JSON.stringify(attack)],
      () => [
        '<IDS|MSG>',
        'f'.repeat(64),
        header({}),
        '{}',
        '{}',
        `{"code":"${'x'.repeat(random(200_000))}"}`,
      ],
    ];
    const old = mine.encode('execute_request', {
      ...attack,
      code: 'globalThis.count = (globalThis.count ?? 0) + 1',
    });
    await kernel.sendRaw('shell', old);
    for (let i = 0; i < 10_000; i++) {
      const channel = pick(['shell', 'control', 'stdin'] as const);
      await kernel.sendRaw(channel, i % 100 === 0 ? old : pick(makers)());
      if (i % 500 === 0) assert.equal((await kernel.ask('kernel_info_request', {}, 'control')).status, 'ok');
    }
    // signed requests without code were errors, which cancel what waits behind them
    await kernel.ask('kernel_info_request');
    await sleep(100);
    const { result } = await kernel.run('[typeof ran, globalThis.count]');
    assert.equal(result, "[ 'undefined', 1 ]");
    assert.equal((await kernel.ask('complete_request', { code: 'Math.ab', cursor_pos: 7 })).status, 'ok');
    assert.ok((await kernel.heartbeat()) < 2000);
  });
});
