// Tables, pictures and progress as JupyterLab shows them, and a table on the page of `cellgrad run`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { cellgrad } from '../cli/cli.js';
import { sample } from '../runner/samples.js';
import { runAll, startLab, type Lab } from './jupyterlab.js';

const notebook = sample([
  'import { data, progress, tf } from "cellgrad";\nconst { DataFrame } = await data.danfo();\nnew DataFrame([[10, "b<i>"], [NaN, "a"], [9, "c"]], { columns: ["age", "name"] })',
  'display.image(tf.tensor2d([[0, 1], [1, 0]]))',
  'const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));\nfor (const a of progress([1, 2], { label: "outer" })) for (const b of progress(Array(5), { label: "inner" })) await sleep(150);',
]);

/** Rows of the table, cell by cell. */
const rows = (page: Page): Promise<string[][]> =>
  page.$$eval('.cellgrad-table tbody tr', (found) =>
    found.map((row) => [...row.children].map((cell) => cell.textContent!)),
  );

async function sorts(page: Page): Promise<void> {
  const before = [
    ['0', '10', 'b<i>'],
    ['1', 'NaN', 'a'],
    ['2', '9', 'c'],
  ];
  assert.deepEqual(await rows(page), before);
  const head = page.locator('.cellgrad-table thead th', { hasText: 'age' });
  await head.click();
  assert.deepEqual(
    (await rows(page)).map(([, age]) => age),
    ['9', '10', 'NaN'],
  );
  await head.press('Enter');
  assert.deepEqual(
    (await rows(page)).map(([, age]) => age),
    ['10', '9', 'NaN'],
  );
  await head.click();
  assert.deepEqual(await rows(page), before);
}

describe('rich output', function () {
  this.timeout(300_000);
  let lab: Lab | undefined;
  before(async function () {
    lab = await startLab({ 'rich.ipynb': notebook });
    if (!lab) this.skip(); // startLab says what is not here
  });
  after(() => lab?.close());

  it('in JupyterLab: a table sorts, a tensor is a picture, bars nest and end as one line', async () => {
    const page = await lab!.open('rich.ipynb');
    await runAll(page);
    await page.locator('.cellgrad-progress', { hasText: 'inner' }).waitFor({ timeout: 120_000 });
    await lab!.shot(page, 'rich-progress');
    await page.getByText('2 of 2').first().waitFor();
    assert.equal(await page.locator('.cellgrad-progress').count(), 1);
    assert.doesNotMatch(await page.locator('.cellgrad-progress').innerText(), /inner/);
    await sorts(page);
    assert.equal(
      await page.$eval(
        '.jp-OutputArea-output img',
        (image) => (image as unknown as { naturalWidth: number }).naturalWidth,
      ),
      256,
    );
    await lab!.shot(page, 'rich');
    await page.close();
  });

  it('on the page of `cellgrad run`: the table sorts, progress is one line', async () => {
    const file = join(lab!.folder, 'rich.html');
    const { code, stderr } = await cellgrad(['run', 'rich.ipynb', '--output', 'out.ipynb', '--html', file], {
      cwd: join(lab!.folder, 'work'),
    });
    assert.equal(code, 0, stderr);
    const page = await lab!.context.newPage();
    await page.goto(pathToFileURL(file).href);
    await sorts(page);
    assert.match(await page.locator('.cellgrad-progress').innerText(), /^outer\s+2 of 2 · [^\n]*$/);
    await lab!.shot(page, 'rich-page');
    await page.close();
  });
});
