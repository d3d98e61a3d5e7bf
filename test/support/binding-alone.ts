// One question about the binding that needs a process of its own, named by the first argument; the answer is JSON.

import { Worker } from 'node:worker_threads';
import { setTimeout } from 'node:timers/promises';
import koffi from 'koffi';

const [question, argument] = process.argv.slice(2);
const say = (answer: unknown): void => console.log(JSON.stringify(answer));
const compute = (): Promise<typeof import('../../src/compute/index.js')> =>
  import('../../src/compute/index.js');
const refused = async (work: () => unknown): Promise<void> => {
  try {
    await work();
    say({ refused: false });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    say({ refused: true, code, message });
  }
};

/** Collects until `done`, for some seconds at most. */
async function collected(done: () => boolean): Promise<boolean> {
  for (let i = 0; i < 100 && !done(); i++) {
    (globalThis as unknown as { gc(): void }).gc();
    await setTimeout(20);
  }
  return done();
}

if (question === 'lost tensors') {
  const { binding, tf } = await compute();
  const before = binding!.getNumOfTensors();
  const kept = tf.keep(tf.add(tf.ones([3]), 1));
  (() => {
    for (let i = 0; i < 200; i++) tf.add(tf.scalar(i), 1);
  })();
  const made = binding!.getNumOfTensors() - before;
  const back = await collected(() => binding!.getNumOfTensors() - before < 20);
  say({ made, back, kept: [...kept.dataSync()] });
} else if (question === 'lost model') {
  const { tf } = await compute();
  const { node } = tf as unknown as {
    node: { loadSavedModel(path: string): Promise<unknown>; getNumOfSavedModels(): number };
  };
  await (async () => void (await node.loadSavedModel(argument)))();
  const made = node.getNumOfSavedModels();
  say({ made, back: await collected(() => node.getNumOfSavedModels() === 0) });
} else if (question === 'other library') {
  const other = koffi.load(argument);
  await refused(compute);
  other.unload();
} else if (question === 'add-on') {
  await compute();
  await refused(() => process.dlopen({ exports: {} } as NodeModule, argument));
} else if (question === 'worker') {
  const { tf } = await compute();
  const script = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(new URL('../../src/compute/index.js', import.meta.url).href)}).then(
      ({ tf }) => parentPort.postMessage(tf.add(tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])), 1).dataSync()[0]),
      (error) => parentPort.postMessage(error.message));`;
  const answers: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(script, { eval: true });
    const answer = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const here = tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).dataSync()[0];
    answers.push(here, await answer);
    await worker.terminate();
  }
  say({ answers, after: tf.add(1, 1).dataSync()[0] });
}
