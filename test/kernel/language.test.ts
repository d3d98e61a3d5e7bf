// Completion, inspection and completeness.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestKernel } from './client.js';

describe('language', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-language-'));
  let kernel: TestKernel;
  before(async () => {
    writeFileSync(
      join(folder, 'mine.ts'),
      '/** Twice as much. */\nexport const twice = (n: number): number => n * 2;\n',
    );
    kernel = await TestKernel.start({ cwd: folder });
    await kernel.run('interface Person { name: string; born: number }\nconst people: Person[] = [];');
    await kernel.run(
      'const loose: any = { alpha: 1, inner: { beta: 2 } }; import { twice } from "./mine"; 0',
    );
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });

  /** `|` is the cursor. */
  async function complete(marked: string): Promise<{ matches: string[]; replaced: string }> {
    const before = [...marked.slice(0, marked.indexOf('|'))];
    const code = marked.replace('|', '');
    const reply = await kernel.ask('complete_request', { code, cursor_pos: before.length });
    const [start, end] = [Number(reply.cursor_start), Number(reply.cursor_end)];
    return { matches: reply.matches as string[], replaced: [...code].slice(start, end).join('') };
  }

  const samples: [what: string, code: string, wanted: string[], replaced: string][] = [
    ['globals', 'parseI|', ['parseInt'], 'parseI'],
    ['members', 'Math.ab|', ['abs'], 'ab'],
    ['locals of the cell', 'const s = "x"; s.toUpp|', ['toUpperCase'], 'toUpp'],
    ['variables of earlier cells', 'peo|', ['people'], 'peo'],
    ['their members, by their types', 'people[0].|', ['born', 'name'], ''],
    ['in the middle of a cell', 'people.map((p) => p.na|).length', ['name'], 'na'],
    ['members of untyped values', 'loose.alp|', ['alpha'], 'alp'],
    ['members of their members', 'loose.inner.be|', ['beta'], 'be'],
    ['after characters outside the basic plane', '"日本😀"; peo|', ['people'], 'peo'],
    [
      'members of Node’s modules',
      'import * as fs from "node:fs"; fs.readFileS|',
      ['readFileSync'],
      'readFileS',
    ],
    ['names of Node’s modules', 'import x from "node:f|', ['node:fs', 'node:fs/promises'], 'node:f'],
    ['the user’s files', 'import x from "./mi|', ['mine'], 'mi'],
    ['what a file exports', 'import { tw| } from "./mine"', ['twice'], 'tw'],
    ['the kernel’s own functions', 'clearOut|', ['clearOutput'], 'clearOut'],
    ['tslab', 'import * as tslab from "tslab"; tslab.display.ht|', ['html'], 'ht'],
    ['cellgrad', 'import { metrics } from "cellgrad"; metrics.confu|', ['confusionMatrix'], 'confu'],
  ];
  for (const [what, code, wanted, replaced] of samples)
    it(`completes ${what}`, async () => {
      const answer = await complete(code);
      for (const name of wanted)
        assert.ok(answer.matches.includes(name), `${name} in ${answer.matches.join(', ')}`);
      assert.equal(answer.replaced, replaced);
    });

  it('does not run anything to complete', async () => {
    await kernel.run('let touched = 0; const trap: any = { get member() { touched++; return { x: 1 } } };');
    await complete('trap.member.|');
    assert.equal((await kernel.run('touched')).result, '0');
  });

  it('takes the latest of the declarations of a name', async () => {
    await kernel.run('const thing = { early: 1 }');
    await kernel.run('const thing = { late: 1 }');
    assert.deepEqual((await complete('thing.|')).matches, ['late']);
  });

  it('inspects with signature and documentation', async () => {
    const text = async (code: string, cursor_pos: number): Promise<string> => {
      const { found, data } = await kernel.ask('inspect_request', { code, cursor_pos, detail_level: 0 });
      return found ? (data as Record<string, string>)['text/plain'] : 'not found';
    };
    assert.match(
      await text('parseInt', 8),
      /^function parseInt\(string: string, radix\?: number\): number\n\nConverts a string/,
    );
    assert.match(await text('twice(', 6), /twice\(n: number\): number[^]*Twice as much\./);
    assert.match(await text('people', 2), /^const people: Person\[\]/);
    assert.equal(await text('   ', 1), 'not found');
  });

  for (const [status, codes] of Object.entries({
    complete: ['1 + 1', 'const a = 1;', 'function f() { return 1 }', '', 'await x'],
    incomplete: ['function f() {', '`abc', 'foo(', 'if (x) {\n  y', '/* open', 'const f = () =>', '[1,'],
    invalid: ['const const = ;', '1 +* ) 2', ')'],
  }))
    for (const code of codes)
      it(`${JSON.stringify(code)} is ${status}`, async () =>
        assert.equal((await kernel.ask('is_complete_request', { code })).status, status));

  it('indents what goes on', async () =>
    assert.equal(
      (await kernel.ask('is_complete_request', { code: 'if (x) {\n  for (;;) {' })).indent,
      '    ',
    ));
});
