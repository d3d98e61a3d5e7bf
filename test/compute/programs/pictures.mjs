// A program for tfjs-node-gpu: pictures are written and read, TensorFlow's own model predicts, TensorBoard gets its files.
// Its argument is the folder of the SavedModel.

import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node-gpu';

const image = tf.tidy(() => tf.tile(tf.reshape(tf.range(0, 240, 10, 'int32'), [4, 6, 1]), [1, 1, 3]));
writeFileSync('picture.png', await tf.node.encodePng(image));
writeFileSync('picture.jpg', await tf.node.encodeJpeg(image, 'rgb', 100));
const [png, jpg] = ['picture.png', 'picture.jpg'].map((file) => readFileSync(file));
const apart = (a, b) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
const header = Buffer.alloc(54);
header.write('BM');
const numbers = [62, 0, 54, 40, 2, 1]; // sizes of file and headers, width, height
numbers.forEach((n, i) => header.writeInt32LE(n, 2 + 4 * i));
header.writeInt16LE(1, 26);
header.writeInt16LE(24, 28);
const bmp = Buffer.concat([header, Buffer.from([3, 2, 1, 6, 5, 4, 0, 0])]); // blue before red
const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const pictures = {
  png: apart(tf.node.decodePng(png), image),
  image: apart(tf.node.decodeImage(png, 3), image),
  jpeg: apart(tf.node.decodeJpeg(jpg), image),
  bmp: [...tf.node.decodeBmp(bmp).dataSync()],
  gif: tf.node.decodeGif(gif).shape,
};

const saved = await tf.node.loadSavedModel(process.argv[2], ['serve'], 'serving_default');
const { y, sum } = saved.predict({ x: tf.tensor2d([[1, 1, 1]]) });
const served = [y.arraySync(), sum.arraySync()];
saved.dispose();

const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
await model.fit(tf.randomNormal([16, 2]), tf.randomNormal([16, 1]), {
  epochs: 2,
  validationSplit: 0.25,
  verbose: 0,
  callbacks: tf.node.tensorBoard('./logs', { updateFreq: 'batch', histogramFreq: 1 }),
});
const writer = tf.node.summaryFileWriter('./logs/own');
for (let step = 0; step < 5; step++) writer.scalar('squares', step * step, step);
writer.histogram('normal', tf.randomNormal([100]), 0);
writer.flush();

await model.save(tf.io.fileSystem('./dense'));
const loaded = await tf.loadLayersModel(tf.io.fileSystem('./dense/model.json'));
const same = loaded.getWeights().every((w, i) => apart(w, model.getWeights()[i]) === 0);
process.stdout.write(JSON.stringify({ pictures, served, same, version: tf.version['tfjs-node'] }));
