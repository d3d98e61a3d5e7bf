// Completion, inspection and completeness.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    ['the user’s files', 'import x from "./mi|', ['./mine.ts'], './mi'],
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

  it('completes files in strings, and packages with what they export', async () => {
    mkdirSync(join(folder, 'images', 'deep'), { recursive: true });
    writeFileSync(join(folder, 'images', 'a b.png'), '');
    for (const [name, exports] of [
      ['@scope/one', { '.': './a.js', './sub': './b.js' }],
      ['plain', undefined],
    ] as const) {
      mkdirSync(join(folder, 'node_modules', name, 'lib'), { recursive: true });
      writeFileSync(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, exports }));
    }
    const cases: [code: string, wanted: string[], replaced: string][] = [
      ['readFileSync("ima|")', ['images/'], 'ima'],
      ['readFileSync("images/|', ['images/a b.png', 'images/deep/'], 'images/'],
      ['readFileSync(`./m|`)', ['./mine.ts'], './m'],
      ['import x from "./im|', ['./images/'], './im'],
      ['import x from "@sc|"', ['@scope/one'], '@sc'],
      ['await import("@scope/one/|")', ['@scope/one/sub'], '@scope/one/'],
      ['require("plain/|', ['plain/lib/', 'plain/package.json'], 'plain/'],
      ["import x from 'pl|'", ['plain'], 'pl'],
      ['%run mi|', ['mine.ts'], 'mi'],
      ['!cat images/|', ['images/a b.png', 'images/deep/'], 'images/'],
    ];
    for (const [code, wanted, replaced] of cases) {
      const answer = await complete(code);
      assert.deepEqual(answer, { matches: wanted, replaced }, code);
    }
  });

  it('completes keys of live objects and columns of frames', async () => {
    await kernel.run(
      'const table = { "first name": 1, born: 2 } as Record<string, number>; const known = { "a-b": 1 };' +
        'class Frame { constructor(readonly columns: string[], readonly values: number[][]) {} get shape() { return [1, 2] } column(name: string) { return name } }' +
        'const frame: any = new Frame(["age", "blood pressure"], [[1, 2]]); const keyed = new Map([["alpha", 1]]);',
    );
    const first = async (code: string): Promise<string[]> => (await complete(code)).matches.slice(0, 2);
    assert.deepEqual(await first('table["|'), ['first name', 'born']);
    assert.deepEqual(await first('table["fi|"] + 1'), ['first name']);
    assert.deepEqual(await first('known["|"]'), ['a-b']);
    assert.deepEqual(await first('frame["|'), ['age', 'blood pressure']);
    assert.deepEqual(await first('frame.column("bl|")'), ['blood pressure']);
    assert.deepEqual(await first('keyed.get("|")'), ['alpha']);
    assert.deepEqual(await first('frame.sha|'), ['shape']);
  });

  it('completes after new, and inside nested expressions', async () => {
    assert.equal((await complete('new Ma|')).matches[0], 'Map');
    await kernel.run('class Machine { run(): void {} }');
    assert.deepEqual((await complete('new Mac|')).matches, ['Machine']);
    assert.ok((await complete('[1].map((x) => ({ a: { b: x.toFi| } }))')).matches.includes('toFixed'));
    assert.deepEqual((await complete('const { na| } = people[0]')).matches, ['name']);
  });

  it('gives types and documentation with completions', async () => {
    const types = async (code: string): Promise<Record<string, unknown>> => {
      const { metadata } = await kernel.ask('complete_request', { code, cursor_pos: code.length });
      return (metadata as Record<string, Record<string, unknown>[]>)._jupyter_types_experimental[0];
    };
    assert.deepEqual(await types('twic'), {
      text: 'twice',
      type: 'const',
      signature: '(n: number) => number',
      documentation: 'Twice as much.',
      start: 0,
      end: 4,
    });
    assert.deepEqual(await types('peopl'), {
      text: 'people',
      type: 'const',
      signature: 'Person[]',
      start: 0,
      end: 5,
    });
    assert.equal(
      (await types('Math.ab')).documentation,
      'Returns the absolute value of a number (the value without regard to whether it is positive or negative).\nFor example, the absolute value of -5 is the same as the absolute value of 5.',
    );
  });

  it('inspects inside a call, and shows source on request', async () => {
    await kernel.run('/** Adds. */\nfunction plus(a: number, b: number): number {\n  return a + b;\n}');
    const ask = async (marked: string, detail_level: number): Promise<string> => {
      const request = { code: marked.replace('|', ''), cursor_pos: marked.indexOf('|'), detail_level };
      const { data } = await kernel.ask('inspect_request', request);
      return (data as Record<string, string>)['text/plain'] ?? 'nothing';
    };
    for (const place of [
      'plus(|',
      'plus(1, |)',
      'plus(1, "a(" + 2|)',
      'pl|us(1, 2)',
      'plus(people.length * |2)',
      'plus(1, |',
      'plus(\n  1,\n  |',
    ])
      assert.match(await ask(place, 0), /^function plus\(a: number, b: number\): number\n\nAdds\.$/, place);
    for (const place of ['plus(1, 2) |', 'plus(1, 2); |'])
      assert.equal(await ask(place, 0), 'nothing', place);
    assert.match(
      await ask('plus|', 1),
      /Source:\nfunction plus\(a: number, b: number\): number \{\n {2}return a \+ b;\n\}/,
    );
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
    assert.match(await text('twice(', 6), /^const twice: \(n: number\) => number\n\nTwice as much\./);
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
