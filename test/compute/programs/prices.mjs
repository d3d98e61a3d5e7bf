// A program for tfjs-node: a regression on the rows of a CSV file, read as they are needed.

import * as tf from '@tensorflow/tfjs-node';

const rows = tf.data.csv('file://./prices.csv', { columnConfigs: { price: { isLabel: true } } });
const columns = (await rows.columnNames()).filter((name) => name !== 'price');
const examples = rows
  .map(({ xs, ys }) => ({ xs: columns.map((name) => xs[name]), ys: [ys.price] }))
  .shuffle(100, 'prices')
  .batch(20);

const model = tf.sequential();
const kernelInitializer = tf.initializers.glorotNormal({ seed: 1 });
model.add(tf.layers.dense({ inputShape: [columns.length], units: 1, kernelInitializer }));
model.compile({ optimizer: tf.train.sgd(0.3), loss: 'meanSquaredError' });
const { history } = await model.fitDataset(examples, { epochs: 30, verbose: 0 });
const error = await model.evaluateDataset(examples, {});
const [weights, bias] = model.getWeights().map((w) => [...w.dataSync()]);
process.stdout.write(
  JSON.stringify({ columns, losses: history.loss.length, error: error.dataSync()[0], weights, bias }),
);
