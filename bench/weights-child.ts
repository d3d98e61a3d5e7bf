// Our part of bench/weights.ts: loads a file into a model, some times. weights-child.js MODEL FILE ROUNDS

import { readFileSync, writeFileSync } from 'node:fs';
import * as models from '../src/models/index.js';

const [name, file, rounds] = process.argv.slice(2);
const model = await models.create(name);

/** A line of /proc/self/status in bytes: VmRSS now, VmHWM at most. */
const memory = (line: string): number =>
  1024 * Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))![1]);

for (let i = 0; i < Number(rounds); i++) {
  writeFileSync('/proc/self/clear_refs', '5'); // the most so far is what it is now
  const before = memory('VmRSS');
  const start = performance.now();
  await models.load(model, file);
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, rise: memory('VmHWM') - before }));
}
