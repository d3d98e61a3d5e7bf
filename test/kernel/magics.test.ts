// Magics: which lines are some, and what they do.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMagics, withoutMagics } from '../../src/kernel/magics/find.js';
import { names } from '../../src/kernel/magics/install.js';
import { TestKernel, type Execution } from './client.js';

const known = names((name) => ['ready', 'b', 'Array', 'who'].includes(name));

/** A zombie isn't. */
const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('where magics are', () => {
  /** Each with its mark, name and argument. */
  const found = (source: string): string[] =>
    findMagics(source, known).map(({ kind, name, argument }) =>
      `${kind} ${name} ${source.slice(argument.start, argument.end)}`.trim(),
    );
  const cells: [what: string, source: string, magics: string[]][] = [
    ['a line', '%whos', ['line whos']],
    ['after statements', 'const x = 1;\n%whos number\nx', ['line whos number']],
    ['after a statement without semicolon', 'f()\n%whos', ['line whos']],
    ['a remainder that goes on below', 'a\n%b', []],
    ['a remainder of an existing variable', 'f()\n%who', []],
    ['a magic all the same where a remainder can’t be', 'f();\n%who', ['line who']],
    ['a remainder with a space', 'a\n% whos', []],
    ['inside brackets', 'f(\n%whos\n)', []],
    ['after an operator', 'const x =\n!ls', []],
    ['in a template', 'const t = `\n%whos\n!ls\n`', []],
    ['in a template’s expression', '`${\n!ls\n}`', []],
    ['after a template', '`${1}`\n%whos', ['line whos']],
    ['in a comment', '/*\n%whos\n!ls\n*/\n// %who', []],
    ['after a regular expression with a bracket', 'const r = /[(]`/;\n!ls', ['shell shell ls']],
    ['in a block', 'if (x) {\n  !ls\n}', ['shell shell ls']],
    ['after a block', 'for (;;) {}\n%whos', ['line whos']],
    ['a command', '!ls -la | head', ['shell shell ls -la | head']],
    ['a command in two lines', '!echo a \\\n  b\n1', ['shell shell echo a \\\n  b']],
    [
      'a command with quotes that JavaScript would not close',
      "!echo it's\n%whos",
      ["shell shell echo it's", 'line whos'],
    ],
    ['negations', '!ready\n!(a)\n!!a\n!await f()\n!Array.isArray(x)\n!ready && f()', []],
    ['a negation of what the cell declares', 'const done = 1;\n!done', []],
    [
      'code to the end of its brackets',
      '%time f({\n  a: 1,\n}) // why\n%whos',
      ['line time f({\n  a: 1,\n})', 'line whos'],
    ],
    ['code that goes on with a dot', '%time f()\n  .g()\n2', ['line time f()\n  .g()']],
    ['a cell', '\n%%bash -x\necho', ['cell bash -x']],
    ['a question', 'parseInt?', ['inspect inspect parseInt']],
    ['a question about a member', 'x;\nfs.readFile??\n', ['inspect source fs.readFile']],
    ['a question before', '?parseInt', ['inspect inspect parseInt']],
    ['a conditional expression', 'a?\n  b : c', []],
    ['a conditional expression below', 'a\n?b\n:c', []],
    ['an optional call', 'a?.b', []],
  ];
  for (const [what, source, magics] of cells) it(what, () => assert.deepEqual(found(source), magics));

  it('are blanked out, place for place, but code stays', () =>
    assert.equal(
      withoutMagics('!ls\n%time f(1)\n%timeit -n 5 g()\n%whos', known),
      '   \n      f(1)\n             g()\n     ',
    ));
});

describe('magics', function () {
  this.timeout(120_000);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellgrad-magics-')));
  let kernel: TestKernel;
  let answer = 'n';
  before(async () => {
    kernel = await TestKernel.start({ cwd: folder, answer: () => answer });
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });
  const run = async (code: string): Promise<Execution> => {
    const execution = await kernel.run(code);
    assert.equal(execution.error?.traceback, undefined);
    return execution;
  };
  const failure = async (code: string): Promise<string> => {
    const { error } = await kernel.run(code);
    assert.ok(error, `${code} has no error`);
    return error.traceback.replace(/In\[\d+\]/g, 'In[n]');
  };

  describe('%time', () => {
    it('gives the value and prints the time', async () => {
      const { stdout, result } = await run('%time await new Promise<number>((r) => setTimeout(r, 30, 41))');
      assert.equal(result, '41');
      const [, ms] = /^Wall time: ([\d.]+) ms, processor: .* \(user .*, system .*\)\n$/.exec(stdout)!;
      assert.ok(Number(ms) >= 29 && Number(ms) < 500, ms);
    });
    it('declares in the notebook', async () => {
      assert.equal((await run('%time const timed: number = 5')).result, undefined);
      assert.equal((await run('timed')).result, '5');
    });
    it('parenthesised expressions and comments are expressions', async () => {
      assert.equal((await run('%time (1, 2); // two')).result, '2');
      assert.equal((await run('%time 3 // three')).result, '3');
    });
    it('between other statements, each with its own time', async () => {
      const { stdout, result } = await run('let n = 0;\n%time n++\n%time n++\nn');
      assert.deepEqual([stdout.match(/Wall time/g)!.length, result], [2, '2']);
    });
    it('of a cell, imports and all', async () => {
      const { stdout, result } = await run(
        '%%time\nimport { sep } from "node:path";\nenum Timed { A = 7 }\nTimed.A + sep.length // eight',
      );
      assert.equal(result, '8');
      assert.match(stdout, /^Wall time: /);
    });
    it('errors keep the place', async () => {
      assert.match(await failure('%%time\n1;\n  throw new Error("x")'), /^Error: x\n {4}at In\[n\]:3:9\n/);
      assert.match(await failure('1;\n%time throw new Error("y")'), /^Error: y\n {4}at In\[n\]:2:13\n/);
      assert.match(await failure('!true\n%time 1\nlet = = 3'), /^SyntaxError: .*\n {4}at In\[n\]:3:\d+\n/);
    });
  });

  describe('%timeit', () => {
    const measured =
      /^([\d.]+) (ns|µs|ms|s) ± [\d.]+ \S+ per loop \(mean ± standard deviation of (\d+) runs?, ([\d,]+) loops? each\)\n$/;
    it('chooses how often', async () => {
      const { stdout } = await run('let count = 0;\n%timeit count++; JSON.parse("[1, 2, 3, [4, 5, 6]]")');
      const [, , , runs, loops] = measured.exec(stdout)!;
      assert.equal(runs, '7');
      const n = Number(loops.replaceAll(',', ''));
      assert.equal(Math.log10(n) % 1, 0);
      assert.ok(n >= 10_000);
      // each trial of a power of ten, and the seven runs
      assert.equal((await run('count')).result, String(7 * n + (n * 10 - 1) / 9).replace(/\.\d+$/, ''));
    });
    it('waits for await', async () => {
      const { stdout } = await run('%timeit -n 3 -r 2 await new Promise((r) => setTimeout(r, 20))');
      const [, time, unit, runs, loops] = measured.exec(stdout)!;
      assert.deepEqual([unit, runs, loops], ['ms', '2', '3']);
      assert.ok(Number(time) >= 19 && Number(time) < 60, time);
    });
    it('of a cell, prepared by its first line', async () => {
      await run('let prepared = 0');
      const { stdout } = await run('%%timeit -n 10 -r 3 const step = 2\nprepared += step\n// done');
      assert.match(stdout, measured);
      assert.equal((await run('prepared')).result, '60');
    });
    it('is interrupted', async () => {
      const { done } = kernel.submit('%timeit await new Promise((r) => setTimeout(r, 20))');
      await new Promise((r) => setTimeout(r, 200));
      await kernel.interrupt();
      assert.equal((await done).error!.ename, 'KernelInterrupt');
    });
    it('refuses what it does not know', async () => {
      assert.match(await failure('%timeit -x 3 f()'), /^MagicError: %timeit knows the options -n/);
      assert.match(await failure('%timeit'), /^MagicError: %timeit needs code to run\.\n {4}at In\[n\]:1:1/);
    });
  });

  describe('!command and %%bash', () => {
    it('streams while it runs', async () => {
      const { id, done } = kernel.submit('!echo one; sleep 1; echo two');
      await kernel.until(({ parent, content }) => parent.msg_id === id && content.text === 'one\n');
      assert.deepEqual(kernel.of(id).filter(({ header }) => header.msg_type === 'stream').length, 1);
      assert.equal((await done).stdout, 'one\ntwo\n');
    });
    it('has the kernel’s folder and environment', async () => {
      const { stdout } = await run('process.env.CELLGRAD_TRIED = "yes";\n!pwd; echo $CELLGRAD_TRIED');
      assert.equal(stdout, `${folder}\nyes\n`);
    });
    it('says how a failing one ended, and the cell goes on', async () => {
      const { stderr, result } = await run('!echo bad >&2; exit 3\n"on"');
      assert.deepEqual([stderr, result], ['bad\n[exit code 3]\n', "'on'"]);
    });
    it('ends at an interrupt, with what it has started', async () => {
      const { id, done } = kernel.submit('!sleep 77 & echo $!; sleep 60');
      const shown = await kernel.until(
        ({ parent, header }) => parent.msg_id === id && header.msg_type === 'stream',
      );
      const begun = performance.now();
      await kernel.interrupt();
      assert.equal((await done).error!.ename, 'KernelInterrupt');
      assert.ok(performance.now() - begun < 3000);
      await new Promise((r) => setTimeout(r, 100));
      if (process.platform === 'linux') assert.ok(!isRunning(String(shown.content.text).trim()));
    });
    it('does not wait for what goes on in the background', async () => {
      const begun = performance.now();
      await run('!sleep 5 &');
      assert.ok(performance.now() - begun < 3000);
    });
    it('inserts the values of expressions, and leaves to the shell what is its own', async () => {
      await run('const name = "Ada Love"; const list = [1, 2]; const at = { x: { y: 3 } };');
      const said = async (line: string): Promise<string> => (await run(line)).stdout.trimEnd();
      assert.equal(
        await said('!echo {name} {list.length + 1} {at.x.y} "{list.map((n) => ({ n }).n * 2)}"'),
        'Ada Love 3 3 2,4',
      );
      assert.equal(await said('!X=5; echo ${X} {none} {} {{name}}'), '5 {none} {} {name}');
      assert.equal(await said("!echo a b | awk '{print $2}'"), 'b');
      if (process.platform === 'linux') assert.equal(await said('!bash -c "echo {a,b} {1..3}"'), 'a b 1 2 3');
      assert.match(await failure('!echo {at.none.y}'), /^TypeError: Cannot read properties of undefined/);
      assert.equal(await said('const folder = "/";\n%cd {folder}'), '/');
      await run(`%cd ${folder}`);
    });
    it('a script’s output goes into variables', async () => {
      const { stdout, stderr } = await run('%%bash --out found --err said one two\necho "$2"; echo no >&2');
      assert.deepEqual([stdout, stderr], ['', '']);
      assert.equal((await run('[found, said]')).result, "[ 'two\\n', 'no\\n' ]");
      assert.match((await run('%who')).stdout, /found/);
    });
    it('a script has its arguments; one that fails is an error', async () => {
      assert.equal((await run('%%bash a b\nx=5\necho "$2 $x"')).stdout, 'b 5\n');
      assert.match(await failure('%%bash\nexit 4'), /^MagicError: The bash script failed: exit code 4\./);
    });
  });

  describe('variables', () => {
    it('%who, %whos and %reset', async () => {
      answer = 'y';
      await run('%reset');
      await run(
        'const text = "a"; let list = [1, 2]; class Kind {} function act() {} const t = { shape: [2, 3], dtype: "float32" }; import { sep } from "node:path"; interface None {}',
      );
      assert.equal((await run('%who')).stdout, 'Kind  act  list  sep  t  text\n');
      assert.equal((await run('%who string')).stdout, 'sep  text\n');
      const { stdout } = await run('%whos');
      assert.match(stdout, /^Name {2}Type {6}Value\n-+\nKind {2}class {5}\[class Kind\]\n/);
      assert.match(stdout, /\nlist {2}Array {5}2 items: \[ 1, 2 \]\n[^]*\nt {5}Object {4}2×3 float32\n/);
      answer = 'n';
      assert.match((await run('%reset')).stdout, /Nothing was forgotten/);
      assert.equal((await run('text')).result, "'a'");
      assert.equal((await run('%reset -f')).stdout, 'Forgot 6 variables.\n');
      assert.equal(
        (await run('[typeof text, typeof act, typeof Kind].join()')).result,
        "'undefined,undefined,undefined'",
      );
      assert.match(await failure('list'), /^ReferenceError: list is not defined/);
      assert.equal((await run('text = 5; text')).result, '5');
    });
    it('%reset gives back what a cell had covered', async () => {
      await run('const display = 1; const fetch = 2');
      await run('%reset -f');
      assert.equal((await run('typeof display + typeof fetch')).result, "'functionfunction'");
    });
    it('%reset does nothing unasked where nobody answers', async () => {
      const { error } = await kernel.run('%reset', { allow_stdin: false });
      assert.match(error!.evalue, /%reset -f forgets at once/);
    });
    it('%reset forgets in completion too', async () => {
      await run('const vanishing = 1');
      const asked = { code: 'vanish', cursor_pos: 6 };
      assert.deepEqual((await kernel.ask('complete_request', asked)).matches, ['vanishing']);
      await run('%reset -f');
      assert.deepEqual((await kernel.ask('complete_request', asked)).matches, []);
    });
    it('_, __ and ___ are the last results', async () => {
      await run('11');
      await run('12');
      await run('const quiet = 13');
      assert.equal((await run('_ + __')).result, '23');
      assert.equal((await run('[_, __, ___].join()')).result, "'23,12,11'");
    });
    it('a _ of the user’s stays', async () => {
      await run('const _ = "mine"');
      await run('14');
      assert.equal((await run('_')).result, "'mine'");
      await run('%reset -f');
      await run('15');
      assert.equal((await run('_')).result, '15');
      await run('globalThis._ = "assigned"');
      await run('16');
      assert.equal((await run('_')).result, "'assigned'");
    });
  });

  describe('files', () => {
    it('%run evaluates in the notebook’s scope, with the file’s own imports and lines', async () => {
      mkdirSync(join(folder, 'lib'));
      writeFileSync(join(folder, 'lib', 'deep.ts'), 'export const deep: number = 9;\n');
      writeFileSync(
        join(folder, 'lib', 'script.ts'),
        'import { deep } from "./deep";\nconst fromFile: number = deep + outer;\nimport.meta.dirname\n',
      );
      await run('const outer = 1');
      assert.equal((await run('%run lib/script.ts')).result, undefined);
      assert.equal((await run('fromFile')).result, '10');
      writeFileSync(
        join(folder, 'bad.ts'),
        'interface A { a: 1 }\nfunction bad(): never {\n  throw new Error("in file");\n}\nbad();\n',
      );
      const text = await failure('1;\n%run bad.ts');
      assert.match(text, /^Error: in file\n {4}at bad \(file:.*bad\.ts:3:9\)\n {4}at file:.*bad\.ts:5:1/);
      assert.match(text, /> 3 │ {3}throw new Error/);
      writeFileSync(join(folder, 'syntax.ts'), 'const ok = 1;\nconst = 2;\n');
      assert.match(
        await failure('%run syntax.ts'),
        /^SyntaxError: .*\n {4}at file:.*syntax\.ts:2:7\n[^]*> 2 │ const = 2;/,
      );
      assert.match(await failure('%run none.ts'), /^MagicError: There is no file .*none\.ts\.\n/);
    });
    it('%run runs a notebook’s code', async () => {
      const cells = [
        { cell_type: 'markdown', source: '# no' },
        { cell_type: 'code', source: ['const fromNotebook = 3;\n', '!echo ran'] },
      ];
      writeFileSync(join(folder, 'other.ipynb'), JSON.stringify({ cells }));
      assert.equal((await run('%run other.ipynb\nfromNotebook')).stdout, 'ran\n');
    });
    it('%load puts a file into the cell', async () => {
      writeFileSync(join(folder, 'part.ts'), 'const part = 1;\n');
      const { reply } = await run('%load part.ts');
      const text = '// %load part.ts\nconst part = 1;\n';
      assert.deepEqual(reply.payload, [{ source: 'set_next_input', text, replace: true }]);
    });
    it('exit and quit end a console, as long as they are no variables', async () => {
      for (const code of ['exit', 'quit()', ' exit ;\n'])
        assert.deepEqual((await run(code)).reply.payload, [{ source: 'ask_exit', keepkernel: false }], code);
      assert.match(await failure('exit + 1'), /^ReferenceError: exit is not defined/);
      const { result, reply } = await run('const quit = () => 7;\nquit()');
      assert.deepEqual([result, reply.payload], ['7', []]);
      assert.deepEqual((await run('quit()')).reply.payload, []);
    });
    it('%%writefile, %cd and %pwd', async () => {
      await run('%%writefile written.txt\n!not a command\n%whos');
      assert.equal(readFileSync(join(folder, 'written.txt'), 'utf8'), '!not a command\n%whos\n');
      await run('%cd lib');
      assert.equal((await run('%pwd')).result, `'${join(folder, 'lib')}'`);
      assert.equal((await run('import { deep as d } from "./lib/deep"; d')).result, '9');
      await run('%cd ..');
      assert.match(await failure('%cd nowhere'), /^MagicError: There is no folder/);
    });
    it('%env', async () => {
      assert.equal((await run('%env CELLGRAD_SET=a b')).stdout, 'CELLGRAD_SET=a b\n');
      assert.equal((await run('%env CELLGRAD_SET')).result, "'a b'");
      assert.match(await failure('%env CELLGRAD_NONE'), /no variable CELLGRAD_NONE/);
    });
  });

  describe('%npm install', () => {
    it('installs a package that can be imported at once, and runs no install script', async () => {
      const packed = join(folder, 'packed');
      mkdirSync(packed);
      const manifest = {
        name: 'tiny-one',
        version: '1.0.0',
        main: 'start.js',
        scripts: { postinstall: 'touch ran' },
      };
      writeFileSync(join(packed, 'package.json'), JSON.stringify(manifest));
      writeFileSync(join(packed, 'start.js'), 'exports.tiny = 42;\n');
      assert.match(await failure('await import("tiny-one")'), /^ImportError: Cannot find package 'tiny-one'/);
      assert.match(await failure('require("tiny-one")'), /Cannot find module/);
      const { stdout } = await run(
        `!cd packed && npm pack --silent\n%npm install ./packed/tiny-one-1.0.0.tgz --offline\nimport { tiny } from "tiny-one"; console.log(tiny, require("tiny-one").tiny)`,
      );
      assert.match(stdout, /No package\.json from .* upward: created one there\.\n[^]*42 42\n$/);
      assert.ok(existsSync(join(folder, 'node_modules', 'tiny-one')));
      assert.ok(!existsSync(join(folder, 'node_modules', 'tiny-one', 'ran')));
      assert.match(readFileSync(join(folder, 'package.json'), 'utf8'), /"tiny-one"/);
    });
    it('says so when it fails', async () => {
      const text = await failure('%npm install ./no-such-folder --offline');
      assert.match(text, /^MagicError: npm install failed \(\d+\) in /);
    });
  });

  describe('help', () => {
    it('name? tells of a name in the pager', async () => {
      await run('/** Adds one. */ const addOne = (n: number) => n + 1;');
      for (const asked of ['addOne?', '?addOne']) {
        const { reply } = await run(asked);
        const [{ source, data }] = reply.payload as { source: string; data: Record<string, string> }[];
        assert.equal(source, 'page');
        assert.match(data['text/plain'], /^const addOne: \(n: number\) => number\n\nAdds one\./);
      }
      assert.match(await failure('noSuchName?'), /^MagicError: Nothing is known about 'noSuchName'\./);
    });
    it('%help and %lsmagic list all', async () => {
      for (const asked of ['%help', '%lsmagic'])
        assert.match((await run(asked)).stdout, /%timeit[^]*%npm install PACKAGE[^]*%whos/);
    });
    it('unknown ones name those near', async () => {
      assert.match(
        await failure('1;\n%tmie 1'),
        /^MagicError: There is no magic %tmie\. Near: %time.* %lsmagic lists all\.\n {4}at In\[n\]:2:1\n/,
      );
      assert.match(await failure('%%npm\nx'), /^MagicError: %npm is for a line; there is no %%npm\./);
      assert.match(
        await failure('1;\n%%bash\nx'),
        /^MagicError: %%bash is for a whole cell and must stand on its first line\./,
      );
    });
    it('completes their names', async () => {
      const { matches, cursor_start } = await kernel.ask('complete_request', {
        code: 'x;\n%who',
        cursor_pos: 7,
      });
      assert.deepEqual([matches, cursor_start], [['%who', '%whos'], 3]);
    });
    it('%history shows the cells', async () => {
      await run('const historical = 1');
      assert.match(
        (await run('%history 2')).stdout,
        /\nconst historical = 1\n\n\/\/ In\[\d+\]\n%history 2\n$/,
      );
    });
  });

  for (const [status, codes] of Object.entries({
    complete: ['%whos', '!ls', 'x?', '%time f()', '%%bash\nls\n', '%%time\n1\n'],
    incomplete: ['%time f(', '%%bash\nls', '!ls\nif (x) {'],
  }))
    for (const code of codes)
      it(`${JSON.stringify(code)} is ${status}`, async () =>
        assert.equal((await kernel.ask('is_complete_request', { code })).status, status));
});
