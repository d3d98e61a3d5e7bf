// One network of bench/compute.ts in a process of its own: a line in, some steps, a line out.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { coarserPrecision, optimizer, tf, type Precision, type Trial } from '../src/compute/index.js';
import { create } from '../src/models/index.js';
import { trainingStep, trainingTrial } from '../src/train/step.js';
import { learning } from '../src/train/variables.js';

const [name, mode, batch, size, steps, variant] = process.argv.slice(2);
const [asked, checkpointing] = variant.split('+') as [Precision | 'auto', 'checkpointing'?];
const n = Number(batch);
const s = Number(size);
const model = await create(name, { inputShape: [s, s] });
const x = tf.randomNormal([n, s, s, 3], 0, 1, 'float32', 1) as import('@tensorflow/tfjs').Tensor4D;
const labels = Int32Array.from({ length: n }, (_, i) => (i * 389) % 1000);
const y = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 1000), 'float32') as never;

const tried = (coarse: Precision): Promise<Trial> =>
  mode === 'train'
    ? trainingTrial(model, n, coarse, { checkpointing: !!checkpointing })
    : model.trial(x, coarse);
const coarse = coarserPrecision();
const chosen = asked === 'auto' && coarse ? (await tried(coarse)).precision : asked;
const precision = chosen === 'auto' ? 'float32' : chosen;

let count = 0;
const training =
  mode === 'train' &&
  trainingStep(model, learning(model), optimizer('adam', { learningRate: 1e-4 }), {
    precision,
    checkpointing: !!checkpointing,
  });
const step = (): unknown =>
  training ? training.run(x, y, count++) : model.predict(x, { batch: n, precision });

const peak = (): number => {
  const kb = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Math.round(Number(kb) / 1000);
};
const say = (ms: number[]): void => console.log(JSON.stringify({ ms, peak: peak() }));

// as many as inference needs to compile the weights in
for (let i = 0; i < (training ? 3 : 9); i++) step();
say([]);
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'go') break;
  const ms: number[] = [];
  for (let i = 0; i < Number(steps); i++) {
    const start = performance.now();
    step();
    ms.push(performance.now() - start);
  }
  say(ms);
}
