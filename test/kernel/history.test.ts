// Inputs outlive their kernel, in a file that only their author reads.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyFile } from '../../src/kernel/history.js';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

describe('history', function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-history-'));
    file = join(folder, 'deep', 'history.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (path = file): Promise<TestKernel> => TestKernel.start({ env: { CELLGRAD_HISTORY: path } });
  type Entries = [number, number, string][];
  const ask = async (kernel: TestKernel, content: Json): Promise<Entries> =>
    (await kernel.ask('history_request', { raw: true, output: false, ...content })).history as Entries;
  const tail = (kernel: TestKernel, n = 10): Promise<Entries> => ask(kernel, { hist_access_type: 'tail', n });

  it('is kept across restarts: tail, range with earlier sessions, search', async () => {
    const first = await start();
    for (const code of ['const one = 1', 'one + 1']) await first.run(code);
    await first.run('"quiet"', { store_history: false });
    await first.stop();
    const second = await start();
    await second.run('"zwei"');
    assert.deepEqual(await tail(second), [
      [1, 1, 'const one = 1'],
      [1, 2, 'one + 1'],
      [2, 1, '"zwei"'],
    ]);
    assert.deepEqual(await tail(second, 2), (await tail(second)).slice(1));
    const range = (session: number): Promise<Entries> => ask(second, { hist_access_type: 'range', session });
    assert.deepEqual(await range(0), [[2, 1, '"zwei"']]);
    for (const session of [-1, 1]) assert.equal((await range(session)).length, 2);
    assert.deepEqual(await ask(second, { hist_access_type: 'search', pattern: '*one*', n: 1 }), [
      [1, 2, 'one + 1'],
    ]);
    await second.stop();
    if (process.platform !== 'win32')
      assert.deepEqual(
        [statSync(join(folder, 'deep')).mode & 0o777, statSync(file).mode & 0o777],
        [0o700, 0o600],
      );
  });

  it('of two kernels at once has both', async () => {
    const kernels = await Promise.all([start(), start()]);
    await Promise.all(
      kernels.map(async (kernel, k) => {
        for (let i = 0; i < 5; i++) await kernel.run(`"${k}.${i}"`);
      }),
    );
    await Promise.all(kernels.map((kernel) => kernel.stop()));
    const third = await start();
    const entries = await tail(third, 100);
    assert.deepEqual(
      entries.map(([, , code]) => code).sort(),
      [0, 1].flatMap((k) => [0, 1, 2, 3, 4].map((i) => `"${k}.${i}"`)),
    );
    assert.equal(new Set(entries.map(([session]) => session)).size, 2);
    await third.stop();
  });

  it('comes to no harm by a lock that a killed kernel left, nor by a damaged file', async () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(file, 'no database at all, '.repeat(100));
    const first = await start();
    await first.run('"after the damage"');
    await first.stop();
    assert.equal(readdirSync(join(folder, 'deep')).filter((f) => f.includes('.damaged-')).length, 1);
    const lock = `${file}.lock`;
    mkdirSync(lock);
    utimesSync(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    const second = await start();
    assert.deepEqual(await tail(second), [[1, 1, '"after the damage"']]);
    await second.stop();
  });

  it('that can’t be written is said once, and the session’s own is there', async () => {
    writeFileSync(join(folder, 'deep'), 'a file where a folder should be');
    const kernel = await start();
    await kernel.run('"here"');
    for (let i = 0; i < 2; i++) assert.deepEqual(await tail(kernel), [[1, 1, '"here"']]);
    const said = kernel.published.filter(({ content }) =>
      /history of inputs is not kept/.test(String(content.text)),
    );
    assert.equal(said.length, 1);
    assert.match(String(said[0].content.text), /CELLGRAD_HISTORY names another file, or off/);
    await kernel.stop();
  });

  it('is off where the user says so', async () => {
    assert.equal(historyFile({ CELLGRAD_HISTORY: 'off' }), undefined);
    assert.equal(historyFile({ XDG_DATA_HOME: '/data' }), join('/data', 'cellgrad', 'history.sqlite'));
    const kernel = await start('off');
    await kernel.run('"here"');
    assert.deepEqual(await tail(kernel), [[1, 1, '"here"']]);
    await kernel.stop();
    assert.ok(!existsSync(file));
  });
});
