// What the user's tsconfig.json says of decorators, JSX and strictness counts.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestKernel } from './client.js';

describe('tsconfig.json', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-tsconfig-'));
  let kernel: TestKernel;
  before(async () => {
    const compilerOptions = {
      experimentalDecorators: true,
      jsx: 'react',
      jsxFactory: 'make',
      noImplicitAny: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    kernel = await TestKernel.start({ cwd: folder });
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });
  const result = async (code: string): Promise<string | undefined> => {
    const { result, error } = await kernel.run(code);
    assert.equal(error?.traceback, undefined);
    return result;
  };

  it('decorators of the older kind', async () =>
    assert.equal(
      await result(
        'const keys: string[] = [];\nfunction field(target: object, key: string) { keys.push(key) }\nclass Model { @field a = 1; @field b = 2 }\nkeys.join()',
      ),
      "'a,b'",
    ));

  it('the function that makes JSX', async () =>
    assert.equal(await result('const make = (type: string) => `<${type}>`;\n<b>text</b>'), "'<b>'"));

  it('strictness', async () => {
    await kernel.run('%types on');
    assert.match((await kernel.run('function f(x) { return x }')).error!.evalue, /^TS7006: /);
  });
});
