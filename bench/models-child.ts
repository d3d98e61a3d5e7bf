// Our part of bench/models.ts. models-child.js MODELS ROUNDS, models as JSON `[[name, source], …]`

import { createInterface } from 'node:readline';
import { create } from '../src/models/index.js';

const models = JSON.parse(process.argv[2]) as Array<[name: string, source: string]>;
const rounds = Number(process.argv[3]);

async function built(name: string): Promise<string> {
  const start = performance.now();
  const model = await create(name);
  const seconds = (performance.now() - start) / 1000;
  const parameters = model.net.countParams();
  model.dispose();
  return JSON.stringify({ seconds, parameters });
}

console.log(await built('squeezenet1_1'));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (let i = 0; !(await lines.next()).done; i++) console.log(await built(models[Math.floor(i / rounds)][0]));
