// The debugger, as JupyterLab uses it: debug_request on control, debug_event on iopub.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel, type Execution } from './client.js';
import { Client, lines } from './debugger-client.js';

describe('debugger', () => {
  let kernel: TestKernel;
  let client: Client;
  let folder: string;
  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellgrad-debugger-')));
    kernel = await TestKernel.start({ cwd: folder });
    client = new Client(kernel);
  });
  beforeEach(() => client.attach());
  afterEach(async () => {
    await client.ask('disconnect');
    await kernel.interrupt(); // whatever a failed test has left
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ok = async (done: Promise<Execution>): Promise<Execution> => {
    const end = await done;
    assert.equal(end.reply.status, 'ok', end.error?.traceback);
    return end;
  };

  it('stops at a breakpoint in a cell, by the lines of its TypeScript', async () => {
    const code = lines(
      'interface Point { x: number; y: number }',
      'enum Side { Left, Right }',
      'type Pair = [Point, Point];',
      '',
      'function length(p: Point): number {',
      '  const square: number = p.x * p.x + p.y * p.y;',
      '  return Math.sqrt(square);',
      '}',
      'const side = Side.Right;',
      'length({ x: 3, y: 4 })',
    );
    const { path, lines: at } = await client.breakAt(code, 6, 8);
    assert.deepEqual(at, [6, 9]);
    const { done } = kernel.submit(code);
    const [top, ...below] = await client.stopped('breakpoint');
    assert.deepEqual([top.line, top.source.path, below.length], [9, path, 0]);
    assert.match(top.name, /^In\[\d+\]$/);
    await client.continue();
    const frames = await client.stopped('breakpoint');
    assert.deepEqual(
      frames.map(({ line }) => line),
      [6, 10],
    );
    assert.equal(frames[0].name, 'length');
    const { Locals } = await client.scopes(frames[0]);
    assert.equal(Locals.p.value, '{ x: 3, y: 4 }');
    await client.continue();
    assert.equal((await ok(done)).result, '5');
  });

  it('steps over awaits, into functions of other cells, and out; never into the kernel', async () => {
    await ok(kernel.run(lines('async function other(n: number) {', '  await null;', '  return n + 1;', '}')));
    const code = lines(
      'let total = 0;',
      'total += await other(1);',
      'await new Promise((resolve) => setTimeout(resolve, 20));',
      'console.log(total);',
      'total',
    );
    await client.breakAt(code, 1);
    const { done } = kernel.submit(code);
    const [first] = await client.stopped('breakpoint');
    assert.equal(first.line, 1);
    assert.equal((await client.step('next')).line, 2);
    const inside = await client.step('stepIn');
    assert.deepEqual([inside.name, inside.line], ['other', 2]);
    assert.equal((await client.step('next')).line, 3);
    assert.ok((await client.step('stepOut')).line >= 2);
    let at = 2;
    while (at < 4) at = (await client.step('next')).line;
    assert.equal(await client.evaluate('total'), '2');
    at = (await client.step('stepIn')).line; // console.log is not the user's
    assert.ok(at >= 4);
    await client.continue();
    assert.equal((await ok(done)).result, '2');
  });

  it('a step past the end of a cell ends it, and stops in no other cell', async () => {
    const code = 'let last = 1;\nlast + 1';
    await client.breakAt(code, 2);
    const { done } = kernel.submit(code);
    await client.stopped('breakpoint');
    await client.ask('next');
    assert.equal((await ok(done)).result, '2');
    assert.equal((await ok(kernel.run('last + 2'))).result, '3');
  });

  it('shows values, and changes them, which changes the outcome', async () => {
    const code = lines(
      'class Film { constructor(public id: number, readonly side: "L" | "R") {} get twice() { return this.id * 2; } }',
      'function work(count: number) {',
      '  const films = new Map([["a", new Film(1, "L")]]);',
      '  const numbers = Float32Array.from({ length: 25000 }, (_, i) => i);',
      '  const list = [1, 2, { deep: [3] }];',
      '  for (let i = 0; i < 1; i++) {',
      '    count += i;',
      '  }',
      '  return count * list.length + (films.get("a")?.id ?? 0);',
      '}',
      'work(5)',
    );
    await client.breakAt(code, 7, 9);
    const { done } = kernel.submit(code);
    let [frame] = await client.stopped('breakpoint');
    const { Locals, Globals } = await client.scopes(frame);
    assert.deepEqual(Object.keys(Locals).sort(), ['count', 'films', 'i', 'list', 'numbers']);
    assert.deepEqual([Locals.count.value, Locals.count.type], ['5', 'number']);
    assert.equal(Locals.count.variablesReference, 0);
    assert.ok('Film' in Globals && !('process' in Globals));

    const parts = await client.inside(Locals.numbers.variablesReference);
    assert.deepEqual(Object.keys(parts), ['[0…9999]', '[10000…19999]', '[20000…24999]', 'length']);
    const part = await client.inside(parts['[20000…24999]'].variablesReference);
    assert.equal(
      (await client.inside(Object.values(part).at(-1)!.variablesReference))['24999'].value,
      '24999',
    );
    const page = await client.inside(Locals.numbers.variablesReference, {
      filter: 'indexed',
      start: 7,
      count: 2,
    });
    assert.deepEqual(
      Object.values(page).map(({ name, value }) => [name, value]),
      [
        ['7', '7'],
        ['8', '8'],
      ],
    );

    const entries = await client.inside(Locals.films.variablesReference);
    const entry = await client.inside(entries["'a'"].variablesReference);
    const film = await client.inside(entry.value.variablesReference);
    assert.deepEqual([film.id.value, film.side.value, film.twice.value], ['1', "'L'", '(…)']);
    assert.equal((await client.inside(film.twice.variablesReference)).value.value, '2');
    const list = await client.inside(Locals.list.variablesReference);
    const object = await client.inside(list['2'].variablesReference);
    assert.equal((await client.inside(object.deep.variablesReference))['0'].value, '3');

    await client.ask('setVariable', {
      variablesReference: entry.value.variablesReference,
      name: 'id',
      value: '100',
    });
    const { scopes } = await client.ask<{ scopes: { name: string; variablesReference: number }[] }>(
      'scopes',
      {
        frameId: frame.id,
      },
    );
    const locals = scopes.find(({ name }) => name === 'Locals')!.variablesReference;
    const set = await client.ask('setVariable', {
      variablesReference: locals,
      name: 'count',
      value: '10 as number',
    });
    assert.equal(set.value, '10');
    assert.match(
      await client.refused('setVariable', { variablesReference: locals, name: 'absent', value: '1' }),
      /no variable absent/,
    );
    assert.equal((await client.inside(locals)).count.value, '10');
    assert.equal(await client.evaluate('list.push(4)', frame), '4');
    assert.match(
      await client.refused('evaluate', { expression: 'nothing.here', frameId: frame.id }),
      /nothing is not defined/,
    );
    await client.continue();
    [frame] = await client.stopped('breakpoint');
    assert.equal(frame.line, 9);
    assert.match(await client.refused('scopes', { frameId: 1 }), /no frame 1 /);
    await client.continue();
    assert.equal((await ok(done)).result, '140');
  });

  it('knows conditions, hit counts and log messages', async () => {
    const code = 'let sum = 0;\nfor (let i = 0; i < 10; i++) {\n  sum += i;\n  void sum;\n}\nsum';
    await client.breakAt(code, { line: 3, condition: 'i === 7' }, { line: 4, hitCondition: '9' });
    let { done } = kernel.submit(code);
    let [frame] = await client.stopped('breakpoint');
    assert.equal(await client.evaluate('i', frame), '7');
    await client.continue();
    [frame] = await client.stopped('breakpoint');
    assert.deepEqual([frame.line, await client.evaluate('i', frame)], [4, '8']);
    await client.breakAt(code, { line: 3, logMessage: 'i is {i} of {[sum]}', condition: 'i > 8' });
    await client.continue();
    assert.deepEqual([(await ok(done)).result, (await done).stdout], ['45', 'i is 9 of [ 36 ]\n']);
    ({ done } = kernel.submit(code));
    await ok(done);
    const { sourcePath: path } = await client.ask('dumpCell', { code });
    assert.match(
      await client.refused('setBreakpoints', {
        source: { path },
        breakpoints: [{ line: 3, hitCondition: 'often' }],
      }),
      /"often" must be a number/,
    );
  });

  it('binds breakpoints to the code: a cell that runs again stops, a changed one does not', async () => {
    const code = 'function again() {\n  return 1;\n}\nagain()';
    await client.breakAt(code, 2);
    for (let i = 0; i < 2; i++) {
      const { done } = kernel.submit(code);
      assert.deepEqual(
        (await client.stopped('breakpoint')).map(({ line }) => line),
        [2, 4],
      );
      await client.continue();
      await ok(done);
    }
    assert.equal((await ok(kernel.run(code.replace('1', '3')))).result, '3');
    await client.breakAt(code);
    await ok(kernel.run(code));
  });

  it('sets breakpoints in a cell that has run, for its functions', async () => {
    const code = '// first\nfunction later(n: number) {\n  return n * 2;\n}';
    await ok(kernel.run(code));
    assert.deepEqual((await client.breakAt(code, 3)).lines, [3]);
    const { done } = kernel.submit('later(4)');
    assert.deepEqual(
      (await client.stopped('breakpoint')).map(({ line }) => line),
      [3, 1],
    );
    await client.continue();
    await ok(done);
  });

  it('stops in the user’s TypeScript and JavaScript files', async () => {
    const file = join(folder, 'helper.ts');
    writeFileSync(
      file,
      lines(
        'import { double } from "./plain.js";',
        'export interface Wanted { n: number }',
        'enum Mode { A, B }',
        '',
        'export function help({ n }: Wanted): number {',
        '  const mode = Mode.B;',
        '  const result: number = double(n);',
        '  return result + mode;',
        '}',
      ),
    );
    const plain = join(folder, 'plain.js');
    writeFileSync(plain, 'export function double(n) {\n  return n * 2;\n}\n');
    assert.deepEqual(await client.breakIn(file, 7, 1), [7, 3]);
    assert.deepEqual(await client.breakIn(plain, 2), [2]);
    const { done } = kernel.submit('import { help } from "./helper";\nhelp({ n: 4 })');
    let frames = await client.stopped('breakpoint');
    assert.deepEqual([frames[0].source.path, frames[0].line], [file, 3]);
    await client.continue();
    frames = await client.stopped('breakpoint');
    assert.deepEqual(
      [frames[0].name, frames[0].source.path, frames[0].line, frames[1].line],
      ['help', file, 7, 2],
    );
    const { Locals } = await client.scopes(frames[0]);
    assert.deepEqual([Locals.n.value, Locals.mode.value], ['4', '1']);
    await client.continue();
    frames = await client.stopped('breakpoint');
    assert.deepEqual([frames[0].source.path, frames[0].line, frames[1].line], [plain, 2, 7]);
    await client.continue();
    assert.equal((await ok(done)).result, '9');
    assert.match(
      String((await client.ask('source', { source: { path: file } })).content),
      /interface Wanted/,
    );
  });

  it('stops in a TypeScript file that is required, by its own lines, and also when it is imported', async () => {
    const file = join(folder, 'needed.ts');
    writeFileSync(
      file,
      lines(
        'import { basename } from "node:path";',
        'enum Side { Left = 1, Right }',
        'export function tripled(n: number): number {',
        '  const times: number = Side.Right + 1;',
        '  return n * times + basename("").length;',
        '}',
      ),
    );
    assert.deepEqual(await client.breakIn(file, 5), [5]);
    for (const code of [
      'require("./needed").tripled(4)',
      'import { tripled } from "./needed";\ntripled(4)',
    ]) {
      const { done } = kernel.submit(code);
      const [frame] = await client.stopped('breakpoint');
      assert.deepEqual([frame.name, frame.source.path, frame.line], ['tripled', file, 5]);
      assert.equal((await client.scopes(frame)).Locals.times.value, '3');
      await client.continue();
      assert.equal((await ok(done)).result, '12');
    }
  });

  it('stops at exceptions: all, or those that nothing catches', async () => {
    const code = lines(
      'function risky(n: number) { if (n < 0) throw new RangeError("negative"); return n; }',
      'try { risky(-1); } catch {}',
      'await null;',
      'risky(-2);',
    );
    await client.ask('setExceptionBreakpoints', { filters: ['uncaught'] });
    let { done } = kernel.submit(code);
    assert.deepEqual(
      (await client.stopped('exception')).map(({ line }) => line),
      [1, 4],
    );
    const info = await client.ask<{ exceptionId: string; description: string; breakMode: string }>(
      'exceptionInfo',
      {
        threadId: 1,
      },
    );
    assert.deepEqual(
      [info.exceptionId, info.description, info.breakMode],
      ['RangeError', 'RangeError: negative', 'unhandled'],
    );
    await client.continue();
    assert.equal((await done).error?.ename, 'RangeError');
    await client.ask('setExceptionBreakpoints', { filters: ['all'] });
    ({ done } = kernel.submit(code));
    for (const line of [2, 4]) {
      assert.equal((await client.stopped('exception'))[1].line, line);
      await client.continue();
    }
    await done;
    await client.ask('setExceptionBreakpoints', { filters: [] });
    assert.equal((await kernel.run(code)).reply.status, 'error');
    assert.match(await client.refused('exceptionInfo', { threadId: 1 }), /not stopped at an exception/);
    assert.match(
      await client.refused('setExceptionBreakpoints', { filters: ['odd'] }),
      /no exception filter "odd"/,
    );
  });

  it('stops in the cell where a package throws what nothing catches', async () => {
    const home = join(folder, 'node_modules', 'strict');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "name": "strict", "main": "index.js" }');
    writeFileSync(
      join(home, 'index.js'),
      'exports.strict = (n) => { if (n < 0) throw new RangeError("n"); return n; };\nexports.lenient = (n) => { try { return exports.strict(n); } catch { return 0; } };\n',
    );
    await client.ask('setExceptionBreakpoints', { filters: ['uncaught'] });
    const code =
      'import { strict, lenient } from "strict";\nlenient(-1);\nawait null;\nlenient(-1);\ntry { strict(-1); } catch {}\nstrict(-1);';
    const { done } = kernel.submit(code);
    assert.deepEqual(
      (await client.stopped('exception')).map(({ line }) => line),
      [6],
    );
    await client.continue();
    assert.equal((await done).error?.ename, 'RangeError');
    const missing = kernel.submit(
      'const { readFileSync } = require("node:fs");\nreadFileSync("/no/such/file");',
    );
    assert.equal((await client.stopped('exception'))[0].line, 2);
    await client.continue();
    assert.match(String((await missing.done).error?.evalue), /ENOENT/);
  });

  it('stops at a debugger statement, and where a running cell is when asked to pause', async () => {
    const first = kernel.submit('1;\ndebugger;\n2');
    assert.equal((await client.stopped('breakpoint'))[0].line, 2);
    await client.continue();
    await ok(first.done);
    const { done } = kernel.submit('let go = true;\nwhile (go) {\n  go = go && true;\n}');
    await kernel.until(
      ({ header, content }) =>
        header.msg_type === 'execute_input' && String(content.code).startsWith('let go'),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.ask('pause', { threadId: 1 });
    const [frame] = await client.stopped('pause');
    assert.ok(frame.line >= 2 && frame.line <= 3);
    await client.evaluate('go = false', frame);
    await client.continue();
    await ok(done);
    await client.ask('pause', { threadId: 1 });
    const next = kernel.submit('interface Nothing {}\nconst n = 1;\nn');
    assert.equal((await client.stopped('pause'))[0].line, 2);
    await client.continue();
    await ok(next.done);
  });

  it('pauses a cell that waits', async () => {
    const { done } = kernel.submit(
      'let wait = true;\nwhile (wait) {\n  await new Promise((resolve) => setTimeout(resolve, 700));\n  void wait;\n}',
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.ask('pause', { threadId: 1 });
    const [frame] = await client.stopped('pause');
    assert.ok(frame.line >= 2 && frame.line <= 4);
    await client.evaluate('wait = false', frame);
    await client.continue();
    await ok(done);
  });

  it('answers everything else while stopped', async () => {
    const code = 'console.log("before");\nconsole.log("just before");\nconst here = 1;';
    await client.breakAt(code, 3);
    const { id, done } = kernel.submit(code);
    await client.stopped('breakpoint');
    await kernel.until(
      ({ parent, content }) => parent.msg_id === id && /just before/.test(String(content.text)),
    );
    assert.ok((await kernel.heartbeat()) < 1000);
    assert.equal((await kernel.ask('kernel_info_request', {}, 'control')).status, 'ok');
    const { matches } = await kernel.ask('complete_request', { code: 'Math.ab', cursor_pos: 7 });
    assert.ok((matches as string[]).includes('abs'));
    const info = await client.ask<{ stoppedThreads: number[]; isStarted: boolean }>('debugInfo');
    assert.deepEqual([info.stoppedThreads, info.isStarted], [[1], true]);
    await client.continue();
    await ok(done);
  });

  it('an interrupt ends a stopped cell, also one with a breakpoint in an endless loop', async () => {
    for (const code of [
      'let n = 0;\nfor (;;) {\n  n++;\n}',
      'for (;;) {\n  await null;\n}',
      'debugger;\nawait new Promise(() => {})',
    ]) {
      await client.breakAt(code, 3 - Number(!code.startsWith('let')));
      const { done } = kernel.submit(code);
      await client.stopped('breakpoint');
      await kernel.interrupt();
      const { error } = await done;
      assert.equal(error?.ename, 'KernelInterrupt');
      await client.event('continued');
    }
    const code = 'const after = 1;\nafter';
    await client.breakAt(code, 2);
    const { done } = kernel.submit(code);
    await client.stopped('breakpoint');
    await client.continue();
    assert.equal((await ok(done)).result, '1');
  });

  it('disconnect lets a stopped cell run on; its breakpoints are gone', async () => {
    const code = 'let turns = 0;\nfor (let i = 0; i < 3; i++) {\n  turns++;\n}\nturns';
    await client.breakAt(code, 3);
    const { done } = kernel.submit(code);
    await client.stopped('breakpoint');
    await client.ask('disconnect', { restart: false, terminateDebuggee: false });
    await client.event('terminated');
    assert.equal((await ok(done)).result, '3');
    assert.equal((await client.ask('debugInfo')).isStarted, false);
    assert.deepEqual((await client.ask('debugInfo')).breakpoints, []);
    await ok(kernel.run(code));
  });

  it('terminate ends a stopped cell', async () => {
    const code = 'let forever = 0;\nfor (;;) {\n  forever++;\n}';
    await client.breakAt(code, 3);
    const { done } = kernel.submit(code);
    await client.stopped('breakpoint');
    await client.ask('terminate');
    assert.equal((await done).error?.ename, 'KernelInterrupt');
  });

  it('copies a local variable to the globals', async () => {
    const code = 'function inner() {\n  const local = { found: 1 };\n  return local;\n}\ninner();';
    await client.breakAt(code, 3);
    const { done } = kernel.submit(code);
    const [frame] = await client.stopped('breakpoint');
    const given = { srcVariableName: 'local', dstVariableName: 'copied', srcFrameId: frame.id };
    await client.ask('copyToGlobals', given);
    assert.match(
      await client.refused('copyToGlobals', { ...given, dstVariableName: 'a b' }),
      /not the name of a variable/,
    );
    await client.continue();
    await ok(done);
    assert.equal((await ok(kernel.run('copied.found'))).result, '1');
  });

  it('refuses what makes no sense, and goes on', async () => {
    for (const content of [
      {},
      { command: 7 },
      { command: 'next', arguments: [] },
      { type: 'event' },
      { command: 'toString' },
    ]) {
      const response = await client.raw({ type: 'request', seq: 'x', ...content } as Json);
      assert.deepEqual([response.type, response.success], ['response', false]);
      assert.ok(response.message);
    }
    for (const [command, given, message] of [
      ['fly', {}, /does not know the command "fly"/],
      ['launch', {}, /send attach/],
      ['dumpCell', {}, /code must be a string; it is missing/],
      ['dumpCell', { code: 5 }, /code must be a string, not 5/],
      ['setBreakpoints', { breakpoints: [] }, /source must be an object/],
      [
        'setBreakpoints',
        { source: { path: '/x.ts' }, breakpoints: [5] },
        /breakpoints must be a list of objects/,
      ],
      [
        'setBreakpoints',
        { source: { path: '/x.ts' }, breakpoints: [{ line: 'one' }] },
        /line must be a number, not "one"/,
      ],
      ['source', { source: { path: '/no/such/file.ts' } }, /There is no source/],
      ['stackTrace', { threadId: 1 }, /not stopped/],
      ['scopes', { frameId: 1 }, /not stopped/],
      ['variables', { variablesReference: 99999 }, /earlier stop/],
      ['variables', {}, /variablesReference must be a number/],
      ['continue', {}, /not stopped/],
      ['next', {}, /not stopped/],
      ['evaluate', { expression: '1 +' }, /SyntaxError/],
      ['evaluate', { expression: 'throw 5' }, /Thrown: 5/],
      ['richInspectVariables', { variableName: 'a.b' }, /not the name/],
    ] as const)
      assert.match(await client.refused(command, given), message);
    const { lines: at } = await client.breakAt('const broken = ;', 1);
    assert.deepEqual(at, [-1]);
    assert.deepEqual((await client.breakAt('const ok = 1;\n// nothing', 2)).lines, [-2]);
    assert.deepEqual(await client.breakIn(join(folder, 'absent.ts'), 1), [-1]);
    assert.equal(await client.evaluate('1 + (await Promise.resolve(1) as number)'), '2');
    assert.equal(await client.evaluate('{ a: 1 }'), '{ a: 1 }');
  });
});
