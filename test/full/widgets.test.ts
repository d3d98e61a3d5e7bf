// Widgets in JupyterLab with ipywidgets' own front end: moved by hand, drawn again, saved and shown again.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { sample } from '../runner/samples.js';
import { runAll, startLab, type Lab } from './jupyterlab.js';

const cells = [
  `import { metrics, plot, widgets } from 'cellgrad';
const truth = [0, 0, 0, 1, 1, 1, 1];
const scores = [0.1, 0.35, 0.6, 0.4, 0.55, 0.8, 0.9];
const threshold = new widgets.FloatSlider({ value: 0.5, min: 0, max: 1, step: 0.1, description: 'threshold' });
const figure = new widgets.Output();
const draw = () => figure.capture(() => {
  const matrix = metrics.confusionMatrix(truth, scores.map((score) => Number(score >= threshold.value)), 2);
  console.log('at ' + threshold.value.toFixed(1));
  display(plot.confusion({ matrix, classes: ['normal', 'ill'] }));
}, { clear: true });
threshold.observe('value', draw);
draw();
let clicks = 0;
const button = new widgets.Button({ description: 'Count', buttonStyle: 'primary', icon: 'plus' });
const label = new widgets.Label({ value: 'no clicks' });
button.onClick(() => { label.value = ++clicks + ' clicks'; });
new widgets.VBox([threshold, figure, new widgets.HBox([button, label])])`,
  `widgets.interact(({ n, word, twice }) => {
  if (n === 7) throw new RangeError('not seven');
  console.log(word.repeat(twice ? 2 : 1));
  return n * n;
}, { n: [0, 10], word: ['ab', 'cd'], twice: false })`,
  `const slow = new widgets.IntSlider({ description: 'slow' });
const log = new widgets.Output();
slow.observe('value', ({ new: now }) => log.capture(async () => {
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log('slept for', now);
}));
const follower = new widgets.IntProgress({ description: 'follows' });
widgets.jslink([slow, 'value'], [follower, 'value']);
new widgets.VBox([slow, follower, log])`,
  `const png = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0));
const one = new widgets.VBox([
  new widgets.IntRangeSlider({ description: 'range', value: [20, 60] }),
  new widgets.FloatLogSlider({ description: 'rate', min: -5, max: 0, value: 0.001, readoutFormat: '.1e' }),
  new widgets.Dropdown({ description: 'network', options: ['resnet18', 'densenet121'] }),
  new widgets.RadioButtons({ description: 'plane', options: ['axial', 'coronal'] }),
  new widgets.ToggleButtons({ description: 'side', options: { left: 'L', right: 'R' }, value: 'R' }),
  new widgets.SelectMultiple({ description: 'labels', options: ['a', 'b', 'c'], value: ['a', 'c'], rows: 3 }),
]);
const two = new widgets.VBox([
  new widgets.Text({ description: 'name', placeholder: 'a name' }),
  new widgets.Textarea({ description: 'notes', value: 'two\\nlines' }),
  new widgets.BoundedIntText({ description: 'epochs', value: 8 }),
  new widgets.FloatText({ description: 'weight', value: 0.25 }),
  new widgets.Checkbox({ description: 'flip', value: true }),
  new widgets.ToggleButton({ description: 'on', icon: 'check', value: true }),
  new widgets.HTML({ value: '<b>bold</b> text' }),
  new widgets.FloatProgress({ description: 'done', value: 70, barStyle: 'success' }),
]);
const three = new widgets.GridBox({
  children: [new widgets.Image({ value: png, width: '60', height: '60' }), new widgets.Valid({ value: true }), new widgets.ColorPicker({ concise: true, value: '#4477aa' })],
  layout: { gridTemplateColumns: '80px 80px 80px', border: '1px solid gray' },
});
const pages = new widgets.Accordion({ children: [three], titles: ['a picture'], selectedIndex: 0 });
new widgets.HBox([new widgets.Tab({ children: [one, two], titles: ['choose', 'write'] }), two, pages])`,
];

describe('widgets in JupyterLab', function () {
  this.timeout(300_000);
  let lab: Lab | undefined;
  let page: Page;
  before(async function () {
    lab = await startLab({ 'w.ipynb': sample(cells) });
    if (!lab) return this.skip(); // startLab says what is not here
    page = await lab.open('w.ipynb');
    await runAll(page);
  });
  after(() => lab?.close());

  const cell = (n: number): Locator => page.locator('.jp-Notebook .jp-CodeCell').nth(n);
  const handle = (n: number): Locator => cell(n).locator('.noUi-handle').first();
  const saying = (n: number, text: string | RegExp): Promise<void> =>
    cell(n).locator('.jp-OutputArea-output').getByText(text).first().waitFor({ timeout: 60_000 });

  it('a slider moved with the keys draws a figure again', async () => {
    const figures = cell(0).locator('.widget-output .cellgrad-figure');
    const drawn = (share: string): Promise<void> =>
      figures.locator('.main-svg').getByText(share).first().waitFor({ timeout: 60_000 });
    await saying(0, 'at 0.5');
    await drawn('67 %');
    await handle(0).focus();
    await page.keyboard.press('ArrowRight');
    await saying(0, 'at 0.6');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
    await saying(0, 'at 0.3');
    await drawn('100 %');
    assert.equal(await figures.count(), 1);
  });

  it('a button counts', async () => {
    for (let i = 0; i < 3; i++) await cell(0).getByRole('button', { name: 'Count' }).click();
    await saying(0, '3 clicks');
  });

  it('interact shows what its function prints and returns, and its errors', async () => {
    await saying(1, '25');
    await cell(1).locator('select').selectOption('cd');
    await cell(1).locator('input[type=checkbox]').check();
    await saying(1, 'cdcd');
    await handle(1).focus();
    await page.keyboard.press('ArrowRight');
    await saying(1, '36');
    await page.keyboard.press('ArrowRight');
    await saying(1, /RangeError: not seven/);
    await page.keyboard.press('ArrowRight');
    await saying(1, '64');
    assert.doesNotMatch((await cell(1).locator('.widget-output').textContent()) ?? '', /seven|36/);
  });

  it('what an async handler prints when its message is long over is shown; a link works in the front end', async () => {
    await handle(2).focus();
    await page.keyboard.press('ArrowRight');
    await saying(2, 'slept for 1');
    await page.keyboard.press('End');
    await saying(2, 'slept for 100');
    const width = await cell(2)
      .locator('.progress-bar')
      .evaluate((bar) => (bar as unknown as { style: { width: string } }).style.width);
    assert.equal(width, '100%');
  });

  it('all kinds are drawn', async () => {
    await cell(3).locator('.jp-OutputArea').getByText('a picture').waitFor({ timeout: 60_000 });
    await cell(3).locator('.widget-image').waitFor();
    await page.waitForTimeout(500);
    assert.doesNotMatch(
      await page.locator('.jp-Notebook').innerText(),
      /Error displaying|Loading widget|not found/i,
    );
    await lab!.shot(page, 'widgets');
    await cell(3).scrollIntoViewIfNeeded();
    await lab!.shot(page, 'widgets-kinds');
  });

  it('a saved notebook that is loaded again shows them as they were, and they still work', async () => {
    await page.getByText('Settings', { exact: true }).first().click();
    await page.getByText('Save Widget State Automatically').click();
    const file = join(lab!.folder, 'work', 'w.ipynb');
    interface Saved {
      metadata: {
        widgets?: Record<
          string,
          { state: Record<string, { model_name: string; state: Record<string, unknown> }> }
        >;
      };
    }
    const saved = (): Saved['metadata']['widgets'] =>
      (JSON.parse(readFileSync(file, 'utf8')) as Saved).metadata.widgets;
    // the setting takes a moment to be known
    for (let i = 0; i < 20 && !saved(); i++) {
      await page.keyboard.press('Control+s');
      await page.waitForTimeout(500);
    }
    const { state } = saved()!['application/vnd.jupyter.widget-state+json'];
    const sliders = Object.values(state).filter(({ model_name }) => model_name === 'FloatSliderModel');
    assert.deepEqual(
      sliders.map((slider) => slider.state.value),
      [0.3],
    );

    await page.reload();
    await page.waitForSelector('.jp-Notebook .jp-CodeCell', { timeout: 120_000 });
    await saying(0, 'at 0.3');
    await saying(0, '3 clicks');
    // what made it interactive stood in the first figure, which is gone: the picture is there
    await cell(0).locator('.widget-output .cellgrad-figure img').waitFor({ timeout: 60_000 });
    await handle(0).focus();
    await page.keyboard.press('ArrowLeft');
    await saying(0, 'at 0.2');
    await cell(0).getByRole('button', { name: 'Count' }).click();
    await saying(0, '4 clicks');
    await lab!.shot(page, 'widgets-reloaded');
  });
});
