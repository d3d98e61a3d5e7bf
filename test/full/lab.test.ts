// A notebook by hand in JupyterLab, in Chromium: cells run, outputs and figures show, also where the notebook is not trusted.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { cellgrad } from '../cli/cli.js';
import { sample } from '../runner/samples.js';

const venv = process.env.CELLGRAD_VENV;
const browser = process.env.CELLGRAD_CHROMIUM;
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const notebook = sample([
  'interface Film { side: "L" | "R" }\nconst films: Film[] = [{ side: "L" }, { side: "R" }];\nconsole.log("printed");\nfilms.length * 21',
  'import { plot } from "cellgrad";\nplot.roc([0, 0, 1, 1, 1], [0.1, 0.6, 0.4, 0.8, 0.9].map((p) => [1 - p, p]), { classes: ["normal", "ill"] })',
  'const history = { epochs: [1, 2], train: { loss: [1, 0.5] } };\nconst handle = display({ "text/html": plot.liveHtml({ epoch: 1, epochs: 2, step: 1, steps: 4 }) }, { raw: true });\nhandle.update({ "text/html": plot.liveHtml({ epoch: 2, epochs: 2, step: 4, steps: 4, history }) }, { raw: true });',
  'const bad: number = films[7].side.length;',
]);

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

describe('in JupyterLab', function () {
  this.timeout(300_000);
  let folder: string;
  let server: ChildProcess;
  let address: string;
  let context: BrowserContext;

  before(async function () {
    if (!venv || !browser) {
      console.log('      skipped: needs JupyterLab and Chromium; npm run test:full installs them');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-lab-'));
    for (const name of ['work', 'home', 'profile', 'work/node_modules']) mkdirSync(join(folder, name));
    symlinkSync(repository, join(folder, 'work', 'node_modules', 'cellgrad'), 'junction');
    writeFileSync(join(folder, 'work', 'n.ipynb'), notebook);
    const port = await freePort();
    const token = 'for-this-test';
    address = `http://127.0.0.1:${port}`;
    const jupyter = [
      `--ServerApp.root_dir=${join(folder, 'work')}`,
      `--IdentityProvider.token=${token}`,
      `--port=${port}`,
    ];
    server = spawn(
      join(venv, 'bin', 'jupyter'),
      ['lab', '--allow-root', '--no-browser', '--ip=127.0.0.1', ...jupyter],
      {
        env: {
          ...process.env,
          HOME: join(folder, 'home'),
          JUPYTER_CONFIG_DIR: join(folder, 'home', 'config'),
        },
        stdio: 'ignore',
      },
    );
    for (const start = Date.now(); ; await new Promise((r) => setTimeout(r, 300))) {
      const up = await fetch(`${address}/api/status?token=${token}`).catch(() => undefined);
      if (up?.ok) break;
      assert.ok(Date.now() - start < 120_000 && server.exitCode === null, 'JupyterLab does not start');
    }
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: browser,
      headless: true,
      args: FLAGS.split(' '),
      viewport: { width: 1300, height: 1600 },
    });
    await (await context.newPage()).goto(`${address}/lab?token=${token}`);
  });
  after(async () => {
    await context?.close();
    server?.kill();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function open(file: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${address}/lab/workspaces/${file.replace(/\W/g, '')}/tree/${file}`);
    await page.waitForSelector('.jp-Notebook .jp-CodeCell', { timeout: 120_000 });
    return page;
  }

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
    const page = await open('n.ipynb');
    await page.getByText('TypeScript (cellgrad)').first().waitFor();
    await page.click('.jp-Notebook .jp-CodeCell >> nth=0');
    await page.getByText('Run', { exact: true }).first().click();
    await page.getByText('Run All Cells', { exact: true }).click();
    await page.getByText('TypeError').first().waitFor({ timeout: 120_000 });
    await page.waitForSelector('[data-interactive=yes] .main-svg', { timeout: 60_000 });
    const [first, , live, error] = await outputs(page);
    assert.match(first.text, /printed[^]*42/);
    assert.match(live.text, /epoch 2 of 2/);
    assert.doesNotMatch(live.text, /epoch 1 of 2/);
    assert.ok(live.pictures.length === 1 && live.pictures[0] > 100, String(live.pictures));
    assert.match(error.text, /In\[4\]:1:30/);
    if (process.env.CELLGRAD_SHOTS)
      await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, 'lab-run.png') });
    await page.close();
  });

  it('shows the figures of a notebook that `cellgrad run` executed, which it does not trust', async () => {
    const { stderr } = await cellgrad(
      ['run', 'n.ipynb', '--allow-errors', '--output', 'done.ipynb', '--html', join(folder, 'done.html')],
      { cwd: join(folder, 'work') },
    );
    assert.match(stderr, /TypeError/);
    const page = await open('done.ipynb');
    await page.getByText('epoch 2 of 2').first().waitFor();
    const [, figure, live] = await outputs(page);
    assert.ok(figure.pictures.length === 1 && figure.pictures[0] > 300, String(figure.pictures));
    assert.ok(live.pictures.length === 1 && live.pictures[0] > 100, String(live.pictures));
    if (process.env.CELLGRAD_SHOTS)
      await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, 'lab-done.png') });
    await page.close();
  });
});
