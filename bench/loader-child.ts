// Our part of bench/loader.ts: a line in, an epoch of batches, a line out. loader-child.js FOLDER IMAGES WORKERS none|memory|disk

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as data from '../src/data/index.js';

const [folder, images, workers, cached] = process.argv.slice(2);
const disk = cached === 'disk' && mkdtempSync(join(tmpdir(), 'cellgrad-loader-'));
if (disk) process.on('exit', () => rmSync(disk, { recursive: true, force: true }));
const opened = await data.open(`${folder}/manifest.csv`, { label: 'label3' });
const set = opened.with(opened.rows.slice(0, Number(images)));

async function epoch(number: number): Promise<object> {
  const start = performance.now();
  let seen = 0;
  let sum = 0;
  const source = data.batches(set, {
    size: 224,
    resize: 256,
    channels: 3,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    augment: [data.augment.flip()],
    workers: Number(workers),
    epoch: number,
    cache: { memory: cached === 'memory' ? '2 GB' : 0, disk },
    reuse: true,
  });
  for await (const { x, n } of source) {
    seen += n;
    for (let i = 0; i < x.length; i += 1009) sum += x[i];
  }
  return {
    seconds: (performance.now() - start) / 1000,
    images: seen,
    mean: (sum * 1009) / (seen * 224 * 224 * 3),
  };
}

let number = 0;
console.log(JSON.stringify(await epoch(number)));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
while (!(await lines.next()).done) console.log(JSON.stringify(await epoch(++number)));
