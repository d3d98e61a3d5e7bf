// The console in cells, beside Node's own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { TestKernel } from './client.js';

const CALLS: Record<string, string> = {
  'log, info and debug': 'console.log("a", 1, { b: [2, null] }); console.info("c"); console.debug(undefined)',
  'warn and error': 'console.warn("w %s", "x"); console.error("e", 7n)',
  formats:
    'console.log("%s %d %i %f %j %o %O %%", "s", 1.5, 1.5, 1.5, { a: 1 }, { a: { b: 1 } }, { a: 1 }, "rest")',
  'styles of a browser, which a terminal does not have': 'console.log("%cred%c plain", "color: red", "")',
  groups:
    'console.group("A"); console.log("x\\ny"); console.group(); console.warn("z"); console.groupEnd(); console.groupCollapsed("B"); console.log(1); console.groupEnd(); console.groupEnd(); console.log("out")',
  tables:
    'console.table([{ a: 1, b: "x" }, { a: 2, c: true }]); console.table([[1, 2], [3, 4]]); console.table(new Map([["k", 1]])); console.table([{ a: 1, b: 2 }], ["b"]); console.table(5)',
  counts:
    'console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.countReset("none")',
  assert:
    'console.assert(true, "no"); console.assert(false, "said %s", "so"); console.assert(false); console.assert(0, { a: 1 })',
  'dir and dirxml':
    'console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: null }); console.dirxml({ a: 1 }, [2])',
  'timers that do not exist': 'console.timeEnd("none"); console.timeLog("none")',
  'odd values':
    'console.log(new Proxy({}, {}), Symbol("s"), -0, new Map([[1, new Set([2])]]), [, 1], class A {}, function f() {}, new Date(0), /x/g, new Error("m").message, Buffer.from("ab"), new Float32Array(2))',
  streams:
    'process.stdout.write("one "); process.stdout.write(Buffer.from("two\\n")); process.stderr.write("three\\n")',
  styleText:
    'import("node:util").then(({ styleText }) => process.stdout.write(styleText(["red", "bold"], "x") + "\\n"))',
  chalk:
    'import("chalk").then(({ default: chalk, Chalk }) => console.log(chalk.red.bold("x"), new Chalk({ level: 3 }).hex("#ff8800")("y")))',
};

const node = (code: string, env: NodeJS.ProcessEnv): { stdout: string; stderr: string } => {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { stdout, stderr: withoutPid(stderr) };
};
const withoutPid = (text: string): string => text.replace(/\(node:\d+\)|\(Use `node[^)]*\)\n/g, '');

for (const [colours, env] of [
  ['as it is', { FORCE_COLOR: undefined, NO_COLOR: undefined }],
  ['with FORCE_COLOR', { FORCE_COLOR: '1', NO_COLOR: undefined }],
] as const)
  describe(`console ${colours}`, () => {
    let kernel: TestKernel;
    before(async () => {
      kernel = await TestKernel.start({ cwd: process.cwd(), env });
    });
    after(() => kernel.stop());

    for (const [what, code] of Object.entries(CALLS))
      it(`${what}: as in Node`, async () => {
        const { stdout, stderr, error } = await kernel.run(code.replace(/^import\(/, 'await import('));
        assert.equal(error, undefined);
        assert.deepEqual({ stdout, stderr: withoutPid(stderr) }, node(code, env));
      });

    it('timers say how long, trace says where', async () => {
      const timed = await kernel.run(
        'console.time("t"); console.timeLog("t", "more"); console.timeEnd("t"); console.time(); console.timeEnd()',
      );
      assert.match(timed.stdout, /^t: [\d.]+ms more\nt: [\d.]+ms\ndefault: [\d.]+ms\n$/);
      const traced = await kernel.run('function here() {\n  console.trace("at %s", "x");\n}\nhere()');
      assert.match(traced.stderr, /^Trace: at x\n {4}at here \(In\[\d+\]:2:11\)\n {4}at In\[\d+\]:4:1\n/);
    });

    it('clear clears nothing but an own group', async () => {
      assert.equal(
        (await kernel.run('console.log("1"); console.clear(); console.log("2")')).stdout,
        '1\n2\n',
      );
    });
  });
