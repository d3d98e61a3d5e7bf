// Every figure in a real browser, without a network: interactive, nothing on the console, nothing blank.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { reset } from '../../src/plot/index.js';
import { everyFigure } from '../plot/samples.js';

interface Picture {
  naturalWidth: number;
}

const CHROMIUM = process.env.CELLGRAD_CHROMIUM ?? '/usr/bin/chromium';

describe('plot in Chromium', function () {
  this.timeout(240_000);
  let browser: Browser;
  let folder: string;
  const figures = everyFigure();

  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      skipped: no Chromium at ${CHROMIUM} (set CELLGRAD_CHROMIUM)`);
      return this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'cellgrad-plot-'));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function open(html: string, width: number): Promise<{ page: Page; said: string[]; asked: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const said: string[] = [];
    const asked: string[] = [];
    page.on('console', (m) => said.push(m.text()));
    page.on('pageerror', (e) => said.push(String(e)));
    page.on('request', (r) => void (/^(file|data|blob):/.test(r.url()) || asked.push(r.url())));
    const file = join(folder, 'figures.html');
    await writeFile(file, `<!doctype html><meta charset="utf-8"><body>${html}</body>`);
    await page.goto(pathToFileURL(file).href);
    return { page, said, asked };
  }

  const interactive = (page: Page, count: number): Promise<unknown> =>
    page.waitForFunction(
      `document.querySelectorAll('[data-interactive=yes]').length === ${count}`,
      undefined,
      { timeout: 120_000 },
    );

  for (const width of [1000, 480])
    it(`all figures become interactive in a page ${width} pixels wide`, async () => {
      reset();
      const { page, said, asked } = await open(
        Object.values(figures)
          .map((f) => f.html())
          .join('<hr>'),
        width,
      );
      await interactive(page, Object.keys(figures).length);
      await page.waitForTimeout(1000);
      const boxes = await page.$$eval('[data-interactive=yes]', (hosts) =>
        hosts.map((h) => {
          const svg = h.querySelector('.main-svg')!.getBoundingClientRect();
          return {
            width: svg.width,
            height: svg.height,
            host: h.clientWidth,
            pictures: [...h.querySelectorAll('.imagelayer image, .layer-above image')].map(
              (i) => i.getBoundingClientRect().width,
            ),
            still: h.querySelector('img')!.getBoundingClientRect().height,
          };
        }),
      );
      Object.entries(figures).forEach(([name, figure], i) => {
        assert.ok(
          boxes[i].width > 250 && boxes[i].width <= boxes[i].host + 1,
          `${name}: width ${boxes[i].width}`,
        );
        assert.ok(boxes[i].height > 100, `${name}: height ${boxes[i].height}`);
        assert.equal(boxes[i].still, 0, `${name}: the still picture is hidden`);
        assert.equal(boxes[i].pictures.length, figure.layout.images?.length ?? 0, `${name}: pictures`);
        assert.ok(
          boxes[i].pictures.every((w) => w > 1),
          `${name}: pictures have a size`,
        );
      });
      assert.deepEqual(said, []);
      assert.deepEqual(asked, []);
      if (process.env.CELLGRAD_SHOTS)
        await page.screenshot({
          path: join(process.env.CELLGRAD_SHOTS, `figures-${width}.png`),
          fullPage: true,
        });
      await page.close();
    });

  it('a figure that comes before the library waits for it, its picture showing meanwhile', async () => {
    reset();
    const late = figures.roc.html({ embed: 'never' });
    const { page, said } = await open(`${late}<p id="end"></p>`, 900);
    assert.ok(await page.$eval('img', (i) => (i as unknown as Picture).naturalWidth > 100));
    assert.equal(await page.$('[data-interactive=yes]'), null);
    await page.setContent(`${late}${figures.bars.html({ embed: 'always' })}`);
    await interactive(page, 2);
    assert.deepEqual(said, []);
    await page.close();
  });

  it('every still picture is drawn by the browser', async () => {
    const { page } = await open(
      Object.values(figures)
        .map((f) => f.html({ embed: 'never' }))
        .join('<hr>'),
      1000,
    );
    const sizes = await page.$$eval('img', (all) => all.map((i) => (i as unknown as Picture).naturalWidth));
    assert.deepEqual(
      sizes,
      Object.values(figures).map((f) => f.width),
    );
    if (process.env.CELLGRAD_SHOTS)
      await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, 'still.png'), fullPage: true });
    await page.close();
  });
});
