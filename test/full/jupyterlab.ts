// A JupyterLab or a Jupyter Notebook of its own, in Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

const venv = process.env.CELLGRAD_VENV;
const browser = process.env.CELLGRAD_CHROMIUM;
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

export interface Lab {
  /** Holds the notebooks in `work`. */
  folder: string;
  context: BrowserContext;
  /** Opens a notebook. */
  open(file: string): Promise<Page>;
  /** Where somebody wants to look at it: CELLGRAD_SHOTS names the folder. */
  shot(page: Page, name: string): Promise<void>;
  close(): Promise<void>;
}

export interface LabOptions {
  /** What starts the server, up to its own arguments; by default JupyterLab. */
  command?: string[];
  /** The pages that it has. */
  pages?: 'lab' | 'notebook';
}

/** Given the notebooks, by name; undefined where there is no JupyterLab or no Chromium, which is said. */
export async function startLab(
  files: Record<string, string>,
  { command, pages = 'lab' }: LabOptions = {},
): Promise<Lab | undefined> {
  if (!venv || !browser) {
    console.log('      skipped: needs JupyterLab and Chromium; npm run test:full installs them');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-lab-'));
  for (const name of ['work', 'home', 'profile', 'work/node_modules']) mkdirSync(join(folder, name));
  symlinkSync(repository, join(folder, 'work', 'node_modules', 'cellgrad'), 'junction');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'work', name), text);
  const port = await freePort();
  const token = 'for-this-test';
  const address = `http://127.0.0.1:${port}`;
  const jupyter = [
    `--ServerApp.root_dir=${join(folder, 'work')}`,
    `--IdentityProvider.token=${token}`,
    `--port=${port}`,
  ];
  const [program, ...first] = command ?? [join(venv, 'bin', 'jupyter'), 'lab'];
  const server = spawn(program, [...first, '--allow-root', '--no-browser', '--ip=127.0.0.1', ...jupyter], {
    env: {
      ...process.env,
      HOME: join(folder, 'home'),
      CELLGRAD_CACHE: process.env.CELLGRAD_CACHE ?? join(homedir(), '.cache', 'cellgrad'),
      JUPYTER_CONFIG_DIR: join(folder, 'home', 'config'),
      VIRTUAL_ENV: venv,
    },
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => server.on('close', () => resolve()));
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    await context?.close();
    server.kill();
    // it ends its kernels first
    const timer = setTimeout(() => server.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
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
    await (await context.newPage()).goto(`${address}/${pages === 'lab' ? 'lab' : 'tree'}?token=${token}`);
  } catch (error) {
    await close();
    throw error;
  }
  const opened = context;
  return {
    folder,
    context,
    close,
    open: async (file) => {
      const page = await opened.newPage();
      const place = pages === 'lab' ? `lab/workspaces/${file.replace(/\W/g, '')}/tree` : 'notebooks';
      await page.goto(`${address}/${place}/${file}`);
      await page.waitForSelector('.jp-Notebook .jp-CodeCell', { timeout: 120_000 });
      return page;
    },
    shot: async (page, name) => {
      if (process.env.CELLGRAD_SHOTS)
        await page.screenshot({ path: join(process.env.CELLGRAD_SHOTS, `${name}.png`) });
    },
  };
}

/** Runs all cells from the menu. */
export async function runAll(page: Page): Promise<void> {
  await page.getByText('TypeScript (cellgrad)').first().waitFor();
  await page.click('.jp-Notebook .jp-CodeCell >> nth=0');
  await page.getByText('Run', { exact: true }).first().click();
  await page.getByText('Run All Cells', { exact: true }).click();
}
