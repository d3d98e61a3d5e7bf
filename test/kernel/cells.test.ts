// What a cell is: TypeScript with top-level await, redeclaration, a result, streams, errors with its own lines.

import assert from 'node:assert/strict';
import { TestKernel } from './client.js';

describe('cells', () => {
  let kernel: TestKernel;
  before(async () => void (kernel = await TestKernel.start()));
  after(() => kernel.stop());

  const result = async (code: string): Promise<string | undefined> => {
    const { result, error } = await kernel.run(code);
    assert.equal(error, undefined);
    return result;
  };

  describe('results', () => {
    const shown: [code: string, text: string | undefined][] = [
      ['1 + 2', '3'],
      ['"text"', "'text'"],
      ['({ a: 1, b: [1, 2, 3] })', '{ a: 1, b: [ 1, 2, 3 ] }'],
      ['-0', '-0'],
      ['10n', '10n'],
      ['null', 'null'],
      ['undefined', undefined],
      ['const quiet = 1;', undefined],
      ['if (true) 5', undefined],
      ['// nothing', undefined],
      ['', undefined],
      ['display("shown already")', undefined],
      ['1;;', '1'],
    ];
    for (const [code, text] of shown)
      it(`${code || '(empty)'} gives ${text}`, async () => assert.equal(await result(code), text));

    it('counts cells, but not those that are empty or leave no history', async () => {
      const count = async (code: string, extra = {}): Promise<unknown> =>
        (await kernel.run(code, extra)).reply.execution_count;
      const first = Number(await count('1'));
      assert.equal(await count('  '), first);
      assert.equal(await count('2', { store_history: false }), first);
      assert.equal(await count('3'), first + 1);
    });

    it('is not shown for a silent cell, whose variables stay', async () => {
      const { results, reply } = await kernel.run('var hushed = 5; hushed', { silent: true });
      assert.deepEqual([reply.status, results.length], ['ok', 0]);
      assert.equal(await result('hushed'), '5');
    });

    it('user expressions are answered one by one', async () => {
      const { reply } = await kernel.run('const u = 4', {
        user_expressions: { good: 'u * 2', bad: 'nowhere' },
      });
      const { good, bad } = reply.user_expressions as Record<string, Record<string, unknown>>;
      assert.deepEqual(good, { status: 'ok', data: { 'text/plain': '8' }, metadata: {} });
      assert.equal(bad.ename, 'ReferenceError');
    });
  });

  describe('TypeScript', () => {
    const cells: [what: string, code: string, text: string][] = [
      ['types', 'interface P { n: number }\nconst p: P = { n: 2 } satisfies P;\np.n as number', '2'],
      ['generics', 'const id = <T,>(x: T): T => x; id<number>(5)', '5'],
      ['enums', 'enum Kind { A, B = 5 }\nKind.B', '5'],
      ['const enums', 'const enum Fixed { A = 3 }\nFixed.A', '3'],
      ['namespaces', 'namespace N { export const q = 1 }\nN.q', '1'],
      ['parameter properties', 'class Box { constructor(readonly x: number) {} }\nnew Box(4).x', '4'],
      [
        'decorators',
        'function tag(c: unknown, _: unknown) { return c }\n@tag class Tagged {}\nTagged.name',
        "'Tagged'",
      ],
      ['import = require', 'import path = require("node:path"); path.sep.length', '1'],
      ['exports', 'export const out = 3; export default out', '3'],
    ];
    for (const [what, code, text] of cells) it(what, async () => assert.equal(await result(code), text));

    it('an enum of an earlier cell is there', async () =>
      assert.equal(await result('Fixed.A + Kind.B'), '8'));
  });

  describe('top-level await', () => {
    it('waits', async () => {
      assert.equal(
        await result('const waited = await new Promise<number>((r) => setTimeout(r, 5, 41)); waited + 1'),
        '42',
      );
    });
    it('works in for await', async () => {
      const { stdout } = await kernel.run(
        'async function* g() { yield 1; yield 2 }\nfor await (const x of g()) console.log(x)',
      );
      assert.equal(stdout, '1\n2\n');
    });
  });

  describe('redeclaration', () => {
    const kinds = [
      'const it1 = 1',
      'let it1 = 2',
      'var it1 = 3',
      'class it1 {}',
      'function it1() {}',
      'const { it1 } = { it1: 4 }',
      'const [it1] = [5]',
    ];
    for (const before of kinds)
      it(`any kind may follow "${before}"`, async () => {
        for (const next of kinds) {
          await result(before);
          await result(next);
        }
      });
    it('let without a value starts as undefined', async () => {
      await result('let again = 1');
      assert.equal(await result('let again; typeof again'), "'undefined'");
    });
    it('a constant can be declared again but not assigned', async () => {
      await result('const fixed = 1');
      const { error } = await kernel.run('\nfixed = 2');
      assert.match(
        error!.traceback,
        /^TypeError: Assignment to constant variable 'fixed'\.\n {4}at In\[\d+\]:2:1\n/,
      );
      assert.equal(await result('{ const fixed = 9 }; fixed'), '1');
      assert.equal(await result('let fixed = 3; fixed = 4; fixed'), '4');
    });
  });

  describe('streams', () => {
    it('console and process.stdout arrive once, in order', async () => {
      const { stdout, stderr } = await kernel.run(
        'console.log("one"); process.stdout.write("two\\n"); console.info("three %d", 3); console.error("bad"); process.stderr.write("worse"); 0',
      );
      assert.deepEqual([stdout, stderr], ['one\ntwo\nthree 3\n', 'bad\nworse']);
    });
    it('a flood arrives whole', async () => {
      const { stdout } = await kernel.run('for (let i = 0; i < 20000; i++) console.log(i)');
      assert.equal(stdout, Array.from({ length: 20000 }, (_, i) => `${i}\n`).join(''));
    });
    it('results and displays stay between what was printed before and after', async () => {
      const { messages } = await kernel.run('console.log("a"); display("b"); console.log("c"); "d"');
      const types = messages
        .map(({ header }) => header.msg_type)
        .filter((type) => !/status|input/.test(type));
      assert.deepEqual(types, ['stream', 'display_data', 'stream', 'execute_result']);
    });
    it('what a timer prints after its cell belongs to that cell', async () => {
      const { id, done } = kernel.submit('setTimeout(() => console.log("late"), 60); 0');
      await done;
      await result('"another cell"');
      const late = await kernel.until(({ content }) => content.text === 'late\n');
      assert.equal(late.parent.msg_id, id);
    });
  });

  describe('errors', () => {
    const failure = async (code: string): Promise<string> => {
      const { error, reply } = await kernel.run(code);
      assert.equal(reply.status, 'error');
      return error!.traceback.replace(/In\[\d+\]/g, 'In[n]');
    };

    it('show the line of the cell and what is around it', async () => {
      assert.equal(
        await failure(
          'type T = number;\nfunction boom(n: T): never {\n  throw new TypeError(`BOOM ${n}`);\n}\nboom(3)',
        ),
        [
          'TypeError: BOOM 3',
          '    at boom (In[n]:3:9)',
          '    at In[n]:5:1',
          '',
          '  1 │ type T = number;',
          '  2 │ function boom(n: T): never {',
          '> 3 │   throw new TypeError(`BOOM ${n}`);',
          '    │         ^',
          '  4 │ }',
        ].join('\n'),
      );
    });
    it('after an await, too', async () => {
      const text = await failure(
        'const late = async () => {\n  await null;\n  throw new RangeError("late");\n};\nawait late();',
      );
      assert.match(text, /^RangeError: late\n {4}at late \(In\[n\]:3:9\)\n {4}at async In\[n\]:5:1\n/);
    });
    it('in code that had to be generated, and behind rewritten imports', async () => {
      assert.match(await failure('enum Z {\n  A,\n}\n\nthrow new Error("x")'), /at In\[n\]:5:7\n/);
      assert.match(
        await failure('import { sep } from "node:path"; class Q {} throw new Error("x")'),
        /at In\[n\]:1:51\n/,
      );
      assert.match(
        await failure('@tag\nclass D {\n  m() {\n    throw new Error("m");\n  }\n}\nnew D().m()'),
        /at D\.m \(In\[n\]:4:11\)/,
      );
    });
    it('of syntax show the place', async () => {
      assert.equal(
        await failure('let ok = 1;\nconst const = 3'),
        'SyntaxError: Expected ident\n    at In[n]:2:7\n\n  1 │ let ok = 1;\n> 2 │ const const = 3\n    │       ^',
      );
      assert.match(await failure('people.'), /^SyntaxError: .*\n {4}at In\[n\]:1:/);
    });
    it('made by the program that the cell runs are not the cell’s syntax', async () => {
      assert.match(
        await failure('\nJSON.parse("{bad")'),
        /^SyntaxError: .*JSON.*\n {4}at JSON\.parse .*\n {4}at In\[n\]:2:6\n/,
      );
    });
    it('name their causes', async () => {
      const text = await failure('throw new Error("outer", { cause: new Error("inner") })');
      assert.match(text, /^Error: outer\n[^]*\[cause\]: Error: inner/);
    });
    it('may be anything', async () => {
      assert.equal(await failure('throw "text"'), "Thrown: 'text'");
      assert.equal(await failure('throw null'), 'Thrown: null');
      assert.equal(await failure('throw { a: 1 }'), 'Thrown: { a: 1 }');
      assert.match(await failure('throw Object.freeze(new Error("frozen"))'), /^Error: frozen/);
    });
    it('that throw when they are looked at end their cell too', async () => {
      const unseen =
        /^Thrown: what was thrown throws an error itself when it is looked at\n {4}at In\[n\]:1:/;
      const traps = ['get', 'getPrototypeOf', 'ownKeys', 'has', 'getOwnPropertyDescriptor'];
      for (const thrown of [
        `new Proxy({}, Object.fromEntries(${JSON.stringify(traps)}.map((trap) => [trap, () => { throw 1 }])))`,
        'new (class extends Error { get message() { throw new Error("no message") } })()',
      ])
        assert.match(await failure(`throw ${thrown}`), unseen);
      assert.match(await failure('throw Object.assign(new Error("odd"), { stack: 5 })'), /5/);
      const text = await failure(
        'Promise.resolve().then(() => { throw new Proxy({}, {}) }); throw Error("x")',
      );
      assert.match(text, /^Error: x/);
    });
    it('that a cell prints, keeps or reads have its own lines, and no frame of the kernel', async () => {
      const {
        stderr,
        stdout,
        result: shown,
      } = await kernel.run(
        `interface Gone { a: 1 }
         enum Made { A }
         let kept: unknown; try { throw new TypeError('caught', { cause: new Error('why') }) } catch (e) { kept = e; console.error(e); console.log((e as Error).stack) }
         [new Error('a value')]`,
      );
      const frames = (text: string): string[] => text.match(/at .*:\d+:\d+/g) ?? [];
      assert.deepEqual(
        frames(stderr).map((frame) => frame.replace(/In\[\d+\]/, 'In[n]')),
        ['at In[n]:3:41', 'at In[n]:3:74'],
      );
      assert.deepEqual(frames(stdout), frames(stderr).slice(0, 1));
      assert.match(stdout, /^TypeError: caught\n/);
      assert.match(shown!, /^\[\n {2}Error: a value\n {6}at In\[\d+\]:4:11\n\]$/);
      for (let i = 0; i < 2; i++) assert.match(await failure('throw kept'), /at In\[n\]:3:41/);
      const own = await kernel.run(
        'import { readFileSync as read } from "node:fs"; try { read("", { encoding: "no" as any }) } catch (e) { console.log((e as Error).stack) }',
      );
      assert.match(
        own.stdout,
        /^TypeError \[ERR_INVALID_ARG_VALUE\]: The argument [^]* {4}at In\[\d+\]:1:55\n$/,
      );
    });
    it('hold no frame of the kernel or of Node', async () => {
      const text = await failure('await Promise.reject(new Error("rejected"))');
      assert.deepEqual(text.match(/^ +at .*/gm), ['    at In[n]:1:22']);
    });
    for (const [what, code] of [
      ['a timer', 'setTimeout(() => { throw new Error("uncaught-1") }, 20); 0'],
      ['a rejected promise', 'void Promise.reject(new Error("uncaught-2")); 0'],
      [
        'an event',
        'import { EventEmitter } from "node:events"; setTimeout(() => new EventEmitter().emit("error", new Error("uncaught-3")), 20); 0',
      ],
    ])
      it(`of ${what} are shown under their cell, and the kernel lives`, async () => {
        const { id, done } = kernel.submit(code);
        await done;
        const shown = await kernel.until(
          ({ header, parent }) => header.msg_type === 'error' && parent.msg_id === id,
        );
        assert.match(String(shown.content.evalue), /^uncaught-\d$/);
        assert.equal(await result('1'), '1');
      });
    it('are shown although a cell has removed all listeners', async () => {
      await kernel.run(
        'process.removeAllListeners("uncaughtException"); for (const each of process.listeners("unhandledRejection")) process.off("unhandledRejection", each); 0',
      );
      for (const code of [
        'setTimeout(() => { throw new Error("heard") }, 1); 0',
        'void Promise.reject(new Error("heard")); 0',
      ]) {
        const { id } = kernel.submit(code);
        await kernel.until(({ header, parent }) => header.msg_type === 'error' && parent.msg_id === id);
      }
      await kernel.run('process.removeAllListeners(); 0');
      const { id } = kernel.submit('setTimeout(() => { throw new Error("heard") }, 1); 0');
      await kernel.until(({ header, parent }) => header.msg_type === 'error' && parent.msg_id === id);
    });
    it('process.exit ends neither kernel nor data', async () => {
      await result('const kept = 5');
      assert.match(
        await failure('process.exit(3)'),
        /^ProcessExit: process\.exit\(3\) does not end the kernel/,
      );
      assert.equal(await result('kept'), '5');
    });
    it('endless recursion ends', async () => {
      assert.match(
        await failure('function f(): number { return f() + 1 }\nf()'),
        /^RangeError: Maximum call stack/,
      );
    });
  });
});
