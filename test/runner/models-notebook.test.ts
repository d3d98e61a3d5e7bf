// The notebook on models, run as a user runs it: what it saves is what it loads, and what it learns is better than chance.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellgrad, inFolder } from '../cli/cli.js';

const notebook = fileURLToPath(new URL('../../../notebooks/models.ipynb', import.meta.url));

interface Cell {
  id: string;
  outputs?: { text?: string | string[]; data?: Record<string, string | string[]> }[];
}

describe('the notebook on models', function () {
  this.timeout(240_000);

  it('runs: three ways beat chance, the saved network is the same, three formats are written', () =>
    inFolder(async (folder) => {
      const { code, stderr } = await cellgrad(['run', notebook], { cwd: folder });
      assert.equal(code, 0, stderr);
      const { cells } = JSON.parse(readFileSync(join(folder, 'out', 'models.ipynb'), 'utf8')) as {
        cells: Cell[];
      };
      const shown = (cell: string): string =>
        cells
          .find(({ id }) => id === cell)!
          .outputs!.flatMap(({ text = '', data = {} }) => [text, data['text/plain'] ?? ''].flat())
          .join('');

      const aucs = [...shown('compare').matchAll(/ (\d\.\d+)$/gm)].map(([, auc]) => Number(auc));
      assert.equal(aucs.length, 3);
      for (const auc of aucs) assert.ok(auc > 0.6, shown('compare'));
      assert.match(shown('save'), /loaded again.*96 × 96 × 1\n.* are the same\./);
      assert.match(
        shown('export'),
        /^network\.onnx: onnx.*\nweb\/model\.json: tfjs.*\nhalf\.safetensors: safetensors, float16/,
      );
      for (const { id } of cells.filter(({ outputs }) => outputs))
        assert.ok(!shown(id).includes(folder), `${id} names a path`);
    }));
});
