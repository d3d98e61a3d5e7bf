// Imports: from the notebook's folder, the user's TypeScript files, again after an edit; tslab; cellgrad.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestKernel } from './client.js';

describe('imports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-notebook-'));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  let kernel: TestKernel;
  before(async () => void (kernel = await TestKernel.start({ cwd: folder })));
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });
  const result = async (code: string): Promise<string | undefined> => {
    const { result, error, stderr } = await kernel.run(code);
    assert.equal(error, undefined);
    assert.equal(stderr, '');
    return result;
  };
  const failure = async (code: string): Promise<string> =>
    (await kernel.run(code)).error!.traceback.replace(/In\[\d+\]/g, 'In[n]');

  it('of Node’s modules, in every form', async () => {
    assert.equal(
      await result('import os, { cpus as c, type CpuInfo } from "node:os"; os.cpus === c'),
      'true',
    );
    assert.equal(
      await result('import * as p from "node:path"; import "node:fs"; typeof p.join'),
      "'function'",
    );
    assert.equal(await result('const { sep } = await import("node:path"); sep.length'), '1');
    assert.equal(await result('typeof require("node:fs").readFileSync'), "'function'");
    assert.equal(await result('import type { Stats } from "node:fs"; 1'), '1');
  });

  it('of the packages beside the notebook', async () => {
    write(
      'node_modules/common/index.js',
      'exports.v = "common"; Object.assign(exports, { ["dyn" + 1]: 5 });',
    );
    write('node_modules/esm/package.json', '{ "name": "esm", "type": "module", "exports": "./index.js" }');
    write('node_modules/esm/index.js', 'export default "default"; export const v = 3;');
    assert.equal(await result('import { v, dyn1 } from "common"; [v, dyn1]'), "[ 'common', 5 ]");
    assert.equal(await result('import e, { v as v2 } from "esm"; [e, v2]'), "[ 'default', 3 ]");
    assert.equal(await result('require("common").v'), "'common'");
  });

  it('know the folder', async () => {
    assert.equal(
      await result('[__dirname, import.meta.dirname, process.cwd()].every((f) => f === __dirname)'),
      'true',
    );
  });

  describe('of the user’s files', () => {
    before(() => {
      write('data.json', '{ "v": 7 }');
      write(
        'lib/helper.ts',
        'export interface Unit { n: number }\nexport const helper = (n: number): number => n + 1;\n',
      );
      write(
        'mine.ts',
        'import { helper, Unit } from "./lib/helper";\nimport data from "./data.json";\nexport enum Kind { A, B }\n' +
          'export const twice = (n: number): number => helper(n) * 2;\nexport const unit: Unit = { n: data.v };\n' +
          'export function fail(x: string): never {\n  throw new Error("in file " + x);\n}\n',
      );
    });

    for (const specifier of ['./mine', './mine.ts', './mine.js'])
      it(`as "${specifier}", types and enums included`, async () =>
        assert.equal(
          await result(`import { twice, unit, Kind } from "${specifier}"; [twice(3), unit.n, Kind.B]`),
          '[ 8, 7, 1 ]',
        ));
    it('as JSON', async () => {
      assert.equal(await result('import d from "./data.json"; d.v'), '7');
      assert.equal(await result('import d from "./data.json" with { type: "json" }; d.v'), '7');
    });
    it('by require', async () => assert.equal(await result('require("./mine").twice(1)'), '4'));
    it('names the line of the file and of the cell when one throws', async () => {
      const text = await failure('import { fail } from "./mine";\nfail("x")');
      assert.match(text, /^Error: in file x\n {4}at fail \(file:.*mine\.ts:7:9\)\n {4}at In\[n\]:2:1\n/);
      assert.match(text, /> 7 │ {3}throw new Error\("in file " \+ x\);/);
      assert.match(text, /> 2 │ fail\("x"\)/);
    });
    it('names the lines of a file that was required', async () => {
      const text = await failure('require("./mine").fail("y")');
      assert.match(
        text,
        /^Error: in file y\n {4}at Object\.fail \(file:.*mine\.ts:7:9\)\n {4}at In\[n\]:1:19\n/,
      );
      assert.match(text, /> 7 │ {3}throw new Error\("in file " \+ x\);/);
    });
    it('shows the place of a syntax error in one', async () => {
      write('bad.ts', 'export const ok = 1;\nexport const const = 2;\n');
      assert.match(
        await failure('import { ok } from "./bad"'),
        /^SyntaxError: Expected ident\n {4}at .*bad\.ts:2:14\n\n {2}1 │ export const ok = 1;\n> 2 │/,
      );
    });
    it('are read anew after an edit, also of a file that they import', async () => {
      write('kept.ts', 'export const state = { count: 0 };\n');
      await result('import { state } from "./kept"; state.count = 5');
      write(
        'mine.ts',
        'import { helper } from "./lib/helper";\nexport const twice = (n: number) => helper(n) * 200;\n',
      );
      assert.equal(await result('import { twice } from "./mine"; twice(3)'), '800');
      write('lib/helper.ts', 'export const helper = (n: number): number => n + 100;\n');
      assert.equal(await result('import { twice } from "./mine"; twice(3)'), '20600');
      assert.equal(await result('require("./mine").twice(3)'), '20600');
      assert.equal(await result('import { state } from "./kept"; state.count'), '5');
    });
  });

  describe('that lead nowhere say so', () => {
    it('of a package', async () => {
      const text = await failure('const a = 1;\nimport x from "no-such-package/part"');
      assert.equal(
        text.split('\n')[0],
        `ImportError: Cannot find package 'no-such-package' from ${folder}. To install it there: npm install no-such-package`,
      );
      assert.match(text, /at async In\[n\]:2:1\n/);
    });
    it('of a file', async () =>
      assert.match(
        await failure('await import("./nowhere")'),
        /^ImportError: Cannot find '\.\/nowhere' from /,
      ));
    it('of a name', async () =>
      assert.match(
        await failure('import { nope } from "node:fs"'),
        /^SyntaxError: .*'node:fs' does not provide an export named 'nope'/,
      ));
  });

  describe('of tslab', () => {
    const shown = async (code: string): Promise<object> =>
      Object.assign({}, ...(await kernel.run(code)).displays.map(({ data }) => data)) as object;

    it('gives its display API', async () => {
      assert.deepEqual(
        await shown(`import * as tslab from "tslab";
          const bytes = Buffer.from("abc");
          tslab.display.html("<b>h</b>"); tslab.display.markdown("m"); tslab.display.latex("l"); tslab.display.svg("<svg/>");
          tslab.display.javascript("j"); tslab.display.text("t"); tslab.display.png(bytes); tslab.display.jpeg(bytes);
          tslab.display.gif(bytes); tslab.display.pdf(bytes); tslab.display.raw("application/x", "r")`),
        {
          'text/html': '<b>h</b>',
          'text/markdown': 'm',
          'text/latex': 'l',
          'image/svg+xml': '<svg/>',
          'text/javascript': 'j',
          'text/plain': 't',
          'image/png': 'YWJj',
          'image/jpeg': 'YWJj',
          'image/gif': 'YWJj',
          'application/pdf': 'YWJj',
          'application/x': 'r',
        },
      );
    });
    it('gives displays that are updated, by require and from a user’s file too', async () => {
      const { messages } = await kernel.run(
        'const view = require("tslab").newDisplay(); view.text("1"); view.text("2")',
      );
      const types = messages.map(({ header }) => header.msg_type).filter((type) => /display/.test(type));
      assert.deepEqual(types, ['display_data', 'update_display_data']);
      write(
        'shows.ts',
        'import * as tslab from "tslab";\nexport const show = (): void => tslab.display.text("from a file");\n',
      );
      assert.deepEqual(await shown('import { show } from "./shows"; show()'), {
        'text/plain': 'from a file',
      });
    });
  });

  it('of cellgrad lead to this package, from a notebook anywhere', async () => {
    assert.equal(await result('import { metrics } from "cellgrad"; typeof metrics'), "'object'");
    write('uses.ts', 'export { metrics } from "cellgrad";\n');
    assert.equal(await result('import { metrics as same } from "./uses"; same === metrics'), 'true');
  });
});
