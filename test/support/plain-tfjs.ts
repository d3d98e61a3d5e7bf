// Plain TensorFlow.js in a process of its own: loads a graph model from an address, runs it on its slow CPU backend.
// `node plain-tfjs.js URL SHAPE FILE`: the values of a batch of this shape are read from the file, the result's written to it.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof tfjs;
const [url, shape, file] = process.argv.slice(2);
await tf.setBackend('cpu');
const values = readFileSync(file);
const x = tf.tensor(
  new Float32Array(values.buffer, values.byteOffset, values.length / 4),
  JSON.parse(shape) as number[],
);
const model = await tf.loadGraphModel(url);
const [input] = model.inputs;
const y = model.predict(x) as tfjs.Tensor;
writeFileSync(file, new Uint8Array((y.dataSync() as Float32Array).buffer));
console.log(
  JSON.stringify({ input: input.shape, output: y.shape, outputs: model.outputs.map(({ name }) => name) }),
);
