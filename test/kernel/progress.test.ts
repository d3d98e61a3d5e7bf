// `progress` in cells, and in a program without a notebook.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel, type Execution } from './client.js';

const module = new URL('../../src/progress/index.js', import.meta.url).href;
const texts = ({ messages }: Execution): string[] =>
  messages
    .filter(({ header }) => /display_data$/.test(header.msg_type))
    .map(({ content }) => String((content.data as Json)['text/plain']));

describe('progress', () => {
  let kernel: TestKernel;
  before(async () => {
    kernel = await TestKernel.start();
    await kernel.run(
      `import { progress } from '${module}'; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));`,
    );
  });
  after(() => kernel.stop());

  it('is one display, updated now and then, with rate and time left; at the end one line', async () => {
    const ran = await kernel.run(
      'for (const i of progress(Array(40), { label: "films <1>" })) await sleep(20);',
    );
    assert.equal(ran.displays.length, 1);
    const said = texts(ran);
    assert.ok(said.length > 3 && said.length < 30, String(said.length));
    assert.match(said[Math.floor(said.length / 2)], /^films <1>: \d+ of 40 · \d+ % · \d+\/s · [01] s left$/);
    assert.match(said.at(-1)!, /^films <1>: 40 of 40 · \d+\/s · \d\.\d s$/);
    assert.match(JSON.stringify(ran.displays[0].data), /films &lt;1&gt;/);
  });

  it('nests: inner bars stand below the outer one, and go', async () => {
    const ran = await kernel.run(
      'for (const a of progress([1, 2])) for (const b of progress(new Set([1, 2, 3]), { label: "in" })) await sleep(90);',
    );
    assert.equal(ran.displays.length, 1);
    assert.ok(texts(ran).some((text) => /^\d of 2.*\n {2}in: \d of 3/.test(text)));
    assert.match(texts(ran).at(-1)!, /^2 of 2[^\n]*$/);
  });

  for (const [how, code] of [
    ['a break', 'for (const i of progress([1, 2, 3])) if (i === 2) break;'],
    ['an error in the loop', 'for (const i of progress([1, 2, 3])) if (i === 2) throw new Error("no");'],
    ['an error beside a bar moved by hand', 'const bar = progress(3); bar.update(); throw new Error("no");'],
  ])
    it(`stops at ${how}`, async () => {
      assert.match(texts(await kernel.run(code)).at(-1)!, /^1 of 3 .*stopped after 0\.\d s$/);
    });

  for (const [what, code] of [
    ['a loop that computes', 'for (const i of progress(Array(3))) while (i === undefined);'],
    ['a wait', 'for (const i of progress(Array(3))) await new Promise(() => {});'],
  ])
    it(`stops at an interrupt of ${what}; the next cell has a bar of its own`, async () => {
      const { id, done } = kernel.submit(code);
      await kernel.until(({ header, parent }) => header.msg_type === 'display_data' && parent.msg_id === id);
      await kernel.interrupt();
      assert.match(texts(await done).at(-1)!, /^0 of 3 · stopped/);
      const next = await kernel.run('for (const i of progress([1])) ;');
      assert.equal(next.displays.length, 1);
      assert.match(texts(next).at(-1)!, /^1 of 1/);
    });

  it('takes async items, items without a count, and is moved by hand', async () => {
    const counted = await kernel.run(
      'async function* pages() { yield 1; yield 2; } const seen: number[] = []; for await (const i of progress(pages(), { total: 2 })) seen.push(i); seen',
    );
    assert.equal(counted.result, '[ 1, 2 ]');
    assert.match(texts(counted).at(-1)!, /^2 of 2/);
    assert.match(
      texts(
        await kernel.run('function* some() { yield* [1, 2, 3]; } for (const i of progress(some())) ;'),
      ).at(-1)!,
      /^3 · /,
    );
    const moved = await kernel.run(
      '{ using bar = progress(10, { label: "MB" }); bar.update(2.5); bar.update(7.5); }',
    );
    assert.match(texts(moved).at(-1)!, /^MB: 10 of 10/);
    assert.match((await kernel.run('progress({} as any)')).error!.evalue, /takes what a loop can run over/);
  });

  it('costs little where steps are many', async () => {
    const { result } = await kernel.run(
      'const begun = performance.now(); for (const i of progress(Array(1e6))) ; performance.now() - begun',
    );
    assert.ok(Number(result) < 3000, result);
  });

  it('outside a notebook is a line at the end, or nothing', () => {
    const run = (options: string): string =>
      spawnSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { progress } from '${module}'; for (const i of progress([1, 2], ${options})) for (const j of progress([1])) ;`,
        ],
        { encoding: 'utf8' },
      ).stderr;
    assert.match(run('{ label: "films" }'), /^films: 2 of 2[^\n]*\n$/);
  });
});
