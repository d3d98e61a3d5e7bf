// Charts and canvases of other libraries, which are installed for this test as a notebook installs them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel } from '../kernel/client.js';

describe('libraries that a notebook installs', function () {
  this.timeout(300_000);
  let kernel: TestKernel;
  let folder: string;
  before(async function () {
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-libraries-'));
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    kernel = await TestKernel.start({ cwd: folder });
    const { error } = await kernel.run(
      '%npm install @observablehq/plot@0.6 linkedom@0.18 @napi-rs/canvas@0.1 vega-lite@6 vega@6',
    );
    if (!error) return;
    console.log(`      skipped: npm can install nothing here (${error.evalue})`);
    this.skip();
  });
  after(async () => {
    await kernel.stop();
    rmSync(folder, { recursive: true });
  });
  const shown = async (code: string): Promise<Json> => {
    const { error, results } = await kernel.run(code);
    assert.equal(error, undefined, error?.traceback);
    return results[0].data as Json;
  };

  it('Observable Plot, with linkedom’s document, as its documentation does it', async () => {
    const { 'image/svg+xml': svg } = await shown(
      `import * as Plot from '@observablehq/plot'; import { parseHTML } from 'linkedom';
       const { document } = parseHTML('<a>');
       Plot.plot({ document, marks: [Plot.dot([[1, 2], [3, 4]], { r: 5 })] })`,
    );
    assert.match(String(svg), /^<svg [^]*<circle/);
    const { width } = await sharp(Buffer.from(String(svg))).metadata();
    assert.equal(width, 640);
  });

  it('a figure of Plot with a title is HTML', async () => {
    const { 'text/html': html } = await shown(
      `Plot.plot({ document, title: 'Scores', marks: [Plot.barY([{ a: 'x', b: 3 }], { x: 'a', y: 'b' })] })`,
    );
    assert.match(String(html), /<figure[^]*Scores[^]*<svg/);
  });

  it('@napi-rs/canvas', async () => {
    const { 'image/png': png } = await shown(
      `import { createCanvas } from '@napi-rs/canvas';
       const canvas = createCanvas(30, 20); const context = canvas.getContext('2d');
       context.fillStyle = '#ff0000'; context.fillRect(0, 0, 30, 20); canvas`,
    );
    const { data, info } = await sharp(Buffer.from(String(png), 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, ...data.subarray(0, 3)], [30, 20, 255, 0, 0]);
  });

  it('a Vega-Lite specification, which Vega-Lite compiles and Vega draws', async () => {
    const spec = await shown(
      `const spec = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', data: { values: [{ a: 'A', b: 28 }] },
         mark: 'bar', encoding: { x: { field: 'a', type: 'nominal' }, y: { field: 'b', type: 'quantitative' } } } as const; spec`,
    );
    assert.equal((spec['application/vnd.vegalite.v6+json'] as Json).mark, 'bar');
    const { 'image/svg+xml': svg } = await shown(
      `import { compile } from 'vega-lite'; import * as vega from 'vega';
       display.svg(await new vega.View(vega.parse(compile(spec as any).spec), { renderer: 'none' }).toSVG())`,
    );
    assert.match(String(svg), /<svg[^]*mark-rect/);
  });
});
