// Magics, completion and help by hand in JupyterLab, in Chromium.

import assert from 'node:assert/strict';
import { sample } from '../runner/samples.js';
import { runAll, startLab, type Lab } from './jupyterlab.js';

const notebook = sample([
  '/** Adds one. */\nconst addOne = (n: number): number => n + 1;\n!echo streamed',
  '%time addOne(41)',
  'addOne?',
  '%types on',
  'const wrong: number =\n  "text";',
]);

describe('magics and completion in JupyterLab', function () {
  this.timeout(300_000);
  let lab: Lab | undefined;
  before(async function () {
    lab = await startLab({ 'm.ipynb': notebook });
    if (!lab) this.skip(); // startLab says what is not here
  });
  after(() => lab?.close());

  it('runs magics, completes with Tab, helps with Shift-Tab', async () => {
    const page = await lab!.open('m.ipynb');
    await runAll(page);
    await page.getByText('TS2322').first().waitFor({ timeout: 120_000 });
    const texts = await page.$$eval('.jp-Notebook .jp-CodeCell', (cells) =>
      cells.map((cell) => cell.textContent ?? ''),
    );
    assert.match(texts[0], /streamed/);
    assert.match(texts[1], /Wall time[^]*42/);
    assert.match(texts[2], /Adds one\./);
    await lab!.shot(page, 'lab-magics');

    await page.locator('.jp-Notebook .cm-content').last().click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    await page.keyboard.press('Enter');
    await page.keyboard.type('clear');
    await page.keyboard.press('Tab');
    await page.locator('.jp-Completer-item').getByText('clearOutput').first().waitFor({ timeout: 60_000 });
    await lab!.shot(page, 'lab-completer');
    await page.keyboard.press('Escape');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('addOne');
    await page.keyboard.type('(');
    await page.keyboard.press('Shift+Tab');
    await page.locator('.jp-Tooltip').getByText('Adds one.').waitFor({ timeout: 60_000 });
    await lab!.shot(page, 'lab-tooltip');
    await page.close();
  });
});
