// Keras's weights, .h5 (of Keras 1 to 3), .weights.h5 and .keras: names by layer, values in Keras's layout.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hdf5, type Contents } from './hdf5.js';
import { namesByGroup } from './keras-config.js';
import { refuse } from './refuse.js';
import { isShape, type Stored, type WeightsFile } from './stored.js';
import { Zip } from './zip.js';

/** Keras's words for what PyTorch calls otherwise; the last three are Keras 1's. */
const words: Record<string, string> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
  W: 'weight',
  b: 'bias',
  running_std: 'running_var',
};

/** `conv1/kernel:0` as `conv1.weight`; Keras 1 wrote `conv1_W:0`. */
export function kerasName(path: string): string {
  const parts = path.replace(/:\d+$/, '').split('/');
  const last = parts.pop()!;
  return [parts.join('/'), words[last] ?? last].filter(Boolean).join('.');
}

/**
 * Opens an HDF5 file of Keras.
 * @param names of its layers by their groups, where the file itself has none
 */
export async function openKerasH5(path: string, names = new Map<string, string>()): Promise<WeightsFile> {
  const { size: bytes } = await stat(path);
  const file = new Hdf5(path);
  try {
    const contents = await file.contents();
    const shapes = new Map(contents.datasets.map((d) => [d.path, d]));
    const tensors = new Map<string, Stored>();
    for (const { name, at } of distinct(byLayer(contents, names))) {
      const { shape, numeric } = shapes.get(at) ?? refuse(`it holds no ${at}`);
      if (!numeric) continue; // a seed's state, a text
      if (!isShape(shape)) refuse(`${name} has no sensible shape`);
      if (tensors.has(name)) refuse(`it holds two tensors named ${name}`);
      tensors.set(name, { shape, read: () => file.values(at) });
    }
    if (!tensors.size) refuse('it holds no weights of Keras');
    return {
      format: 'keras',
      layout: 'keras',
      tensors,
      metadata: {},
      bytes,
      checked: false,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens a .keras file: a zip that holds an HDF5 file. */
export async function openKerasZip(path: string): Promise<WeightsFile> {
  const zip = await Zip.open(path);
  const folder = await mkdtemp(join(tmpdir(), 'cellgrad-keras-'));
  const clean = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const inner = join(folder, 'model.weights.h5');
    await writeFile(inner, await zip.read('model.weights.h5'));
    const file = await openKerasH5(inner, namesByGroup(await configOf(zip)));
    return { ...file, close: () => file.close().finally(clean) };
  } catch (error) {
    await clean();
    throw error;
  } finally {
    await zip.close();
  }
}

async function configOf(zip: Zip): Promise<unknown> {
  if (!zip.names().includes('config.json')) return undefined;
  try {
    return JSON.parse((await zip.read('config.json')).toString('utf8'));
  } catch {
    return refuse('its config.json is no JSON');
  }
}

/** A dataset that holds a weight: its name by its layer, and one by all that the layer lies in. */
interface Named {
  name: string;
  full: string;
  at: string;
}

/** Full names where layers of models within the model have the same. */
function distinct(weights: Named[]): Named[] {
  const times = new Map<string, number>();
  for (const { name } of weights) times.set(name, (times.get(name) ?? 0) + 1);
  return weights.map((w) => (times.get(w.name)! > 1 ? { ...w, name: w.full } : w));
}

function byLayer(contents: Contents, names: Map<string, string>): Named[] {
  const { attributes } = contents;
  const root = ['/model_weights', '/'].find((g) => list(attributes[g], 'layer_names').length);
  if (!root) return numbered(contents, names);
  return list(attributes[root], 'layer_names').flatMap((layer) => {
    const group = `${root === '/' ? '' : root}/${layer}`;
    return list(attributes[group], 'weight_names').map((weight) => {
      const inner = weight.split('/');
      const last = inner.pop()!;
      // Keras 1 wrote conv1_W_1
      const [, first] = /^(.*?)(?:_\d+)?(?::\d+)?$/.exec(last)!;
      const short = first.startsWith(`${layer}_`) ? first.slice(layer.length + 1) : last;
      // Keras 3 puts the model's name in front; a layer of a model within the model has a name of its own
      const path = `/${inner.join('/')}/`;
      const own = path.indexOf(`/${layer}/`);
      const within =
        own < 0
          ? inner.join('/')
          : path
              .slice(own + layer.length + 2, -1)
              .split('/')
              .at(-1)!;
      return {
        name: kerasName(`${within || layer}/${short}`),
        full: kerasName(`${layer}/${weight}`),
        at: `${group}/${weight}`,
      };
    });
  });
}

/** An attribute's texts; Keras cuts long ones into layer_names0, layer_names1, … */
function list(of: Record<string, string[]> | undefined, attribute: string): string[] {
  if (!of) return [];
  const number = (name: string): number => Number(name.slice(attribute.length) || 0);
  return Object.keys(of)
    .filter((name) => name.startsWith(attribute))
    .sort((a, b) => number(a) - number(b))
    .flatMap((name) => of[name]);
}

/** Keras 3's own format: a layer's group is named for its class and holds its name, its variables are numbered. */
function numbered({ datasets, attributes }: Contents, names: Map<string, string>): Named[] {
  const groups = new Map<string, string[]>();
  for (const { path } of datasets) {
    const group = /^(?!\/optimizer|.*\/seed_generator\/)(.*\/vars)\/\d+$/.exec(path)?.[1];
    if (group) groups.set(group, [...(groups.get(group) ?? []), path]);
  }
  if (groups.size && !names.size && ![...groups.keys()].some((group) => attributes[group]?.name))
    refuse(
      'it does not say what its layers are called, as .weights.h5 of Keras 2; save the model as .h5 or .keras',
    );
  return [...groups].flatMap(([group, paths]) => {
    const inner = group.split('/').slice(1, -1);
    const kind = inner.at(-1) ?? '';
    const layer = attributes[group]?.name?.[0] ?? names.get(`/${inner.join('/')}`) ?? kind;
    const parts = variables(kind.replace(/_\d+$/, ''), paths.length);
    return paths.map((at) => {
      const number = at.slice(group.length + 1);
      const last = parts[Number(number)] ?? number;
      return { name: `${layer}.${last}`, full: `${inner.join('/')}.${last}`, at };
    });
  });
}

/** What the variables of a layer are, by its class. */
function variables(kind: string, count: number): string[] {
  if (kind === 'normalization') return ['mean', 'variance', 'count'];
  if (kind === 'separable_conv2d') return ['weight', 'pointwise_kernel', 'bias'];
  if (kind === 'batch_normalization')
    // without a scale where there are three
    return ['weight', 'bias', 'running_mean', 'running_var'].slice(count === 3 ? 1 : 0);
  return ['weight', 'bias'];
}
