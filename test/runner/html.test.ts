// The page: what stands in it, what stays out, and that it needs no other file.
import assert from 'node:assert/strict';
import { notebookHtml, parseNotebook } from '../../src/runner/index.js';
import { code, markdown, sample, tagged, type SampleCell } from './samples.js';

const page = (...cells: (SampleCell | string)[]): string =>
  notebookHtml(parseNotebook(sample(cells), 'n.ipynb'), { folder: '.', name: 'n' });

const shows = (data: object, metadata: object = {}): string =>
  page(code('1', { outputs: [{ output_type: 'display_data', data, metadata }] }));

const stream = (text: string): string =>
  page(code('1', { outputs: [{ output_type: 'stream', name: 'stdout', text }] }));

describe('the page of a notebook', () => {
  it('is titled by its first heading, else by its file', () => {
    assert.match(page(markdown('# One & *two*')), /<title>One &amp; two<\/title>/);
    const untitled = page('1');
    assert.match(untitled, /<title>n<\/title>/);
    assert.match(untitled, /<h1>n<\/h1>/);
  });

  it('has contents that lead to every heading, also to those of one name', () => {
    const html = page(markdown('# Top\n\n## The films\n\n## The films\n\n#### too deep'));
    const links = [...html.matchAll(/<a href="#([^"]*)"/g)].map((match) => match[1]);
    assert.deepEqual(links, ['Top', 'The-films', 'The-films-2']);
    for (const id of links) assert.ok(html.includes(` id="${id}"`), id);
    assert.doesNotMatch(page(markdown('# Top')), /<nav/);
  });

  it('escapes code and text, and passes HTML on', () => {
    assert.match(page('"<script>"'), /&lt;script&gt;/);
    assert.match(stream('<b>x</b>'), /&lt;b&gt;x&lt;\/b&gt;/);
    assert.match(page(markdown('a <kbd>b</kbd>')), /a <kbd>b<\/kbd>/);
    assert.match(shows({ 'text/html': '<i>x</i>', 'text/plain': 'x' }), /<div class="html"><i>x<\/i><\/div>/);
  });

  it('shows a terminal’s colours and what a carriage return leaves', () => {
    assert.match(stream('\x1b[31mred\x1b[0m'), /<span class="ansi-red-fg">red<\/span>/);
    const bar = stream('10 %\r50 %\r100 %\nlong line\rs\n');
    assert.match(bar, />100 %\nsong line\n</);
  });

  it('brings fonts for formulas only where there are formulas', () => {
    assert.doesNotMatch(page(markdown('It costs $5, or $10.')), /font-face|class="katex/);
    const html = page(markdown('$x^2$'));
    assert.match(html, /<math/);
    assert.match(html, /font-family:KaTeX_Math.*?src:url\(data:font\/woff2/);
    assert.doesNotMatch(html, /KaTeX_Fraktur.{0,80}src:url/);
    assert.doesNotMatch(html, /url\((?!data:)/);
  });

  it('sets formulas as Jupyter does', () => {
    for (const text of ['$$\nx\n$$', '\\begin{align}\nx &= 1\n\\end{align}', 'a $$x$$ b'])
      assert.match(page(markdown(text)), /katex-display/, text);
    assert.match(page(markdown('$\\frac$')), /katex-error/);
    assert.doesNotMatch(page(markdown('`$x$`')), /class="katex/);
  });

  it('takes the pictures in and asks for none', () => {
    const attached = { attachments: { 'a.png': { 'image/png': 'QUJD' } } };
    assert.match(
      page(markdown('![one](attachment:a.png)', attached)),
      /<img src="data:image\/png;base64,QUJD" alt="one"/,
    );
    const html = page(markdown('![far](https://example.org/x.png) ![none](none.png)'));
    assert.doesNotMatch(html, /<img/);
    assert.match(html, /<a class="outside" href="https:\/\/example.org\/x.png">far<\/a>/);
    assert.match(html, /picture not found: none/);
    const png = shows({ 'image/png': 'QU\nJD', 'text/plain': 'a "film"' }, { 'image/png': { width: 10 } });
    assert.match(png, /<img src="data:image\/png;base64,QUJD" alt="a &quot;film&quot;" width="10">/);
  });

  it('minds the tags and switches that hide cells', () => {
    assert.doesNotMatch(page(tagged('secret', 'remove-cell')), /secret/);
    assert.doesNotMatch(page(tagged('secret', 'remove-input')), /secret/);
    assert.match(page(tagged('folded', 'hide-input')), /<details><summary>Code<\/summary>/);
  });
});
