// What the debugger answers before it is attached, and how a stopped kernel ends.

import assert from 'node:assert/strict';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';
import { Client, type Variable } from './debugger-client.js';

const HASHES: [string, number][] = [
  ['a', 2167009006],
  ['const x = 1;', 2401825191],
  ['let größe: number = 3; // µ🎉', 2097958633],
  ['for (;;) {\n  print\n}\n', 3646571545],
];

describe('debugger, not attached', () => {
  let kernel: TestKernel;
  let client: Client;
  before(async () => {
    kernel = await TestKernel.start();
    client = new Client(kernel);
  });
  after(() => kernel.stop());

  it('is offered, and says how it names cells', async () => {
    const info = await kernel.ask('kernel_info_request');
    assert.equal(info.debugger, true);
    assert.ok((info.supported_features as string[]).includes('debugger'));
    const { hashMethod, hashSeed, tmpFilePrefix, tmpFileSuffix, isStarted, richRendering } =
      await client.ask('debugInfo');
    assert.deepEqual([hashMethod, isStarted, richRendering], ['Murmur2', false, true]);
    // the hash by ipykernel's own function (7.4.0): murmur2_x86(code, 0xc70f6907)
    for (const [code, hash] of HASHES) {
      const { sourcePath } = await client.ask('dumpCell', { code });
      assert.equal(sourcePath, `${String(tmpFilePrefix)}${hash}${String(tmpFileSuffix)}`);
    }
    assert.equal(hashSeed, 0xc70f6907);
  });

  it('shows the notebook’s variables, plainly and richly', async () => {
    await kernel.run(
      'const n = 41; let text = "x".repeat(3); var list = [1, 2]; class Shape {} function f() {}\nconst page = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>hi</b>" }) };',
    );
    const { variables } = await client.ask<{ variables: Variable[] }>('inspectVariables');
    const values = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    assert.deepEqual(Object.keys(values).sort(), ['Shape', 'f', 'list', 'n', 'page', 'text']);
    assert.deepEqual(
      [values.n, values.text, values.list, values.f],
      ['41', "'xxx'", '[ 1, 2 ]', '[Function: f]'],
    );
    const { variablesReference } = variables.find(({ name }) => name === 'list')!;
    assert.equal((await client.inside(variablesReference))['1'].value, '2');
    const rich = await client.ask<{ data: Json }>('richInspectVariables', { variableName: 'page' });
    assert.deepEqual(rich.data, { 'text/html': '<b>hi</b>' });
    assert.match(await client.refused('evaluate', { expression: 'n' }), /not started/);
    assert.match(
      await client.refused('richInspectVariables', { variableName: 'absent' }),
      /absent is not defined/,
    );
  });

  it('shows values whose inspection goes wrong', async () => {
    await kernel.run(
      'const odd = new Proxy({}, { get() { throw 1; }, ownKeys() { throw 2; } }); const bad = { [Symbol.for("nodejs.util.inspect.custom")]() { throw new Error("no"); } }; const nothing = Object.create(null); const gone = Proxy.revocable({}, {}); gone.revoke();',
    );
    const { variables } = await client.ask<{ variables: Variable[] }>('inspectVariables');
    const named = Object.fromEntries(variables.map((variable) => [variable.name, variable]));
    assert.equal(named.bad.value, '<inspection failed: no>');
    for (const { variablesReference } of variables)
      if (variablesReference) await client.inside(variablesReference);
  });

  it('a debugger statement does nothing', async () => {
    assert.equal((await kernel.run('debugger; 1')).result, '1');
  });

  it('shutdown ends a stopped kernel at once', async () => {
    await client.attach();
    const { done } = kernel.submit('debugger;\nfor (;;);');
    void done.catch(() => undefined);
    await client.stopped('breakpoint');
    kernel.send('control', 'shutdown_request', { restart: false });
    assert.equal(await kernel.exited, 0);
  });
});
