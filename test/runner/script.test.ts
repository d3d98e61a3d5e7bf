// Percent scripts: read as Jupytext 1.19 reads them (test/full/jupytext.test.ts asks it), run as notebooks.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseScript, RunError } from '../../src/runner/index.js';
import { cellgrad, inFolder } from '../cli/cli.js';

type Read = [type: string, source: string, metadata: object];

const cells = (text: string, file = 'a.ts'): Read[] =>
  parseScript(text, file).notebook.cells.map(({ cell_type, source, metadata }) => [
    cell_type,
    source,
    metadata,
  ]);

const HEADER = `// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//       jupytext_version: 1.19.6
//   kernelspec:
//     display_name: TypeScript (cellgrad)
//     language: typescript
//     name: cellgrad
// ---
`;

describe('a percent script', () => {
  const read: [string, string, Read[]][] = [
    [
      'cells, texts and raw cells, parted by a blank line',
      '// %%\n1\n\n// %% [markdown]\n// # Title\n//\n// Text\n\n// %% [md]\n//close\n// %% [raw]\n// raw\n\n\n// %%\n2\n',
      [
        ['code', '1', {}],
        ['markdown', '# Title\n\nText', {}],
        ['markdown', 'close', { region_name: 'md' }],
        ['raw', 'raw', {}],
        ['code', '2', {}],
      ],
    ],
    [
      'titles and metadata',
      '// %% A title tags=["parameters"] n=1.5 flag=False name="x = y" vscode={"languageId": "typescript"}\n1\n// %% tags=[\'a\']\n2\n// %% Old {"a": 1}\n3\n// %% one two\n4',
      [
        [
          'code',
          '1',
          {
            title: 'A title',
            tags: ['parameters'],
            n: 1.5,
            flag: false,
            name: 'x = y',
            vscode: { languageId: 'typescript' },
          },
        ],
        ['code', '2', { tags: ['a'] }],
        ['code', '3', { title: 'Old', a: 1 }],
        ['code', '4', { title: 'one two' }],
      ],
    ],
    [
      'magics behind `//`, and cells of another language',
      '// %%\n// %time f()\n// %%time is no cell\n// a comment of 50 %\n// %who // noescape\n// %% language="bash" magic_args="-e"\n// echo 1\n',
      [
        ['code', '%time f()\n%%time is no cell\n// a comment of 50 %\n// %who // noescape', {}],
        ['code', '%%bash -e\necho 1', {}],
      ],
    ],
    [
      'code before the first cell',
      'const a = 1;\n// %%\na',
      [
        ['code', 'const a = 1;', {}],
        ['code', 'a', {}],
      ],
    ],
    ['Windows’ line ends and a byte order mark', '\uFEFF// %%\r\na\r\nb\r\n', [['code', 'a\nb', {}]]],
    [
      'a block of code in a text',
      '// %% [markdown]\n// ```\n// %%\n// ```\n',
      [['markdown', '```\n%%\n```', {}]],
    ],
    [
      'cells for the notebook or the script alone',
      '// %% active="ipynb"\n// notebook()\n// %% tags=["active-ts"]\nscript()',
      [
        ['code', 'notebook()', { active: 'ipynb' }],
        ['raw', 'script()', { tags: ['active-ts'] }],
      ],
    ],
    ['nothing', '', []],
  ];
  for (const [what, text, expected] of read) it(`${what}`, () => assert.deepEqual(cells(text), expected));

  it('its header is the notebook’s metadata; what isn’t Jupyter’s is a raw cell', () => {
    const text = `#!/usr/bin/env -S cellgrad run\n// -*- coding: utf-8 -*-\n${HEADER.replace('// jupyter', '// title: Films\n// jupyter')}\n// %%\n1\n`;
    const { notebook } = parseScript(text, 'a.ts');
    const kernelspec = {
      display_name: 'TypeScript (cellgrad)',
      language: 'typescript',
      name: 'cellgrad',
    };
    assert.deepEqual(notebook.metadata, { kernelspec });
    assert.deepEqual(
      notebook.cells.map(({ source }) => source),
      ['---\ntitle: Films\n---', '1'],
    );
    assert.deepEqual(parseScript('// %%\n1', 'a.ts').notebook.metadata, { kernelspec });
  });

  const refused: [string, string, RegExp][] = [
    [
      'of the light format',
      HEADER.replace('percent', 'light'),
      /^a\.ts is a script of Jupytext's light format; .*"jupytext --to ts:percent" converts it\.$/,
    ],
    [
      'whose header is no YAML',
      '// ---\n// jupyter:\n//   a: [1\n// ---\n',
      /^a\.ts:\d: the header isn't YAML: [^\n]+\.$/,
    ],
  ];
  for (const [what, text, message] of refused)
    it(`${what} is refused in a sentence`, () => {
      assert.throws(
        () => parseScript(text, 'a.ts'),
        (error) => error instanceof RunError && message.test(error.message),
      );
    });
});

describe('cellgrad run script.ts', function () {
  this.timeout(120_000);

  const run = (text: string, args: string[] = [], name = 'n.ts') =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, name), text);
      const ended = await cellgrad(['run', name, ...args], { cwd: folder });
      const out = (file: string): string => readFileSync(join(folder, 'out', file), 'utf8');
      return { ...ended, notebook: out('n.ipynb'), page: out('n.html') };
    });

  const SCRIPT = `${HEADER}
// %% [markdown]
// # Films

// %% tags=["parameters"]
const epochs: number = 3;

// %%
// %time epochs
const fail = (n: number): number => {
  if (n > 3) throw new Error('too many');
  return n;
};

// %%
console.log('ran', epochs);
fail(epochs)
`;

  it('writes the notebook and the page, with the parameters given', async () => {
    const { code, stderr, notebook, page } = await run(SCRIPT, ['--param', 'epochs=2']);
    assert.equal(code, 0, stderr);
    assert.match(page, /<h1[^>]*>Films/);
    const { cells } = JSON.parse(notebook) as {
      cells: { cell_type: string; outputs?: { text?: string[]; data?: object }[]; metadata: object }[];
    };
    assert.deepEqual(
      cells.map(({ cell_type }) => cell_type),
      ['markdown', 'code', 'code', 'code', 'code'],
    );
    assert.deepEqual(cells[2].metadata, { tags: ['injected-parameters'] });
    assert.match(cells[3].outputs![0].text![0], /Wall time/);
    assert.deepEqual(cells[4].outputs, [
      { output_type: 'stream', name: 'stdout', text: ['ran 2\n'] },
      { output_type: 'execute_result', data: { 'text/plain': ['2'] }, metadata: {}, execution_count: 4 },
    ]);
  });

  it('an error has the script’s file and line, also one thrown in an earlier cell', async () => {
    const { code, stderr } = await run(SCRIPT, ['--param', 'epochs=4']);
    assert.equal(code, 1);
    const at = (text: string): number => SCRIPT.split('\n').findIndex((line) => line.includes(text)) + 1;
    const thrown = at('too many');
    assert.match(
      stderr,
      RegExp(
        `^n\\.ts:${at('fail(epochs)')}, cell 4 \\(thrown in n\\.ts:${thrown}, cell 3\\): Error: too many$`,
        'm',
      ),
    );
    assert.match(stderr, RegExp(`^  > ${thrown} │   if \\(n > 3\\) throw`, 'm'));
  });

  it('so have a syntax error and a cell that takes too long', async () => {
    const syntax = await run('// %%\n1\n// %%\n\nconst = 2;\n');
    assert.match(syntax.stderr, /^n\.ts:5, cell 2: SyntaxError: /m);
    const slow = await run('// %%\n1\n// %%\nawait new Promise(() => {});\n', ['--timeout', '1'], 'n.mts');
    assert.equal(slow.code, 1);
    assert.match(slow.stderr, /^n\.mts:4, cell 2: it ran longer than the limit of 1 s\./m);
  });

  it('a script that isn’t there is named', async () => {
    const { code, stderr } = await cellgrad(['run', 'none.ts']);
    assert.deepEqual([code, stderr], [1, 'There is no script none.ts.\n']);
  });
});
