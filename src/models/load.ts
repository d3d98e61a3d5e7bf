// Weights of a file into a model, tensor by tensor; a model from a file of `save`.

import type * as tfjs from '@tensorflow/tfjs';
import { ModelError, type Misfits } from './errors.js';
import type { Classifier } from './classifier.js';
import { construct } from './create.js';
import type { Parameter } from './layers.js';
import type { Description } from './save.js';
import { fit, toVariable, type FitOptions } from './weights/fit.js';
import type { Renaming } from './weights/names.js';
import { refuse } from './weights/refuse.js';
import { checkSwelling, using, type WeightsFile } from './weights/stored.js';
import { Scratch } from './weights/values.js';

export interface LoadOptions extends FitOptions {
  /**
   * Other names for the file's tensors, after wrappers (`module.`, `model.`, `state_dict`, `_orig_mod.`) were taken off and before a
   * prefix that all of the network's tensors have: a function, or prefixes and what takes their place, `{ 'backbone.': '' }`. What becomes `null` is left out.
   */
  map?: Renaming;
  /**
   * Which of a checkpoint's networks, where it holds more than one: `model_ema`, `generator`. Default: not the averaged one; of
   * networks that have other names (`teacher`, `student`) the one that fits best.
   */
  key?: string;
}

/** What `load` took from a file. */
export interface Loaded extends Misfits {
  format: WeightsFile['format'];
  /** How many tensors were taken. */
  taken: number;
  by: 'name' | 'position';
}

/**
 * Builds the network that a file of `save` describes, with its weights.
 * @throws ModelError `weights` when the file is damaged or not of `save`
 */
export function load(path: string): Promise<Classifier>;
/**
 * Loads weights into a model: safetensors (one file, or an index of shards), PyTorch's .pth (nothing in it is executed), Keras's
 * .h5 and .keras, TensorFlow.js's model.json, or a folder that holds one of them. The format is known by the content. Batch
 * counts, indices and auxiliary heads that the network doesn't compute with are passed over. timm's names are known where the
 * network has torchvision's and computes what timm's does. Networks of keras.applications are
 * known by their layers, unless `map` or `order` says what is what: those that compute what the model does are taken, with the
 * dense layers that were put behind them as the head; others are refused. Pictures stay to be prepared as they were for Keras.
 * @returns what was taken, and what was left with `strict: false`
 * @throws ModelError `weights`: the file is damaged or hostile, or (MisfitError, with the lists) its tensors don't fit; the model
 * is unchanged then
 */
export function load(model: Classifier, path: string, options?: LoadOptions): Promise<Loaded>;
export async function load(
  subject: Classifier | string,
  path?: string,
  options: LoadOptions = {},
): Promise<Classifier | Loaded> {
  // what reads files is loaded with the first one
  const { openWeights } = await import('./weights/open.js');
  if (typeof subject === 'string') return using(subject, openWeights, (file) => fromFile(file, subject));
  if (typeof path !== 'string')
    throw new ModelError('option', 'models.load(model, file) takes the path of a file of weights.');
  return using(path, openWeights, (file) => take(subject, file, options));
}

async function take(model: Classifier, file: WeightsFile, options: LoadOptions): Promise<Loaded> {
  const { layout, format } = file;
  const tensors = await called(file, model, options);
  const { take, left } = fit(model, tensors, layout, options);
  // the others are as large as the model's own
  checkSwelling(
    take.flatMap(({ from, change }) => (change ? [tensors.get(from)!] : [])),
    file,
  );
  const scratch = new Scratch();
  const staged: Array<[Parameter, tfjs.Tensor]> = [];
  const write = (): void => {
    for (const [p, t] of staged.splice(0)) {
      p.variable.write(t);
      t.dispose();
    }
  };
  try {
    for (const { parameter, from, change } of take) {
      const values = await tensors.get(from)!.read(scratch);
      staged.push([parameter, toVariable(parameter, change ? change(values) : values, layout)]);
      // where nothing can be wrong any more, one tensor at a time: half the memory
      if (file.checked) write();
    }
    write();
  } finally {
    for (const [, t] of staged) t.dispose();
  }
  return { format, taken: take.length, by: options.order ? 'position' : 'name', ...left };
}

/** The tensors of a file under the model's names, as far as these are known. */
async function called(
  { tensors, layout }: WeightsFile,
  model: Classifier,
  { key, map, order }: LoadOptions,
): Promise<WeightsFile['tensors']> {
  const names = await import('./weights/names.js');
  const own = names.unwrap(tensors, { key });
  const mapped = map ? names.rename(own, map) : own;
  if (order) return mapped;
  if (layout === 'torch') {
    const { fromLibraries } = await import('./weights/library-names.js');
    return names.unprefix(mapped, model.parameters(), (some) => fromLibraries(model.name, some));
  }
  return map ? mapped : (await import('./weights/keras-applications.js')).fromKeras(model, mapped);
}

async function fromFile(file: WeightsFile, path: string): Promise<Classifier> {
  const { cellgrad } = file.metadata;
  if (!cellgrad)
    throw new ModelError(
      'weights',
      `${path} holds weights but does not say of which network; build it with models.create and give it to models.load(model, file).`,
    );
  const { model: name, classes, inputShape, channels, preprocessing, design } = parse(cellgrad);
  const options = { classes: classes.length ? classes : 1, inputShape, channels, ...design };
  const model = await construct(name, options, { blank: true });
  Object.assign(model.preprocessing, preprocessing);
  try {
    await take(model, file, {});
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

function parse(text: string): Description {
  try {
    return JSON.parse(text) as Description;
  } catch {
    return refuse('what it says about its network is no JSON');
  }
}
