// `cellgrad run` from outside: what it writes, says and leaves behind, whatever a cell does.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelArguments } from '../../src/cli/spawn.js';
import { parseNotebook, runNotebook } from '../../src/runner/index.js';
import { cellgrad, inFolder, start } from '../cli/cli.js';
import { code, markdown, sample, tagged, type SampleCell } from './samples.js';

interface Written {
  cells: {
    id: string;
    cell_type: string;
    source: string[];
    metadata: { tags?: string[] };
    execution_count: number | null;
    outputs: {
      output_type: string;
      text?: string[];
      data?: Record<string, string[]>;
      ename?: string;
      evalue?: string;
    }[];
  }[];
}

const read = (folder: string, name = 'n'): Written =>
  JSON.parse(readFileSync(join(folder, 'out', `${name}.ipynb`), 'utf8')) as Written;

/** Cells that tell where their kernel's process is. */
const TELL = 'require("fs").writeFileSync("pid", String(process.pid))';

function isAlive(folder: string): boolean {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

describe('cellgrad run', function () {
  this.timeout(120_000);

  /** A folder with the notebook `n.ipynb` in it, and a temporary folder of its own. */
  const withNotebook = (
    cells: (SampleCell | string)[],
    work: (folder: string, where: { cwd: string; env: NodeJS.ProcessEnv }) => Promise<void>,
  ): Promise<void> =>
    inFolder(async (folder) => {
      const env = { TMPDIR: join(folder, 'tmp') };
      mkdirSync(env.TMPDIR);
      writeFileSync(join(folder, 'n.ipynb'), sample(cells));
      await work(folder, { cwd: folder, env });
      if (existsSync(join(folder, 'pid'))) assert.equal(isAlive(folder), false, 'no kernel is left');
      assert.deepEqual(readdirSync(env.TMPDIR), [], 'no temporary file is left');
      const out = existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')) : [];
      assert.deepEqual(
        out.filter((name) => name.endsWith('.tmp')),
        [],
      );
    });

  it('works in the notebook’s folder, and says where it was called', () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, 'sub'));
      writeFileSync(
        join(folder, 'sub', 'n.ipynb'),
        sample(['console.log(process.cwd()); console.log(process.env.CELLGRAD_CALLED_IN)']),
      );
      await cellgrad(['run', 'sub/n.ipynb'], { cwd: folder });
      const [{ outputs }] = read(folder).cells;
      const [cwd, called] = outputs[0].text!.join('').trim().split('\n');
      assert.equal(realpathSync(cwd), realpathSync(join(folder, 'sub')));
      assert.equal(realpathSync(called), realpathSync(folder));
    }));

  it('writes notebook and page, with every kind of output where it belongs', () =>
    withNotebook(
      [
        markdown('# A title'),
        tagged('const epochs: number = 3;', 'parameters'),
        TELL,
        'console.log("a"); console.log("b"); console.error("c"); epochs * 2',
        'const first = display("one", { id: "mine" });',
        'first.update("two"); display("three"); display(new Map([[1, 2]]))',
        'console.log("gone"); clearOutput({ wait: true }); console.log("kept")',
        'console.log("gone"); clearOutput();',
        'process.cwd()',
        '',
      ],
      async (folder, where) => {
        const { code, stdout, stderr } = await cellgrad(['run', 'n.ipynb', '--param', 'epochs=4'], where);
        assert.equal(code, 0, stderr);
        assert.equal(stdout, `Notebook: ${join('out', 'n.ipynb')}\nReport:   ${join('out', 'n.html')}\n`);
        assert.match(stderr, /^\[1\/9\] A title · [\d.]+ s$/m);
        assert.equal(stderr.trim().split('\n').length, 9);
        const { cells } = read(folder);
        assert.deepEqual(
          cells.map((cell) => cell.execution_count ?? null),
          [null, 1, 2, 3, 4, 5, 6, 7, 8, 9, null],
        );
        assert.equal(cells[1].id, 'cell-1');
        assert.deepEqual(cells[2].metadata.tags, ['injected-parameters']);
        assert.deepEqual(cells[4].outputs, [
          { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] },
          { output_type: 'stream', name: 'stderr', text: ['c\n'] },
          { output_type: 'execute_result', data: { 'text/plain': ['8'] }, metadata: {}, execution_count: 4 },
        ]);
        assert.deepEqual(
          cells[5].outputs.map(({ data }) => data),
          [{ 'text/plain': ['two'] }],
          'the display was updated where it stood',
        );
        assert.equal(cells[6].outputs.length, 2);
        assert.deepEqual(
          cells[7].outputs.map(({ text }) => text),
          [['kept\n']],
        );
        assert.deepEqual(cells[8].outputs, []);
        assert.deepEqual(cells[9].outputs[0].data, { 'text/plain': [`'${folder}'`] });
        const html = readFileSync(join(folder, 'out', 'n.html'), 'utf8');
        assert.match(html, /<title>A title<\/title>/);
      },
    ));

  it('stops at a cell that fails, says where, and writes what is done', () =>
    withNotebook(
      [
        TELL,
        'const a = 1;\nconst b = a +\n  (undefined as any).x;',
        code('3', { outputs: [{ output_type: 'stream', name: 'stdout', text: 'old' }] }),
      ],
      async (folder, where) => {
        const { code, stdout, stderr } = await cellgrad(['run', 'n.ipynb'], where);
        assert.equal(code, 1);
        assert.match(stdout, /Notebook: /);
        assert.match(
          stderr,
          /^Cell 2, line 3: TypeError: Cannot read properties of undefined \(reading 'x'\)$/m,
        );
        assert.match(stderr, /^ {2}> 3 │ {3}\(undefined as any\)\.x;$/m);
        assert.doesNotMatch(stderr, /^\s+at /m);
        const { cells } = read(folder);
        assert.equal(cells[1].outputs[0].ename, 'TypeError');
        assert.deepEqual([cells[2].execution_count, cells[2].outputs], [null, []], 'no stale output stays');
      },
    ));

  it('says that a cell can’t be parsed, and in which line', () =>
    withNotebook(['1', 'const a = 1;\nconst = 2;'], async (_, where) => {
      const { code, stderr } = await cellgrad(['run', 'n.ipynb'], where);
      assert.equal(code, 1);
      assert.match(stderr, /^Cell 2, line 2: SyntaxError: /m);
    }));

  it('goes on with --allow-errors, and past a cell that is meant to fail', () =>
    withNotebook(
      [tagged('throw new Error("meant")', 'raises-exception'), 'throw new Error("second")', '"end"'],
      async (folder, where) => {
        const allowed = await cellgrad(['run', 'n.ipynb', '--allow-errors'], where);
        assert.equal(allowed.code, 0);
        assert.match(allowed.stderr, /^Cell 2, line 1: Error: second$/m);
        assert.doesNotMatch(allowed.stderr, /meant$/m);
        assert.deepEqual(read(folder).cells[2].outputs[0].data, { 'text/plain': ["'end'"] });
        const strict = await cellgrad(['run', 'n.ipynb'], where);
        assert.equal(strict.code, 1);
        assert.equal(read(folder).cells[2].execution_count, null);
      },
    ));

  it('says an error that nobody waited for', () =>
    withNotebook(
      [
        'setTimeout(() => { throw new Error("late") }, 20)',
        'await new Promise((done) => setTimeout(done, 300))',
      ],
      async (_, where) => {
        const { code, stderr } = await cellgrad(['run', 'n.ipynb'], where);
        assert.equal(code, 1);
        assert.match(stderr, /^Cell 1, line 1: Error: late$/m);
      },
    ));

  it('has no keyboard to ask', () =>
    withNotebook(['await input("name?")'], async (_, where) => {
      const { code, stderr } = await cellgrad(['run', 'n.ipynb'], where);
      assert.equal(code, 1);
      assert.match(stderr, /^Cell 1, line 1: Error: input\(\) needs a front end that can ask/m);
    }));

  it('ends a cell at its --timeout and keeps what it printed', () =>
    withNotebook([TELL, 'console.log("begun"); while (true);', '3'], async (folder, where) => {
      const { code, stderr } = await cellgrad(['run', 'n.ipynb', '--timeout', '4'], where);
      assert.equal(code, 1);
      assert.match(stderr, /^Cell 2: it ran longer than the limit of 4 s\.$/m);
      const { cells } = read(folder);
      assert.deepEqual(cells[1].outputs[0].text, ['begun\n']);
      assert.equal(cells[1].outputs.at(-1)!.ename, 'Timeout');
      assert.equal(cells[2].execution_count, null);
    }));

  it('kills a kernel that can’t be interrupted', () =>
    withNotebook([], async (folder) => {
      const notebook = parseNotebook(
        sample([
          TELL,
          'require("child_process").execFileSync(process.execPath, ["-e", "setTimeout(() => {}, 60000)"])',
          '3',
        ]),
        'n',
      );
      const options = { kernel: kernelArguments(), folder, timeout: 4, grace: 0.5, allowErrors: true };
      const { failures, ran, complete, notebook: after } = await runNotebook(notebook, options);
      assert.deepEqual([ran, complete], [2, false]);
      assert.match(failures[0].message, /^Cell 2: it ran longer than the limit of 4 s\. It did not end when/);
      assert.equal(after.cells[1].outputs!.at(-1)!.output_type, 'error');
    }));

  it('says that the kernel died, and in which cell', () =>
    withNotebook(
      [TELL, 'console.log("last"); process.kill(process.pid, "SIGKILL"); while (true);'],
      async (folder, where) => {
        const { code, stderr } = await cellgrad(['run', 'n.ipynb', '--allow-errors'], where);
        assert.equal(code, 1);
        assert.match(stderr, /^Cell 2: the kernel ended while it ran\. It was killed \(SIGKILL\)/m);
        assert.equal(read(folder).cells[1].outputs.at(-1)!.ename, 'DeadKernel');
      },
    ));

  it('says that memory ran out', () =>
    withNotebook(['const a: unknown[] = [];\nwhile (true) a.push({ a: [1, 2, 3] });'], async (_, where) => {
      const env = { ...where.env, NODE_OPTIONS: '--max-old-space-size=400' };
      const { code, stderr } = await cellgrad(['run', 'n.ipynb'], { ...where, env });
      assert.equal(code, 1);
      assert.match(stderr, /^Cell 1: OutOfMemory: The cell took most of the \d+ MB/m);
    }));

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    it(`ends in good order at ${signal}`, async function () {
      if (process.platform === 'win32') this.skip(); // has no such signals
      await withNotebook([TELL, 'console.log("begun"); while (true);', '3'], async (folder, where) => {
        const running = start(['run', 'n.ipynb', '--verbose'], where);
        await running.says('begun');
        running.child.kill(signal);
        const { code, stdout, stderr } = await running.ended;
        assert.equal(code, expected);
        assert.match(stderr, /^Interrupted in cell 2\.$/m);
        assert.match(stdout, /Notebook: /);
        const { cells } = read(folder);
        assert.deepEqual(cells[1].outputs[0].text, ['begun\n']);
        assert.equal(cells[1].outputs[1].ename, 'KernelInterrupt');
        assert.equal(cells[2].execution_count, null);
      });
    });

  it('leaves no kernel behind at a second Ctrl-C, nor when it is killed itself', async function () {
    if (process.platform === 'win32') this.skip(); // has no such signals
    const endless = 'console.log("begun"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)';
    await withNotebook([TELL, endless], async (folder, where) => {
      const running = start(['run', 'n.ipynb', '--verbose'], where);
      await running.says('begun');
      running.child.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 300));
      running.child.kill('SIGINT');
      assert.equal((await running.ended).code, 130);
      assert.equal(isAlive(folder), false);
    });
    await withNotebook([TELL, 'console.log("begun"); while (true);'], async (folder, where) => {
      const running = start(['run', 'n.ipynb', '--verbose'], where);
      await running.says('begun');
      running.child.kill('SIGKILL');
      await running.ended;
      // it looks for its parent once a second, and gives the cell a moment to end
      for (let i = 0; i < 100 && isAlive(folder); i++)
        await new Promise((resolve) => setTimeout(resolve, 100));
    });
  });

  it('says before the run that the results can’t be written', () =>
    withNotebook([TELL], async (folder, where) => {
      writeFileSync(join(folder, 'file'), '');
      for (const [args, message] of [
        [['--output', 'file/n.ipynb'], /can't be written: a part of the path is a file, not a folder\.$/m],
        [['--html', '.'], /is a folder, so no file can be written there; name a file in it\.$/m],
      ] as const) {
        const { code, stdout, stderr } = await cellgrad(['run', 'n.ipynb', ...args], where);
        assert.equal(code, 1);
        assert.match(stderr, message);
        assert.equal(stdout, '');
      }
      const same = await cellgrad(['run', 'n.ipynb', '--output', 'x', '--html', './x'], where);
      assert.deepEqual([same.code, same.stderr], [2, '--output and --html name the same file.\n']);
      assert.equal(existsSync(join(folder, 'pid')), false, 'no cell has run');
    }));

  it('says that a parameter is unknown, or that there is no notebook', () =>
    withNotebook([tagged('const epochs = 3', 'parameters')], async (folder, where) => {
      const unknown = await cellgrad(['run', 'n.ipynb', '--param', 'epoch=1'], where);
      assert.equal(unknown.code, 2);
      assert.match(unknown.stderr, /^The notebook has no parameter "epoch"\. Did you mean "epochs"\?/);
      const none = await cellgrad(['run', 'none.ipynb'], where);
      assert.deepEqual([none.code, none.stderr], [1, 'There is no notebook none.ipynb.\n']);
      assert.equal(existsSync(join(folder, 'out')), false);
    }));
});
