// The tour's cells again and again in one kernel, as one does by hand: tensors and memory stay.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TestKernel } from '../kernel/client.js';

const notebooks = fileURLToPath(new URL('../../../notebooks/', import.meta.url));

describe('ten executions of the tour’s cells', function () {
  this.timeout(600_000);
  let kernel: TestKernel;
  before(async () => (kernel = await TestKernel.start({ cwd: notebooks })));
  after(() => kernel?.stop());

  it('leave as many tensors as two, and no more memory', async () => {
    const { cells } = JSON.parse(readFileSync(`${notebooks}00-tour.ipynb`, 'utf8')) as {
      cells: { cell_type: string; source: string[] }[];
    };
    // less of everything, so that ten take a minute or two
    const less: [string, string][] = [
      ['patients: 240', 'patients: 24'],
      ['size: number = 128', 'size: number = 64'],
      ['epochs: number = 5', 'epochs: number = 1'],
      ['../out/tour/', '../out/memory/'],
    ];
    const sources = cells
      .filter(({ cell_type }) => cell_type === 'code')
      .map(({ source }) => less.reduce((text, [from, to]) => text.replaceAll(from, to), source.join('')));
    const seen: { tensors: number; rss: number }[] = [];
    for (let round = 0; round < 10; round++) {
      for (const source of sources) {
        const { error } = await kernel.run(source);
        assert.equal(error, undefined, error?.traceback);
      }
      const { stdout } = await kernel.run(
        'console.log(JSON.stringify({ tensors: cg.tf.memory().numTensors, rss: process.memoryUsage().rss }))',
      );
      seen.push(JSON.parse(stdout) as (typeof seen)[number]);
    }
    const shown = seen
      .map(({ tensors, rss }) => `${tensors} tensors, ${Math.round(rss / 1e6)} MB`)
      .join('; ');
    console.log(`      ${shown}`);
    assert.equal(seen[9].tensors, seen[1].tensors, shown);
    assert.ok(seen[9].rss - seen[4].rss < 100e6, shown);
  });
});
