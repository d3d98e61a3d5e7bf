// A program for tfjs-node-gpu: a network learns to read drawn strokes, is saved and loaded again.

const process = require('node:process');
const tf = require('@tensorflow/tfjs-node-gpu');

const CLASSES = 4;
const SIZE = 16;

/** Strokes in four directions, moved about, on noise. */
function draw(count) {
  const images = new Float32Array(count * SIZE * SIZE);
  const labels = new Int32Array(count);
  let state = 7;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  for (let n = 0; n < count; n++) {
    const label = (labels[n] = n % CLASSES);
    const [x, y] = [4 + Math.floor(random() * 8), 4 + Math.floor(random() * 8)];
    const [dx, dy] = [
      [1, 0],
      [0, 1],
      [1, 1],
      [1, -1],
    ][label];
    const at = n * SIZE * SIZE;
    for (let i = 0; i < SIZE * SIZE; i++) images[at + i] = random() * 0.3;
    for (let step = -4; step <= 3; step++) images[at + (y + step * dy) * SIZE + x + step * dx] = 1;
  }
  return {
    images: tf.tensor4d(images, [count, SIZE, SIZE, 1]),
    labels: tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).toFloat(),
  };
}

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [SIZE, SIZE, 1], filters: 8, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dropout({ rate: 0.1 }),
    tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

async function run() {
  const train = draw(320);
  await model.fit(train.images, train.labels, { epochs: 8, batchSize: 32, validationSplit: 0.15 });
  const test = draw(80);
  const [, accuracy] = model.evaluate(test.images, test.labels);
  await model.save('file://./strokes');
  const loaded = await tf.loadLayersModel('file://./strokes/model.json');
  const apart = tf.max(tf.abs(tf.sub(model.predict(test.images), loaded.predict(test.images))));
  const result = { backend: tf.getBackend(), accuracy: accuracy.dataSync()[0], apart: apart.dataSync()[0] };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

run();
