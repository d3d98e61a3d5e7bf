// How hard the phantom is: softmax regression on 32×32 pixels against a small CNN, on held-out patients.
// node build/bench/phantom-difficulty.js [--patients 300] [--seeds 0,1,2] [--size 80] [--epochs 24] [--batch 16]

import { parseArgs } from 'node:util';
import { tf } from '../src/compute/index.js';
import { phantom, type Dataset } from '../src/data/index.js';
import { random } from '../src/data/random.js';

const { values } = parseArgs({
  options: {
    patients: { type: 'string', default: '300' },
    seeds: { type: 'string', default: '0,1,2' },
    size: { type: 'string', default: '80' },
    epochs: { type: 'string', default: '24' },
    batch: { type: 'string', default: '16' },
    only: { type: 'string', default: '' },
  },
});
const [patients, size, epochs, batch] = [values.patients, values.size, values.epochs, values.batch].map(
  Number,
);
type Tensors = { x: Float32Array; y: Int32Array; n: number };

async function tensors(set: Dataset, side: number): Promise<Tensors> {
  const x = new Float32Array(set.length * side * side);
  for (const [i, row] of set.rows.entries()) x.set(await set.load(row, { size: side }), i * side * side);
  return { x, y: set.labels(), n: set.length };
}

const accuracy = (p: Float32Array, y: Int32Array, k: number) => {
  let hits = 0;
  for (let i = 0; i < y.length; i++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (p[i * k + c] > p[i * k + best]) best = c;
    if (best === y[i]) hits++;
  }
  return hits / y.length;
};

/** The best of several strengths of weight decay and standardisations, by validation accuracy. */
function linear(parts: Record<'train' | 'val' | 'test', Tensors>, k: number) {
  let best = { val: -1, test: 0, decay: 0, perImage: false };
  for (const perImage of [false, true])
    for (const decay of [1e-4, 1e-3, 1e-2, 1e-1])
      tf.tidy(() => {
        const d = parts.train.x.length / parts.train.n;
        const pictures = (t: Tensors) => {
          const x = tf.tensor2d(t.x, [t.n, d]);
          if (!perImage) return x;
          const { mean, variance } = tf.moments(x, 1, true);
          return x.sub(mean).div(variance.sqrt()) as typeof x;
        };
        const { mean, variance } = tf.moments(pictures(parts.train), 0);
        const prepare = (t: Tensors) => pictures(t).sub(mean).div(variance.sqrt().add(1e-3));
        const [x, y] = [prepare(parts.train), tf.oneHot(tf.tensor1d(parts.train.y, 'int32'), k)];
        const w = tf.variable(tf.zeros([d, k]));
        const b = tf.variable(tf.zeros([k]));
        const adam = tf.train.adam(1e-3);
        const predict = (t: Tensors) =>
          accuracy(
            tf.tidy(() => prepare(t).matMul(w).add(b).dataSync() as Float32Array),
            t.y,
            k,
          );
        for (let step = 0; step < 600; step++) {
          adam.minimize(
            () =>
              tf.losses
                .softmaxCrossEntropy(y, x.matMul(w).add(b))
                .add(w.square().sum().mul(decay)) as import('@tensorflow/tfjs').Scalar,
            false,
            [w, b],
          );
          if (step % 50 !== 49) continue;
          const val = predict(parts.val);
          if (val > best.val) best = { val, test: predict(parts.test), decay, perImage };
        }
        adam.dispose();
        w.dispose();
        b.dispose();
      });
  return best;
}

async function cnn(parts: Record<'train' | 'val' | 'test', Tensors>, k: number, seed: number) {
  const started = Date.now();
  const model = tf.sequential();
  [16, 32, 64, 96].forEach((filters, i) => {
    const init = tf.initializers.heNormal({ seed: seed * 10 + i });
    model.add(
      tf.layers.conv2d({
        filters,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
        kernelInitializer: init,
        ...(i === 0 && { inputShape: [size, size, 1] }),
      }),
    );
    model.add(tf.layers.batchNormalization({ momentum: 0.9 }));
    model.add(tf.layers.reLU());
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }));
  });
  model.add(tf.layers.globalAveragePooling2d({}));
  model.add(
    tf.layers.dense({
      units: k,
      activation: 'softmax',
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
    }),
  );
  const optimizer = tf.train.adam(2e-3);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  const area = size * size;
  const predict = (t: Tensors) =>
    tf.tidy(() =>
      accuracy(
        (
          model.predict(tf.tensor4d(t.x, [t.n, size, size, 1]).sub(0.5).div(0.25), {
            batchSize: 32,
          }) as import('@tensorflow/tfjs').Tensor
        ).dataSync() as Float32Array,
        t.y,
        k,
      ),
    );
  let best = { val: -1, test: 0, epoch: 0 };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const r = random(seed, 'bench', epoch);
    const order = r.shuffle(Int32Array.from({ length: parts.train.n }, (_, i) => i));
    (optimizer as unknown as { learningRate: number }).learningRate =
      2e-3 * (0.02 + 0.98 * (1 - epoch / epochs));
    let loss = 0;
    for (let at = 0; at + batch <= order.length; at += batch) {
      const x = new Float32Array(batch * area);
      const y = new Float32Array(batch);
      for (let i = 0; i < batch; i++) {
        const from = parts.train.x.subarray(order[at + i] * area, (order[at + i] + 1) * area);
        const flip = r.chance(0.5);
        for (let p = 0; p < area; p++)
          x[i * area + p] = from[flip ? p - (p % size) + size - 1 - (p % size) : p];
        y[i] = parts.train.y[order[at + i]];
      }
      const xs = tf.tidy(() => tf.tensor4d(x, [batch, size, size, 1]).sub(0.5).div(0.25));
      const ys = tf.tensor1d(y);
      loss += (await model.trainOnBatch(xs, ys)) as number;
      tf.dispose([xs, ys]);
      await new Promise(setImmediate); // memory of freed tensors goes back only between turns of the event loop
    }
    const val = predict(parts.val);
    if (val >= best.val) best = { val, test: predict(parts.test), epoch };
    process.stderr.write(
      `cnn seed ${seed} epoch ${epoch + 1}/${epochs} loss ${(loss / Math.floor(order.length / batch)).toFixed(3)} val ${val.toFixed(3)} ${((Date.now() - started) / 1000).toFixed(0)} s\n`,
    );
  }
  model.dispose();
  return { ...best, seconds: (Date.now() - started) / 1000 };
}

const results = [];
for (const seed of values.seeds.split(',').map(Number)) {
  const set = phantom({ patients, seed });
  const started = Date.now();
  const parts = async (side: number) => ({
    train: await tensors(set.split('train'), side),
    val: await tensors(set.split('val'), side),
    test: await tensors(set.split('test'), side),
  });
  const small = await parts(32);
  const render = (Date.now() - started) / 1000;
  const k = set.classes.length;
  const result = {
    seed,
    films: set.length,
    test: small.test.n,
    renderSeconds: render,
    linear: values.only === 'cnn' ? undefined : linear(small, k),
    cnn: values.only === 'linear' ? undefined : await cnn(await parts(size), k, seed),
  };
  process.stderr.write(JSON.stringify(result) + '\n');
  results.push(result);
}
console.log(JSON.stringify({ patients, size, epochs, batch, results }));
