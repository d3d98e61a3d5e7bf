// The page that `cellgrad run` writes, in a real browser: from disk, without a network, wide and narrow.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type BrowserContext } from 'playwright-core';
import { cellgrad } from '../cli/cli.js';
import { code, markdown, sample, tagged } from '../runner/samples.js';

const CHROMIUM = process.env.CELLGRAD_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const PIXEL =
  '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><rect width="300" height="40"/></svg>';

const notebook = sample([
  markdown(
    '# Films and folds\n\nA *short* notebook with `code`, a [link](#Figures), $\\hat y = \\sigma(w^\\top x)$ for 5 \\$ and\n\n' +
      '$$\\mathrm{F}_1 = \\frac{2\\,\\mathrm{TP}}{2\\,\\mathrm{TP} + \\mathrm{FP} + \\mathrm{FN}}, \\quad \\mathcal{L} = -\\sum_k y_k \\log p_k$$\n\n' +
      '| class | films | patients | note |\n| --- | ---: | ---: | --- |\n| normal | 512 | 300 | a long note that must not make the page wider than the screen |\n\n' +
      '![a bar](bar.svg) and ![elsewhere](https://example.org/x.png) and <b>raw</b> HTML.\n\n```json\n{ "a": [1, 2] }\n```',
  ),
  tagged(
    'const epochs: number = 3; // how often\nconst classes: string[] = ["normal", "pneumonia"];',
    'parameters',
  ),
  markdown('## Text and errors\n\n> Quoted.\n\n- one\n- two'),
  'for (let i = 0; i < 3; i++) console.log(`\\x1b[32mepoch ${i}\\x1b[0m ` + "x".repeat(150));\nprocess.stdout.write("50 %\\r100 %\\n"); console.error("a warning"); ({ a: [1, 2, 3], b: "text" })',
  '[1, 2, 3].map((i) => ({ name: `film ${i}`, width: 2000 + i, label: "normal", note: "long text ".repeat(8) }))',
  markdown('## Figures'),
  'import { plot } from "cellgrad";\nconst scores = [0.1, 0.6, 0.4, 0.8, 0.9].map((p) => [1 - p, p]);\nplot.roc([0, 0, 1, 1, 1], scores, { classes })',
  'plot.confusion({ matrix: [[40, 3], [7, 50]], classes })',
  markdown('### The last\n\nText.'),
  code('function deep(): never {\n  throw new TypeError("it broke");\n}\ndeep();'),
]);

describe('the page of a run, in Chromium', function () {
  this.timeout(240_000);
  let context: BrowserContext;
  let folder: string;

  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      skipped: no Chromium at ${CHROMIUM} (set CELLGRAD_CHROMIUM)`);
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-test-'));
    writeFileSync(join(folder, 'n.ipynb'), notebook);
    writeFileSync(join(folder, 'bar.svg'), PIXEL);
    const { code, stderr } = await cellgrad(['run', 'n.ipynb'], { cwd: folder });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^Cell 6, line 2: TypeError: it broke$/m);
    mkdirSync(join(folder, 'profile'));
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS.split(' '),
    });
  });
  after(async () => {
    await context?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  for (const width of [420, 800, 1300])
    it(`is whole, quiet and offline at ${width} pixels`, async () => {
      const page = await context.newPage();
      await page.setViewportSize({ width, height: 900 });
      const said: string[] = [];
      const asked: string[] = [];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(String(error)));
      page.on(
        'request',
        (request) => void (/^(file|data|blob):/.test(request.url()) || asked.push(request.url())),
      );
      await page.goto(pathToFileURL(join(folder, 'out', 'n.html')).href);
      await page.waitForFunction(`document.querySelectorAll('[data-interactive=yes]').length === 2`);
      assert.equal(await page.title(), 'Films and folds');
      assert.equal(await page.getAttribute('html', 'lang'), 'en');
      const { wider, blank, unnamed } = await page.evaluate<{
        wider: number;
        blank: number;
        unnamed: number;
      }>(`({
        wider: document.documentElement.scrollWidth - innerWidth,
        blank: [...document.images].filter((i) => i.checkVisibility() && !i.naturalWidth).length,
        unnamed: [...document.images].filter((i) => !i.alt).length,
      })`);
      assert.ok(wider <= 0, `the page is ${wider} pixels too wide`);
      assert.deepEqual([blank, unnamed], [0, 0]);
      assert.deepEqual(
        await page
          .locator('nav li')
          .allInnerTexts()
          .then((all) => all.length),
        4,
      );
      await page.evaluate(`document.fonts.load('16px KaTeX_Main')`);
      assert.equal(await page.evaluate(`document.fonts.check('16px KaTeX_Main')`), true);
      if (process.env.CELLGRAD_SHOTS)
        await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, `run-${width}.png`), fullPage: true });
      assert.deepEqual(said, []);
      assert.deepEqual(asked, []);
      await page.close();
    });

  it('prints without the contents and without cut lines', async () => {
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, 'out', 'n.html')).href);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.isVisible('nav'), false);
    const cut = await page.evaluate<number>(
      `[...document.querySelectorAll('pre')].filter((pre) => pre.scrollWidth > pre.clientWidth + 1).length`,
    );
    assert.equal(cut, 0);
    await page.close();
  });
});
