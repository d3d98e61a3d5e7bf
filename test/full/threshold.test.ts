// The notebook with a slider for a decision threshold, small.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellgrad, inFolder } from '../cli/cli.js';

const notebook = fileURLToPath(new URL('../../../notebooks/01-threshold.ipynb', import.meta.url));

describe('the notebook on thresholds', function () {
  this.timeout(300_000);

  it('runs without a front end; its page shows the decision at the first threshold', () =>
    inFolder(async (folder) => {
      const small = ['--param', 'patients=20', '--param', 'epochs=2'];
      const { code, stderr } = await cellgrad(['run', notebook, ...small, '--html', 'page.html'], {
        cwd: folder,
      });
      assert.equal(code, 0, stderr);
      const page = readFileSync(join(folder, 'page.html'), 'utf8');
      assert.match(page, /threshold:<\/span> 0\.5</);
      assert.match(page, /show:<\/span> missed</);
      assert.match(page, /sensitivity \d+ %, specificity \d+ %/);
      assert.match(page, /Confusion matrix/);
    }));
});
