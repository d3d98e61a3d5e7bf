// Where people are: `cellgrad lab` with the real JupyterLab, Notebook 7 in Chromium, and jupyter console in a terminal.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { sample } from '../runner/samples.js';
import { runAll, startLab, type Lab } from './jupyterlab.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const venv = process.env.CELLGRAD_VENV;
const notebook = sample(['const n: number = 40;\nconsole.log(process.pid);\nn + 2', 'null.missing']);

/** The kernel's process, from the first cell's output, once both have run. */
async function pidAfterRun(page: Page): Promise<number> {
  await runAll(page);
  await page.getByText('TypeError').first().waitFor({ timeout: 120_000 });
  const text = await page.locator('.jp-Notebook .jp-CodeCell .jp-OutputArea').first().innerText();
  assert.match(text, /42/);
  return Number(/\d+/.exec(text)![0]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const [what, pages, flags] of [
  ['cellgrad lab', 'lab', []],
  ['cellgrad lab --notebook', 'notebook', ['--notebook']],
] as const)
  describe(what, function () {
    this.timeout(300_000);
    let lab: Lab | undefined;
    before(async function () {
      lab = await startLab(
        { 'n.ipynb': notebook },
        { command: [process.execPath, MAIN, 'lab', ...flags], pages },
      );
      if (!lab) this.skip(); // startLab says what is not here
    });
    after(() => lab?.close());

    it('opens a notebook whose cells run, and ends with its kernels', async () => {
      const page = await lab!.open('n.ipynb');
      const pid = await pidAfterRun(page);
      await lab!.shot(page, `places-${pages}`);
      if (pages === 'lab') {
        const colours = await page.$$eval('.jp-CodeCell >> nth=0 >> .cm-line span', (spans) => spans.length);
        assert.ok(colours > 4, 'the code is highlighted');
        await page.keyboard.press('ControlOrMeta+Shift+l');
        await page.locator('.jp-LauncherCard').first().waitFor();
        const [logo] = await page.$$eval('.jp-LauncherCard img[src*=cellgrad]', (images) =>
          images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
        );
        assert.ok(logo > 0, 'the launcher shows the logo');
        await lab!.shot(page, 'places-launcher');
      }
      await page.close();
      await lab!.close();
      lab = undefined;
      assert.equal(isAlive(pid), false);
    });
  });

/** Types into the console in a terminal, and waits for what must come. */
const TYPING = `
import os, pexpect, sys
child = pexpect.spawn(sys.argv[1], sys.argv[2:], encoding='utf8', timeout=120, dimensions=(40, 120),
                      env={**os.environ, 'TERM': 'xterm', 'PROMPT_TOOLKIT_NO_CPR': '1'})
child.logfile_read = open('seen.txt', 'w')
colours = '(?:\\x1b[^m]*m)*'
prompt = lambda n: child.expect(r'In ' + colours + r'\\[' + colours + str(n))
prompt(1)
child.send('const n: number = 40; n + 2\\r')
child.expect(r'Out.{0,60}42')
prompt(2)
child.send('n.missing.deep\\r')
child.expect('TypeError')
prompt(3)
child.send('function twice(a: number) {\\r')
child.expect(r'\\.\\.\\.:')
child.send('return 2 * a }\\r')
prompt(4)
child.send('clearOu\\t')
child.expect('tput')
child.send('\\x15twice(n)\\r')
child.expect(r'Out.{0,60}80')
prompt(5)
child.send('exit\\r')
child.expect(pexpect.EOF)
child.close()
sys.exit(child.exitstatus if child.signalstatus is None else 1)
`;

describe('cellgrad lab --console', function () {
  this.timeout(300_000);
  let folder: string;
  before(function () {
    if (!venv || !existsSync(join(venv, 'bin', 'jupyter-console'))) {
      console.log('      skipped: jupyter console is not here; npm run test:full installs it');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-console-'));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it('runs lines, shows results and errors, completes, and exits', () => {
    const args = ['-c', TYPING, process.execPath, MAIN, 'lab', '--console'];
    const { status, stderr } = spawnSync(join(venv!, 'bin', 'python'), args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        VIRTUAL_ENV: venv,
        TMPDIR: folder,
        JUPYTER_CONFIG_DIR: join(folder, 'config'),
        JUPYTER_RUNTIME_DIR: join(folder, 'runtime'),
        IPYTHONDIR: join(folder, 'ipython'),
        CELLGRAD_HISTORY: 'off',
      },
    });
    const seen = existsSync(join(folder, 'seen.txt')) ? readFileSync(join(folder, 'seen.txt'), 'utf8') : '';
    assert.equal(status, 0, `${stderr}\n${seen.slice(-3000)}`);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('cellgrad-jupyter-')),
      [],
      'nothing is left',
    );
  });
});
