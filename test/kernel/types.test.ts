// Types checked on demand: what stops or warns, and what must not.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestKernel } from './client.js';

describe('types', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-types-'));
  let kernel: TestKernel;
  before(async () => {
    writeFileSync(join(folder, 'mine.ts'), 'export const twice = (n: number): number => n * 2;\n');
    mkdirSync(join(folder, 'node_modules', 'untyped'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'untyped', 'index.js'), 'exports.f = () => 7;\n');
    writeFileSync(join(folder, 'data.json'), '{ "rows": [1, 2] }\n');
    kernel = await TestKernel.start({ cwd: folder });
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });

  it('are not checked unless asked', async () => {
    assert.equal((await kernel.run('const loose: number = "text"; loose')).result, "'text'");
    assert.equal((await kernel.run('%types')).stdout, 'Type checks: off\n');
  });

  it('on: an error stops the cell, before anything runs', async () => {
    await kernel.run('%types on');
    const { error, stdout, reply } = await kernel.run('console.log("ran");\nconst n: number =\n  "text";');
    assert.equal(stdout, '');
    assert.equal(error!.ename, 'TypeScriptError');
    assert.equal(error!.evalue, "TS2322: Type 'string' is not assignable to type 'number'.");
    assert.equal(
      error!.traceback.replace(/In\[\d+\]/, 'In[n]'),
      [
        "TS2322: Type 'string' is not assignable to type 'number'.",
        '    at In[n]:2:7',
        '',
        '  1 │ console.log("ran");',
        '> 2 │ const n: number =',
        '    │       ^',
        '  3 │   "text";',
      ].join('\n'),
    );
    assert.equal(reply.status, 'error');
  });

  const wrong: [what: string, cells: string[], message: RegExp][] = [
    [
      'names of earlier cells',
      ['const first: string = "a"', 'const second: number = first'],
      /TS2322.*'string'/,
    ],
    ['the latest declaration', ['const thing = 1', 'const thing = "a"', 'thing.toFixed()'], /TS2551|TS2339/],
    ['the user’s files', ['import { twice } from "./mine"; twice("a")'], /TS2345/],
    ['the kernel’s functions', ['clearOutput(5)'], /TS2559/],
    ['code behind magics', ['!true\n%time parseInt(5)'], /TS2345[^]*:2:16/],
  ];
  for (const [what, cells, message] of wrong)
    it(`know ${what}`, async () => {
      for (const cell of cells.slice(0, -1)) assert.equal((await kernel.run(cell)).error, undefined);
      assert.match((await kernel.run(cells.at(-1)!)).error!.traceback, message);
    });

  const right: [what: string, cells: string[]][] = [
    [
      'a name declared anew with another type',
      ['const again = 1', 'const again = "a"', 'again.toUpperCase()'],
    ],
    [
      'an earlier cell keeps its types',
      ['const base = 1; const sum = base + 1', 'const base = "a"', 'sum.toFixed()'],
    ],
    [
      'class, interface and enum anew',
      [
        'class K { a = 1 }; interface I { a: 1 }; enum E { A }',
        'class K { b = 2 }; interface I { b: 2 }; enum E { B }',
        'const i: I = { b: 2 }; [new K().b, E.B, i]',
      ],
    ],
    ['assignment to an earlier variable', ['let count = 0', 'count += 1; count++']],
    [
      'top-level await',
      ['const awaited = await Promise.resolve(1)\nfor await (const x of [1]) x', 'awaited.toFixed()'],
    ],
    [
      'the kernel’s functions',
      ['display(1).update(2); clearOutput({ wait: true }); if (false) (await input("?")).trim()'],
    ],
    ['last results', ['5', '_ + __']],
    [
      'packages without types',
      ['import { f } from "untyped"; f().anything; import * as untyped from "untyped"'],
    ],
    [
      'JSON, require, import = require',
      [
        'import data from "./data.json" with { type: "json" }; data.rows[0]',
        'const os = require("os"); os.cpus()',
        'import path = require("node:path"); path.sep',
      ],
    ],
    ['import.meta', ['import.meta.dirname + import.meta.url']],
    [
      'Node’s globals',
      [
        'process.cwd(); Buffer.from("a"); setTimeout(() => 0, 0); new URL("file:///"); fetch; structuredClone(1); performance.now()',
      ],
    ],
    ['parameters without a type', ['function untypedParameter(x) { return x * 2 }', 'untypedParameter(2)']],
    [
      'a file run in the notebook',
      [
        '%%writefile ran.ts\nimport { twice } from "./mine";\nexport const fromRun = twice(3);',
        '%run ran.ts',
        'fromRun.toFixed()',
      ],
    ],
    ['using', ['{ using held = { [Symbol.dispose]() {} } }']],
  ];
  for (const [what, cells] of right)
    it(`find no fault with ${what}`, async () => {
      for (const cell of cells) assert.equal((await kernel.run(cell)).error?.traceback, undefined, cell);
    });

  it('see an edit of the user’s file', async () => {
    writeFileSync(join(folder, 'edited.ts'), 'export const value: number = 1;\n');
    assert.equal((await kernel.run('import { value } from "./edited"; value.toFixed()')).error, undefined);
    await new Promise((resolve) => setTimeout(resolve, 600));
    writeFileSync(join(folder, 'edited.ts'), 'export const value: string = "a";\n');
    const { error } = await kernel.run('import { value } from "./edited"; value.toFixed()');
    assert.match(error!.traceback, /TS2551|TS2339/);
  });

  it('warn: says so under the cell, which runs', async () => {
    await kernel.run('%types warn');
    const { result, stderr, error } = await kernel.run('const warned: number = "text"; warned');
    assert.deepEqual([result, error], ["'text'", undefined]);
    assert.match(
      stderr,
      /TS2322.*: Type 'string' is not assignable to type 'number'\.\n {4}at In\[\d+\]:1:7\n/,
    );
  });

  it('refuse other words', async () =>
    assert.match(
      (await kernel.run('%types maybe')).error!.evalue,
      /%types takes on, warn or off, not 'maybe'\./,
    ));

  it('follow CELLGRAD_TYPES from the start', async () => {
    const strict = await TestKernel.start({ cwd: folder, env: { CELLGRAD_TYPES: 'on' } });
    try {
      assert.equal((await strict.run('const n: number = "text"')).error!.ename, 'TypeScriptError');
    } finally {
      await strict.stop();
    }
  });
});
