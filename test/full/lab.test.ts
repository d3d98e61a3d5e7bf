// A notebook by hand in JupyterLab, in Chromium: cells run, outputs and figures show, also where the notebook is not trusted.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { cellgrad } from '../cli/cli.js';
import { sample } from '../runner/samples.js';
import { runAll, startLab, type Lab } from './jupyterlab.js';

const notebook = sample([
  'interface Film { side: "L" | "R" }\nconst films: Film[] = [{ side: "L" }, { side: "R" }];\nconsole.log("printed");\nfilms.length * 21',
  'import { plot } from "cellgrad";\nplot.roc([0, 0, 1, 1, 1], [0.1, 0.6, 0.4, 0.8, 0.9].map((p) => [1 - p, p]), { classes: ["normal", "ill"] })',
  'const history = { epochs: [1, 2], train: { loss: [1, 0.5] } };\nconst handle = display({ "text/html": plot.liveHtml({ epoch: 1, epochs: 2, step: 1, steps: 4 }) }, { raw: true });\nhandle.update({ "text/html": plot.liveHtml({ epoch: 2, epochs: 2, step: 4, steps: 4, history }) }, { raw: true });',
  '({ data: [{ type: "bar", x: ["a", "b"], y: new Float32Array([1, 3]) }], layout: { height: 300 } })',
  'const bad: number = films[7].side.length;',
]);

describe('in JupyterLab', function () {
  this.timeout(300_000);
  let lab: Lab | undefined;
  before(async function () {
    lab = await startLab({ 'n.ipynb': notebook });
    if (!lab) this.skip(); // startLab says what is not here
  });
  after(() => lab?.close());

  /** Each code cell's text, and the widths of its pictures as the browser drew them. */
  const outputs = (page: Page): Promise<{ text: string; pictures: number[] }[]> =>
    page.$$eval('.jp-Notebook .jp-CodeCell', (cells) =>
      cells.map((cell) => ({
        text: [...cell.querySelectorAll('.jp-OutputArea-output')].map((o) => o.textContent).join('\n'),
        pictures: [...cell.querySelectorAll('.jp-OutputArea-output img')].map(
          (i) => (i as unknown as { naturalWidth: number }).naturalWidth,
        ),
      })),
    );

  it('runs cells; figures are interactive, an update replaces, an error has the line', async () => {
    const page = await lab!.open('n.ipynb');
    await runAll(page);
    await page.getByText('TypeError').first().waitFor({ timeout: 120_000 });
    await page.waitForSelector('[data-interactive=yes] .main-svg', { timeout: 60_000 });
    // plotly's own objects, in a JupyterLab that has no extension for them
    await page.waitForSelector('.cellgrad-plotly .main-svg', { timeout: 60_000 });
    const [first, , live, , error] = await outputs(page);
    assert.match(first.text, /printed[^]*42/);
    assert.match(live.text, /epoch 2 of 2/);
    assert.doesNotMatch(live.text, /epoch 1 of 2/);
    assert.ok(live.pictures.length === 1 && live.pictures[0] > 100, String(live.pictures));
    assert.match(error.text, /In\[5\]:1:30/);
    await lab!.shot(page, 'lab-run');
    await page.close();
  });

  it('shows the figures of a notebook that `cellgrad run` executed, which it does not trust', async () => {
    const { stderr } = await cellgrad(
      [
        'run',
        'n.ipynb',
        '--allow-errors',
        '--output',
        'done.ipynb',
        '--html',
        join(lab!.folder, 'done.html'),
      ],
      { cwd: join(lab!.folder, 'work') },
    );
    assert.match(stderr, /TypeError/);
    const page = await lab!.open('done.ipynb');
    await page.getByText('epoch 2 of 2').first().waitFor();
    const [, figure, live] = await outputs(page);
    assert.ok(figure.pictures.length === 1 && figure.pictures[0] > 300, String(figure.pictures));
    assert.ok(live.pictures.length === 1 && live.pictures[0] > 100, String(live.pictures));
    // out of sight, cells are not in the page
    await page.$eval('.jp-WindowedPanel-outer', (panel) => (panel.scrollTop = panel.scrollHeight));
    await page.getByText('A plotly figure (bar)').waitFor();
    await lab!.shot(page, 'lab-done');
    await page.close();
  });
});
