// What cells can show: templates, elements, canvases, charts.

import assert from 'node:assert/strict';
import type { Json } from '../../src/kernel/wire.js';
import { TestKernel } from './client.js';

describe('rich output', () => {
  let kernel: TestKernel;
  before(async () => void (kernel = await TestKernel.start()));
  after(() => kernel.stop());
  const data = async (code: string): Promise<Json> => {
    const { error, results } = await kernel.run(code);
    assert.equal(error, undefined);
    return results[0].data as Json;
  };

  it('of templates: markup stays, values are escaped, rich values are inserted', async () => {
    const { 'text/html': html } = await data(
      'const item = (n: string) => display.html`<li>${n}</li>`; display.html`<ul>${["a<b", "c"].map(item)}</ul>`',
    );
    assert.equal(html, '<ul><li>a&lt;b</li><li>c</li></ul>');
    assert.equal((await data('display.md`**${1 + 1}** & more`'))['text/markdown'], '**2** & more');
    assert.equal((await data('display.latex`$\\\\frac{1}{${2}}$`'))['text/latex'], '$\\frac{1}{2}$');
    assert.equal((await data('display.svg("<svg/>")'))['image/svg+xml'], '<svg/>');
  });

  it('of DOM elements and SVG from libraries', async () => {
    assert.equal(
      (await data('({ nodeType: 1, localName: "p", outerHTML: "<p>here</p>" })'))['text/html'],
      '<p>here</p>',
    );
    const drawn = await data('({ nodeType: 1, localName: "svg", outerHTML: "<svg></svg>" })');
    assert.equal(drawn['image/svg+xml'], '<svg></svg>');
  });

  it('of canvases', async () => {
    const shown = await data(
      'class Canvas { width = 1; height = 1; toDataURL(type: string) { return `data:${type};base64,QUJD`; } } new Canvas()',
    );
    assert.equal(shown['image/png'], 'QUJD');
  });

  it('of Vega and Vega-Lite', async () => {
    for (const [kind, mime] of [
      ['vega-lite/v5.json', 'application/vnd.vegalite.v5+json'],
      ['vega/v6.json', 'application/vnd.vega.v6+json'],
    ]) {
      const spec = { $schema: `https://vega.github.io/schema/${kind}`, mark: 'bar' };
      assert.deepEqual((await data(`(${JSON.stringify(spec)})`))[mime], spec);
    }
  });

  it('of plotly', async () => {
    const figure = { data: [{ x: [1, 2], y: [3, 4], type: 'scatter' }], layout: { title: { text: 't' } } };
    const shown = await data(`(${JSON.stringify(figure)})`);
    assert.deepEqual(shown['application/vnd.plotly.v1+json'], figure);
    assert.match(shown['text/html'] as string, /A plotly figure \(scatter\)[^]*__cellgradPlotly/);
    const typed = await data(
      '({ data: [{ y: new Float32Array([0.5, 2]), z: [new Uint8Array([7])] }], layout: {} })',
    );
    assert.deepEqual((typed['application/vnd.plotly.v1+json'] as Json).data, [{ y: [0.5, 2], z: [[7]] }]);
    const solid = await data('({ data: [{ type: "surface", z: [[1, 2]] }], layout: {} })');
    assert.deepEqual(
      Object.keys(solid).sort(),
      ['application/vnd.plotly.v1+json', 'text/plain'],
      'not in the page’s library',
    );
  });

  it('of canvases that give bytes at once, and promises of an address', async () => {
    const shown = await data(
      'class Canvas { width = 1; height = 1; async toDataURL() { return ""; } toBufferSync() { return Buffer.from("ABC"); } } new Canvas()',
    );
    assert.equal(shown['image/png'], 'QUJD');
  });

  it('of things that only look like these is their text', async () => {
    for (const code of [
      '({ nodeType: 1 })',
      '({ width: 1, height: 2 })',
      '({ data: [1, 2], layout: {} })',
      '({ data: [{ x: 1 }] })',
      '({ $schema: "https://json-schema.org/draft" })',
      'new Proxy({}, { get() { throw new Error("no") } })',
    ])
      assert.deepEqual(Object.keys(await data(code)), ['text/plain'], code);
  });
});
