// The notebook on data, run as a user runs it: the faults that it puts into its phantoms are found.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellgrad, inFolder } from '../cli/cli.js';

const notebook = fileURLToPath(new URL('../../../notebooks/data.ipynb', import.meta.url));

interface Cell {
  id: string;
  outputs?: { data?: Record<string, string | string[]> }[];
}

describe('the notebook on data', function () {
  this.timeout(240_000);

  it('runs, and its audit finds what was planted: the hospital first, and six films in two splits', () =>
    inFolder(async (folder) => {
      const { code, stderr } = await cellgrad(['run', notebook], { cwd: folder });
      assert.equal(code, 0, stderr);
      const { cells } = JSON.parse(readFileSync(join(folder, 'out', 'data.ipynb'), 'utf8')) as {
        cells: Cell[];
      };
      const { outputs } = cells.find(({ id }) => id === 'audit')!;
      const text = [outputs!.at(-1)!.data!['text/plain']].flat().join('');
      assert.match(text, /1\. From the source alone/);
      assert.match(text, /6 films are in more than one split \(6 the same pixels\)/);
      assert.ok(!text.includes('more than once in one split'), text);
    }));
});
