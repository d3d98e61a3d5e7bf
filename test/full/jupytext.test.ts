// Percent scripts beside Jupytext itself: it makes the same cells of a script, and script and notebook run to the same outputs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseScript } from '../../src/runner/index.js';
import { cellgrad } from '../cli/cli.js';
import { code, markdown, sample, tagged } from '../runner/samples.js';

const venv = process.env.CELLGRAD_VENV;

interface Notebook {
  cells: { cell_type: string; source: string[]; metadata: Record<string, unknown>; outputs?: unknown[] }[];
}

const NOTEBOOK = sample([
  markdown('# Größe\n\nText with `code`\n\n- item\n\n```mermaid\n%% a comment\n```'),
  tagged('const epochs: number = 3;', 'parameters'),
  code(
    '// a comment of 50 %\nfunction area(a: number, b: number) {\n\n  return a * b;\n}\n\n\nconsole.log(epochs)',
    {
      metadata: {
        name: 'area',
        jupyter: { source_hidden: true },
        n: 1.5,
        vscode: { languageId: 'typescript' },
      },
    },
  ),
  '%who\n!echo from the shell\narea(2, epochs)',
  '%%bash\necho one # two\n\necho three',
  markdown('Tagged', { metadata: { tags: ['a', 'b'] } }),
  { cell_type: 'raw', source: 'raw // text', metadata: {} },
  code('"title"', { metadata: { title: 'A title of words' } }),
  '',
]);

/** By hand, with what Jupytext never writes and yet reads. */
const SCRIPT = `#!/usr/bin/env node
// ---
// title: Front
// jupyter:
//   kernelspec:
//     name: cellgrad
//     language: typescript
//     display_name: TypeScript (cellgrad)
// author: me
// ---

const before = 1;
//%% close tags=['p'] flag=True
before
// %% [md] a="x=y" b
//text
// ~~~
// %%
// ~~~
// %%%% deep
  // %time 1 + 1

  // %% indented
  2
// %% active="ipynb"
// 3
// %% active="ts"
4
// %% tags=["active-ipynb"]
// 5
// %% Old {"a": 1, "tags": ["x"]}
6
// %% language="html" magic_args="--isolated"
// <b>7</b>
// %% wrong=[1, 2
8
// In[9]:
9
// %%time
10


// %%

`;

describe('percent scripts beside Jupytext', function () {
  this.timeout(300_000);
  let folder: string;
  before(function () {
    if (!venv) {
      console.log('      skipped: Jupytext is not here; npm run test:full installs it');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-jupytext-'));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  const jupytext = (...args: string[]): void =>
    void execFileSync(join(venv!, 'bin', 'jupytext'), args, { cwd: folder, stdio: 'pipe' });
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

  /** What Jupytext makes of a script, but for its own notes on blank lines. */
  const theirs = (script: string): unknown[] => {
    jupytext('--from', 'ts:percent', '--to', 'ipynb', '--output', 'theirs.ipynb', script);
    const { cells } = JSON.parse(read('theirs.ipynb')) as Notebook;
    return cells.map(({ cell_type, source, metadata: { lines_to_next_cell: _, ...metadata } }) => ({
      cell_type,
      source: source.join(''),
      metadata,
    }));
  };
  const ours = (script: string): unknown[] =>
    parseScript(read(script), script).notebook.cells.map(({ cell_type, source, metadata }) => ({
      cell_type,
      source,
      metadata,
    }));

  it('reads what Jupytext wrote, and what was written by hand, as Jupytext does', () => {
    writeFileSync(join(folder, 'n.ipynb'), NOTEBOOK);
    jupytext('--to', 'ts:percent', 'n.ipynb');
    assert.deepEqual(ours('n.ts'), theirs('n.ts'));
    assert.ok(ours('n.ts').length >= 9);
    writeFileSync(join(folder, 'hand.ts'), SCRIPT);
    assert.deepEqual(ours('hand.ts'), theirs('hand.ts'));
  });

  it('runs the notebook, the script made of it, and the notebook made of that to the same outputs', async () => {
    jupytext('--to', 'ipynb', '--output', 'back.ipynb', 'n.ts');
    const seen: unknown[][] = [];
    for (const file of ['n.ipynb', 'n.ts', 'back.ipynb']) {
      const args = ['run', file, '--param', 'epochs=4', '--output', 'done.ipynb'];
      const { code, stderr } = await cellgrad(args, { cwd: folder });
      assert.equal(code, 0, stderr);
      const { cells } = JSON.parse(read('done.ipynb')) as Notebook;
      seen.push(cells.filter(({ cell_type }) => cell_type === 'code').map(({ outputs }) => outputs));
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(seen[2], seen[0]);
    assert.match(JSON.stringify(seen[0]), /from the shell.*"8".*three/);
  });
});
