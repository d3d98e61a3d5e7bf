// Keras's weights, .h5 (of Keras 1 to 3), .weights.h5 and .keras: names by layer, values in Keras's layout.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hdf5, type Contents } from './hdf5.js';
import { refuse } from './refuse.js';
import { isShape, type Stored, type WeightsFile } from './stored.js';
import { Zip } from './zip.js';

/** Keras's words for what PyTorch calls otherwise. */
const words: Record<string, string> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** `conv1/kernel:0` as `conv1.weight`. */
export function kerasName(path: string): string {
  const parts = path.replace(/:\d+$/, '').split('/');
  const last = parts.pop()!;
  return [parts.join('/'), words[last] ?? last].filter(Boolean).join('.');
}

/** Opens an HDF5 file of Keras. */
export async function openKerasH5(path: string): Promise<WeightsFile> {
  const { size: bytes } = await stat(path);
  const file = new Hdf5(path);
  try {
    const contents = await file.contents();
    const shapes = new Map(contents.datasets.map((d) => [d.path, d]));
    const tensors = new Map<string, Stored>();
    for (const [name, at] of byLayer(contents)) {
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
    const file = await openKerasH5(inner);
    return { ...file, close: () => file.close().finally(clean) };
  } catch (error) {
    await clean();
    throw error;
  } finally {
    await zip.close();
  }
}

/** Names of the weights and the datasets that hold them. */
function byLayer(contents: Contents): Array<[name: string, path: string]> {
  const { attributes } = contents;
  const root = ['/model_weights', '/'].find((g) => list(attributes[g], 'layer_names').length);
  if (!root) return numbered(contents);
  return list(attributes[root], 'layer_names').flatMap((layer) => {
    const group = `${root === '/' ? '' : root}/${layer}`;
    return list(attributes[group], 'weight_names').map((weight): [string, string] => {
      const inner = weight.split('/');
      // Keras 3 puts the model's name in front; a weight of a model within the model has its own layer's name
      const own = inner.length < 2 || `/${inner.slice(0, -1).join('/')}/`.includes(`/${layer}/`);
      return [kerasName(own ? `${layer}/${inner.at(-1)}` : weight), `${group}/${weight}`];
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
function numbered({ datasets, attributes }: Contents): Array<[name: string, path: string]> {
  const groups = new Map<string, string[]>();
  for (const { path } of datasets) {
    const group = /^(?!\/optimizer)(.*\/vars)\/\d+$/.exec(path)?.[1];
    if (group) groups.set(group, [...(groups.get(group) ?? []), path]);
  }
  return [...groups].flatMap(([group, paths]) => {
    const kind = group.split('/').at(-2)!;
    const layer = attributes[group]?.name?.[0] ?? kind;
    const names = variables(kind.replace(/_\d+$/, ''), paths.length);
    return paths.map((path): [string, string] => {
      const number = path.slice(group.length + 1);
      return [`${layer}.${names[Number(number)] ?? number}`, path];
    });
  });
}

/** What the variables of a layer are, by its class. */
function variables(kind: string, count: number): string[] {
  if (kind === 'normalization') return ['mean', 'variance', 'count'];
  if (kind === 'separable_conv2d') return ['depthwise', 'pointwise', 'bias'];
  if (kind === 'batch_normalization')
    // without a scale where there are three
    return ['weight', 'bias', 'running_mean', 'running_var'].slice(count === 3 ? 1 : 0);
  return ['weight', 'bias'];
}
