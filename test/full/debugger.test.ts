// The debugger by hand in JupyterLab, in Chromium: a click in the gutter, a stop, variables, steps, and on.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { sample } from '../runner/samples.js';
import { startLab, type Lab } from './jupyterlab.js';

const notebook = sample([
  'interface Film {\n  side: "L" | "R";\n  dose: number;\n}\nfunction total(films: Film[]): number {\n  let sum = 0;\n  for (const film of films) {\n    sum += film.dose;\n  }\n  return sum;\n}\nconst films: Film[] = [\n  { side: "L", dose: 2 },\n  { side: "R", dose: 5 },\n];',
  'const answer = total(films);\nconsole.log(`total ${answer}`);',
]);

describe('the debugger in JupyterLab', function () {
  this.timeout(300_000);
  let lab: Lab | undefined;
  before(async function () {
    lab = await startLab({ 'd.ipynb': notebook });
    if (!lab) this.skip(); // startLab says what is not here
  });
  after(() => lab?.close());

  const cell = (page: Page, index: number): ReturnType<Page['locator']> =>
    page.locator('.jp-Notebook .jp-CodeCell').nth(index);

  async function run(page: Page, index: number): Promise<void> {
    await cell(page, index).locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
  }

  async function breakAt(page: Page, index: number, line: number): Promise<void> {
    await cell(page, index).locator('.cm-content').click();
    // the first element of a gutter measures its width
    await cell(page, index).locator('.cm-breakpoint-gutter .cm-gutterElement').nth(line).click();
  }

  it('stops at a breakpoint that a click has set, shows variables, steps, goes on', async () => {
    const page = await lab!.open('d.ipynb');
    await page.getByText('TypeScript (cellgrad) | Idle').first().waitFor({ timeout: 60_000 });
    await run(page, 0);
    await cell(page, 0).getByText('[1]:').waitFor({ timeout: 60_000 });
    await page.locator('.jp-DebuggerBugButton:not([aria-disabled="true"])').first().click();
    await page
      .locator('#jp-debugger-sidebar')
      .getByText('films', { exact: true })
      .first()
      .waitFor({ timeout: 60_000 });
    await lab!.shot(page, 'debugger-globals');
    await breakAt(page, 0, 8);
    await page.locator('.jp-DebuggerBreakpoint').getByText('8', { exact: true }).waitFor();
    await run(page, 1);
    const frame = page.locator('.jp-DebuggerCallstackFrame-name').first();
    await frame.getByText('total').waitFor({ timeout: 60_000 });
    await page.locator('.jp-DebuggerEditor-highlight').first().waitFor();
    const panel = page.locator('#jp-debugger-sidebar');
    await panel.getByText('sum', { exact: true }).first().waitFor();
    await lab!.shot(page, 'debugger-stopped');
    assert.match(
      (await page.locator('.jp-DebuggerEditor-highlight').first().textContent()) ?? '',
      /sum \+= film\.dose/,
    );
    assert.match(
      (await panel.textContent()) ?? '',
      /Locals[^]*film\{ side: 'L', dose: 2 \}[^]*sum0Callstacktotal/,
    );
    assert.match((await page.locator('.jp-DebuggerBreakpoint').textContent()) ?? '', /Cell \[1\]/);

    await panel
      .locator('jp-button[data-command="debugger:next"], [data-command="debugger:next"]')
      .first()
      .click();
    await page.waitForFunction(() =>
      /sum2Callstack/.test(document.querySelector('#jp-debugger-sidebar')?.textContent ?? ''),
    );
    await lab!.shot(page, 'debugger-stepped');
    for (let i = 0; i < 2; i++) {
      await panel.locator('[data-command="debugger:continue"]').first().click();
      await page.waitForTimeout(500);
    }
    await cell(page, 1).getByText('total 7').waitFor({ timeout: 60_000 });
    await lab!.shot(page, 'debugger-over');
    await page.close();
  });
});
