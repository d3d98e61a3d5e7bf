// Files that Keras itself writes: the networks of keras.applications answer here as they do there, or are refused.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { tf } from '../../src/compute/index.js';
import { create, load, type CreateOptions } from '../../src/models/index.js';

const venv = process.env.CELLGRAD_VENV;

/** Pictures and logits by the name of a network. */
type Answers = Record<string, { pictures: number[]; logits: number[][] }>;

/** Keras's networks, the side of their input, the endings of their files, and the models here. */
const equal = [
  ['DenseNet121', 64, 'h5,weights.h5,keras', 'densenet121'],
  ['EfficientNetB0', 64, 'h5,weights.h5', 'tf_efficientnet_b0'],
  ['EfficientNetV2S', 65, 'keras', 'efficientnet_v2_s'],
  ['MobileNetV2', 65, 'weights.h5', 'mobilenet_v2'],
  ['MobileNetV3Small', 65, 'h5', 'mobilenet_v3_small'],
  ['ConvNeXtTiny', 64, 'h5,keras', 'convnext_tiny'],
  ['Xception', 71, 'h5,keras1', 'legacy_xception'],
  ['InceptionResNetV2', 139, 'weights.h5', 'inception_resnet_v2'],
  ['VGG16', 224, 'weights.h5', 'vgg16'],
] as const;

const refused = [
  [
    'ResNet50',
    64,
    'resnet50',
    /holds Keras's ResNet, which no model here computes: its blocks have their stride/,
  ],
  ['InceptionV3', 75, 'inception_v3', /Keras's InceptionV3, which no model here computes: its means/],
  ['NASNetMobile', 64, 'nasnetalarge', /Keras's NASNet, which no model here computes: its maxima/],
] as const;

describe('files of Keras', function () {
  this.timeout(600_000);
  let folder: string;
  let answers: Answers;
  before(function () {
    if (!venv) {
      console.log('      skipped: no Python with Keras (CELLGRAD_VENV); npm run test:full installs it');
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'cellgrad-keras-'));
    const networks = [
      ...equal.map(([name, side, endings]) => `${name}:${side}:${endings}`),
      ...refused.map(([name, side]) => `${name}:${side}?:weights.h5`),
    ];
    const { status, stdout, stderr } = spawnSync(
      join(venv, 'bin', 'python'),
      [resolve('test/support/keras_files.py'), folder, ...networks],
      { encoding: 'utf8', maxBuffer: 1e9 },
    );
    assert.equal(status, 0, stderr);
    answers = JSON.parse(stdout) as Answers;
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  /** The relative distance of our answer, after a file was loaded, from Keras's. */
  async function distance(
    name: string,
    ending: string,
    side: number,
    model: string,
    options: Partial<CreateOptions> = {},
  ): Promise<number> {
    const { pictures, logits } = answers[name];
    const network = await create(model, { classes: logits[0].length, inputShape: [side, side], ...options });
    const loaded = await load(network, join(folder, `${name}.${ending}`));
    assert.equal(loaded.taken, network.parameters().size);
    const ours = tf.tidy(() =>
      network.run(tf.tensor4d(pictures, [logits.length, side, side, 3])).arraySync(),
    );
    network.dispose();
    return apart(ours.flat(), logits.flat());
  }
  const apart = (a: number[], b: number[]): number =>
    Math.hypot(...a.map((v, i) => v - b[i])) / Math.hypot(...b);

  for (const [name, side, endings, model] of equal)
    it(`${model} answers as ${name} (${endings})`, async () => {
      const [first, second] = answers[name].logits;
      assert.ok(apart(first, second) > 0.01, 'the logits depend on the picture');
      const tensors = tf.memory().numTensors;
      for (const ending of endings.split(',')) {
        const off = await distance(name, ending, side, model);
        assert.ok(off < 1e-5, `${name}.${ending}: ${off}`);
      }
      assert.equal(tf.memory().numTensors, tensors);
    });

  it('a classifier on a network without its top is the head', async () => {
    for (const ending of ['h5', 'weights.h5', 'keras'])
      assert.ok((await distance('own', ending, 65, 'mobilenet_v2')) < 1e-5, ending);
    for (const ending of ['h5', 'keras'])
      assert.ok((await distance('hidden', ending, 65, 'mobilenet_v2', { head: [16] })) < 1e-5, ending);
  });

  it('networks that compute something else are refused in a sentence', async () => {
    const refuses = async (file: string, model: string, side: number, why: RegExp): Promise<void> => {
      const network = await create(model, { classes: 7, inputShape: [side, side] });
      const path = join(folder, `${file}.weights.h5`);
      await assert.rejects(load(network, path), (error: Error) => {
        assert.match(error.message, why);
        assert.match(error.message, /^The weights file \S+ was refused: [^\n]{0,300}\.$/);
        return true;
      });
      network.dispose();
    };
    for (const [name, side, model, why] of refused) await refuses(name, model, side, why);
    const sides =
      /pads maps of even sides .* height and width are 32 n \+ 1, as inputShape: \[65, 65\], and this one takes \[64, 64\]/;
    await refuses('MobileNetV2', 'mobilenet_v2', 64, sides);
    await refuses(
      'EfficientNetB0',
      'efficientnet_b0',
      64,
      /which is tf_efficientnet_b0, .* here, not efficientnet_b0/,
    );
  });
});
