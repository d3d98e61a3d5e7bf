// The volume viewer in a real browser: it scrolls, its window changes what is seen, nothing is asked of a network.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import * as plot from '../../src/plot/index.js';

const CHROMIUM = process.env.CELLGRAD_CHROMIUM ?? '/usr/bin/chromium';
const [depth, height, width] = [30, 40, 50];

describe('plot.volume in Chromium', function () {
  this.timeout(240_000);
  let browser: Browser;
  let folder: string;
  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      skipped: no Chromium at ${CHROMIUM} (set CELLGRAD_CHROMIUM)`);
      return this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'cellgrad-volume-'));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('shows three planes, scrolls by slider, wheel and click, and changes its window', async () => {
    // brightness rises with the slice, so that the axial plane tells which one is shown
    const data = Float32Array.from(
      { length: depth * height * width },
      (_, i) => Math.floor(i / (height * width)) * 60 - 1300,
    );
    const figure = plot.volume({ data, shape: [depth, height, width], spacing: [2, 1, 1], unit: 'HU' });
    const file = join(folder, 'volume.html');
    await writeFile(file, `<!doctype html><meta charset="utf-8"><body>${figure.html()}</body>`);
    const page = await browser.newPage({ viewport: { width: 960, height: 600 } });
    const said: string[] = [];
    page.on('console', (m) => {
      // a word to this test, which reads canvases back
      if (!m.text().startsWith('Canvas2D: Multiple readback')) said.push(m.text());
    });
    page.on('pageerror', (e) => said.push(String(e)));
    page.on('request', (r) => void (/^(file|data|blob):/.test(r.url()) || said.push(r.url())));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('[data-interactive=yes]');

    const grey = (): Promise<number> =>
      page.evaluate('document.querySelector("canvas").getContext("2d").getImageData(2, 2, 1, 1).data[0]');
    const settled = (): Promise<unknown> =>
      page.evaluate('new Promise(r=>requestAnimationFrame(()=>requestAnimationFrame(r)))');
    const shown = (slice: number, center: number, span: number): number =>
      Math.max(0, Math.min(255, ((slice * 60 - 1300 - center) / span + 0.5) * 255));
    const near = async (slice: number, center = -600, span = 1500): Promise<void> => {
      await settled();
      const [got, want] = [await grey(), shown(slice, center, span)];
      assert.ok(Math.abs(got - want) <= 4, `slice ${slice}: ${got}, not ${want}`);
    };
    assert.equal(await page.locator('canvas').count(), 3);
    await near(15);
    await page.getByLabel('axial slice').fill('4');
    await near(4);
    await page.locator('canvas').first().hover();
    await page.mouse.wheel(0, -100);
    await near(5);
    // the top of the coronal plane is the last slice
    await page
      .locator('canvas')
      .nth(1)
      .click({ position: { x: 20, y: 1 } });
    await near(depth - 1);
    await page.getByRole('button', { name: 'mediastinum' }).click();
    await near(depth - 1, 50, 350);
    assert.match(await page.locator('.cellgrad-volume').innerText(), /axial 30 of 30/);
    assert.deepEqual(said, []);
    if (process.env.CELLGRAD_SHOTS)
      await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, 'volume.png') });
    await page.close();
  });
});
