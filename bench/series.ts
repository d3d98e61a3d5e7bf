// A CT series read as a volume, uncompressed and compressed, in turns with pydicom, which also writes it.
// node build/bench/series.js --python PATH [--slices 300] [--side 512] [--rounds 3] [--syntaxes uncompressed,rle,jpeglossless,jpegls,jpeg2000]
// --python names a Python with pydicom, its plugins and imagecodecs (`npm run test:full` makes one in .venv). Prints one JSON document.

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSeries } from '../src/data/index.js';
import { here, median, Runner } from './runner.js';

const { values: given } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    slices: { type: 'string', default: '300' },
    side: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
    syntaxes: { type: 'string', default: 'uncompressed,rle,jpeglossless,jpegls,jpeg2000' },
  },
});

interface Reading {
  seconds: number;
  /** Of all voxels, which shows that both read the same. */
  mean: number;
}

async function ours(folder: string): Promise<Reading> {
  const start = performance.now();
  const { data } = await readSeries(folder);
  const seconds = (performance.now() - start) / 1000;
  let sum = 0;
  for (const v of data) sum += v;
  return { seconds, mean: sum / data.length };
}

const rows = [];
for (const syntax of given.syntaxes.split(',')) {
  const folder = mkdtempSync(join(tmpdir(), 'cellgrad-series-'));
  try {
    const script = here('../../bench/series_pydicom.py', import.meta.url);
    const args = [script, folder, given.slices, given.side, syntax];
    const pydicom = await Runner.start<Reading>('pydicom', given.python, args);
    const readings: Record<string, Reading[]> = { cellgrad: [], pydicom: [] };
    for (let i = 0; i < Number(given.rounds); i++) {
      readings.cellgrad.push(await ours(folder));
      readings.pydicom.push(await pydicom.round());
      process.stderr.write(`${syntax}, round ${i + 1} of ${given.rounds}\n`);
    }
    await pydicom.stop();
    for (const [reader, all] of Object.entries(readings)) {
      const seconds = all.map((r) => r.seconds);
      rows.push({ syntax, reader, median: median(seconds), best: Math.min(...seconds), mean: all[0].mean });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(
  JSON.stringify({
    bench: 'series',
    unit: 's',
    processor: cpus()[0].model,
    load: loadavg()[0],
    arguments: given,
    rows,
  }),
);
