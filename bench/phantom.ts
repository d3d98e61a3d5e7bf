// How fast phantoms are drawn: films through `batches` with worker threads and without, CT slices and volumes. Prints JSON.
// node build/bench/phantom.js [--films 2000] [--size 224]

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { batches, phantom, phantomCT, phantomFindings } from '../src/data/index.js';

const { values } = parseArgs({
  options: { films: { type: 'string', default: '2000' }, size: { type: 'string', default: '224' } },
});
const [films, size] = [Number(values.films), Number(values.size)];

/** Seconds by the clock, and of the processors. */
async function timed(work: () => Promise<unknown>): Promise<{ seconds: number; cpu: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

async function drawFilms(workers: number): Promise<void> {
  const set = phantom({ patients: films, filmsPerPatient: [1, 1], classes: phantomFindings, size });
  let seen = 0;
  for await (const { n } of batches(set, { size, workers, reuse: true, cache: 0 })) seen += n;
  if (seen !== films) throw new Error(`Of ${films} films ${seen} came.`);
}

const scans = phantomCT({ patients: 2, classes: ['consolidation', 'effusion'] });
const slices = phantomCT({ patients: 20, rows: 'slice' });
const threads = availableParallelism();
console.log(
  JSON.stringify({
    films,
    size,
    threads,
    withWorkers: await timed(() => drawFilms(threads)),
    oneThread: await timed(() => drawFilms(0)),
    volumes: {
      shape: [48, 256, 256],
      count: scans.length,
      ...(await timed(async () => {
        for (const row of scans.rows) await scans.volume(row);
      })),
    },
    slices: {
      size: 256,
      count: slices.length,
      ...(await timed(async () => {
        for (const row of slices.rows) await slices.pixels(row, { size: 256 });
      })),
    },
  }),
);
